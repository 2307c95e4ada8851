// Clients that mean no good. Meanwhile others are answered in time, nothing crashes, and memory comes back.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { transports } from '../e2e/transports.js'
import { probe } from './support/kubelet.js'
import { ProbeProcess } from './support/probe-process.js'

const abuser = fileURLToPath(new URL('./support/abuser-program.js', import.meta.url))

const PROBES = 200
const MAX_MEDIAN_MS = 50
/** Above what the process took before, once all have left and V8 has collected: late, but it does. */
const MAX_GROWN_BYTES = 64 * 1024 * 1024
/** Under attack, 5,000 connections and what the system has not delivered of them included. */
const MAX_UNDER_ATTACK_BYTES = 256 * 1024 * 1024

const attacks = [
  ['slowloris', 500],
  ['header', 4],
  ['pipeline', 8],
  ['greedy', 8],
  ['garbage', 50],
  ['idle', 5_000],
] as const

/** Descriptors that this process may have, and so may those that it starts. */
function descriptorLimit(): number {
  const report = process.report.getReport() as unknown as {
    userLimits?: { open_files?: { soft: string | number } }
  }
  const soft = report.userLimits?.open_files?.soft
  return soft === 'unlimited' ? Infinity : Number(soft ?? Infinity)
}

async function attack(t: TestContext, port: number, kind: string, count: number) {
  const child = spawn(process.execPath, [abuser, String(port), kind, String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return async () => {
    child.stdin.end()
    await once(child, 'close')
  }
}

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
        const end = await attack(t, program.port, kind, count)
        const times: number[] = []
        for (let i = 0; i < PROBES; i++) {
          const from = performance.now()
          assert.equal((await probe(program.port, '/healthz')).code, 200)
          times.push(performance.now() - from)
        }
        const rss = await program.rss()
        await end()
        times.sort((a, b) => a - b)
        const [median, p99] = [times[PROBES / 2]!, times[Math.floor(PROBES * 0.99)]!]
        t.diagnostic(
          `median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${(rss / 2 ** 20).toFixed(0)} MB`,
        )
        assert.ok(median < MAX_MEDIAN_MS, `median ${median} ms`)
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
