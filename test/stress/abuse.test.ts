// Clients that mean no good. Meanwhile others are answered in time, nothing crashes, and memory comes back.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { transports } from '../e2e/transports.js'
import {
  attack,
  descriptorLimit,
  legible,
  MAX_GROWN_BYTES,
  MAX_MEDIAN_MS,
  MAX_UNDER_ATTACK_BYTES,
  PROBES,
  timeProbes,
} from './support/abuse.js'
import { probe } from './support/kubelet.js'
import { ProbeProcess } from './support/probe-process.js'

const attacks = [
  ['slowloris', 500],
  ['header', 4],
  ['pipeline', 8],
  ['greedy', 8],
  ['garbage', 50],
  ['idle', 5_000],
] as const

for (const transport of transports) {
  describe(`abuse over ${transport}`, () => {
    let program: ProbeProcess
    let rssBefore: number

    before(async () => {
      program = await ProbeProcess.start(transport, { limits: { maxConnections: 8_192 } })
      for (let i = 0; i < PROBES; i++) await probe(program.port, '/healthz')
      rssBefore = await program.rss()
    })
    after(() => program.kill())

    for (const [kind, count] of attacks) {
      const needed = count + 200
      const skip = descriptorLimit() < needed && `needs ulimit -n ${needed}`
      test(`others are answered while ${count} connections do ${kind}`, { skip }, async (t) => {
        const end = await attack(t, './abuser-program.js', program.port, kind, count)
        const waits = await timeProbes(PROBES, async () => {
          assert.equal((await probe(program.port, '/healthz')).code, 200)
        })
        const rss = await program.rss()
        await end()
        t.diagnostic(`${legible(waits)}, ${(rss / 2 ** 20).toFixed(0)} MB`)
        assert.ok(waits.median < MAX_MEDIAN_MS, legible(waits))
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
