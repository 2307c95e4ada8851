// Ten thousand probes of a kubelet, and nothing left behind.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { transports } from '../e2e/transports.js'
import { probe } from './support/kubelet.js'
import { ProbeProcess } from './support/probe-process.js'

const PROBES = 10_000
const AT_ONCE = 32
/** What a process takes more after so many requests, whatever it does with them: V8's own, of two threads. */
const MAX_GROWN_BYTES = 64 * 1024 * 1024

async function probeMany(port: number, count: number): Promise<Map<string, number>> {
  const outcomes = new Map<string, number>()
  let started = 0
  async function one(): Promise<void> {
    while (started < count) {
      const number = started++
      const path = number % 2 === 0 ? '/healthz' : '/readyz'
      // A probe may have a User-Agent of its own, and then gets a body that is longer than it reads.
      const userAgent = number % 4 < 2 ? 'kube-probe/1.30' : 'own/1'
      const { code, body, isCut } = await probe(port, path, userAgent)
      assert.match(body, /^\{"status":"(healthy|not ready)"/)
      if (userAgent === 'own/1') assert.ok(isCut)
      const outcome = `${path} ${code}`
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, one))
  return outcomes
}

for (const transport of transports) {
  test(`${PROBES} probes of a kubelet over ${transport} leave nothing behind`, async (t) => {
    const program = await ProbeProcess.start(transport)
    t.after(() => program.kill())
    const sockets = program.socketCount()
    await probeMany(program.port, 1_000)
    const before = await program.rss()
    const from = performance.now()
    const outcomes = await probeMany(program.port, PROBES)
    t.diagnostic(`${Math.round((PROBES / (performance.now() - from)) * 1000)} probes a second`)
    assert.deepEqual(Object.fromEntries(outcomes), {
      '/healthz 200': PROBES / 2,
      '/readyz 503': PROBES / 2,
    })
    // The last resets may still be on their way. A connection that stays open lets the test time out.
    while (program.socketCount() !== sockets) await delay(20)
    const grownBytes = (await program.rss()) - before
    t.diagnostic(`grown by ${(grownBytes / 2 ** 20).toFixed(1)} MB`)
    assert.ok(grownBytes < MAX_GROWN_BYTES, `grown by ${grownBytes} bytes`)
    assert.deepEqual(await program.stop(), { code: 0, signal: null, stderr: '' })
  })
}
