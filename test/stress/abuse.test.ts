// Clients that mean no good. Meanwhile others are answered in time, nothing crashes, and memory comes back.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { transports } from '../e2e/transports.js'
import {
  assertInTime,
  attack,
  descriptorLimit,
  legible,
  MAX_GROWN_BYTES,
  MAX_UNDER_ATTACK_BYTES,
  PROBES,
  timeProbes,
} from './support/abuse.js'
import { probe } from './support/kubelet.js'
import { ProbeProcess } from './support/probe-process.js'

/**
 * Those that keep the thread itself at work may delay one probe of twenty for longer, where there are more threads at work than
 * cores; of them the median alone is held to the bound.
 */
const attacks = [
  ['slowloris', 500, ['median', 'p95']],
  ['header', 4, ['median', 'p95']],
  ['pipeline', 8, ['median']],
  ['greedy', 8, ['median']],
  ['garbage', 50, ['median']],
  ['idle', 5_000, ['median', 'p95']],
] as const

for (const transport of transports) {
  describe(`abuse over ${transport}`, () => {
    let program: ProbeProcess
    let control: ProbeProcess
    let rssBefore: number

    before(async () => {
      program = await ProbeProcess.start(transport, { limits: { maxConnections: 8_192 } })
      control = await ProbeProcess.start(transport)
      for (let i = 0; i < PROBES; i++) await probe(program.port, '/healthz')
      rssBefore = await program.rss()
    })
    after(() => {
      program.kill()
      control.kill()
    })

    for (const [kind, count, parts] of attacks) {
      const needed = count + 200
      const skip = descriptorLimit() < needed && `needs ulimit -n ${needed}`
      test(`others are answered while ${count} connections do ${kind}`, { skip }, async (t) => {
        const end = await attack(t, './abuser-program.js', program.port, kind, count)
        const ask = async ({ port }: ProbeProcess) => {
          assert.equal((await probe(port, '/healthz')).code, 200)
        }
        const waits = await timeProbes(
          PROBES,
          () => ask(program),
          () => ask(control),
        )
        const rss = await program.rss()
        await end()
        t.diagnostic(`${legible(waits)}, ${(rss / 2 ** 20).toFixed(0)} MB`)
        assertInTime(waits, parts)
        assert.ok(rss < MAX_UNDER_ATTACK_BYTES, `${rss} bytes`)
      })
    }

    test('nothing has crashed, and memory has come back', async (t) => {
      assert.equal((await probe(program.port, '/healthz')).code, 200)
      let grownBytes: number
      const until = performance.now() + 30_000
      do {
        // V8 collects nothing while nothing is asked of it.
        for (let i = 0; i < 100; i++) await probe(program.port, '/healthz')
        grownBytes = (await program.rss()) - rssBefore
      } while (grownBytes >= MAX_GROWN_BYTES && performance.now() < until)
      t.diagnostic(`grown by ${(grownBytes / 2 ** 20).toFixed(1)} MB`)
      assert.ok(grownBytes < MAX_GROWN_BYTES, `grown by ${grownBytes} bytes`)
      assert.deepEqual(await program.stop(), { code: 0, signal: null, stderr: '' })
    })
  })
}
