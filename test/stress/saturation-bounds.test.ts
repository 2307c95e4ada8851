// Saturation with the bounds that users have: reads may go stale, since four producers at full speed put the manager
// farther behind than a read may wait. What they still owe: an answer in time, of one instant, never older than the
// one before, and each stale one counted.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type HealthHandle, HealthManager, type HealthReport } from '../../src/index.js'
import { ExitGate } from '../../src/probe/exit-gate.js'
import { RegionReader } from '../../src/probe/region-reader.js'
import { PairBoard } from './support/pair-board.js'
import { numbersOf, pairOf } from './support/pair-update.js'
import { startThread } from './support/threads.js'

const PRODUCERS = 4
const READS = 300
/** The default of probes. */
const PROBE_TIMEOUT_MS = 5
/** What 6 threads may wait for 2 cores, and the pause that a read may ask for. */
const SLACK_MS = 250
const DEADLINE_MS = 120_000

async function saturate(t: TestContext): Promise<HealthManager> {
  const health = await HealthManager.start()
  t.after(() => health.stop())
  const board = new PairBoard()
  t.after(() => board.stop())
  for (let pair = 0; pair < PRODUCERS; pair++)
    for (const name of pairOf(pair)) health.register(name)
  const orders = { handle: health.handle(), board: board.buffer }
  for (let producer = 0; producer < PRODUCERS; producer++) {
    startThread(t, './pair-producer.js', { ...orders, producer })
  }
  while ([0, 1, 2, 3].some((producer) => board.completedBy(producer) === 0)) await delay(5)
  return health
}

/** Reads without pause; gives the longest read, in ms. */
async function readAll(read: () => HealthReport): Promise<number> {
  const seen = Array.from({ length: PRODUCERS }, () => 0)
  let longestMs = 0
  for (let i = 0; i < READS; i++) {
    const start = performance.now()
    const report = read()
    longestMs = Math.max(longestMs, performance.now() - start)
    for (let producer = 0; producer < PRODUCERS; producer++) {
      const [first, second] = numbersOf(report, producer)
      const facts = JSON.stringify({ producer, first, second, before: seen[producer] })
      assert.ok(first === second || first === second + 1, `no instant shows this: ${facts}`)
      assert.ok(second >= seen[producer]!, `older than the read before: ${facts}`)
      seen[producer] = second
    }
    // The event loop of this thread has a life, too: a producer that fails is told by it.
    if (i % 16 === 0) await delay(0)
  }
  return longestMs
}

function probeReader(handle: HealthHandle): () => HealthReport {
  const reader = new RegionReader(handle, PROBE_TIMEOUT_MS, new ExitGate())
  return () => reader.look().report
}

for (const [who, boundMs, reader] of [
  ['a probe', PROBE_TIMEOUT_MS, (health: HealthManager) => probeReader(health.handle())],
  ['a call of the API', 100, (health: HealthManager) => () => health.buildReport()],
] as const) {
  test(`${who} is answered in time and of one instant while producers saturate, stale or not`, {
    timeout: DEADLINE_MS,
  }, async (t) => {
    const health = await saturate(t)
    const { staleReads } = await health.stats()
    const longestMs = await readAll(reader(health))
    const stale = (await health.stats()).staleReads - staleReads
    t.diagnostic(`${stale} of ${READS} stale, longest ${longestMs.toFixed(1)} ms`)
    assert.ok(stale <= 2 * READS, `stale=${stale}`)
    assert.ok(longestMs < boundMs + SLACK_MS, `longest=${longestMs} ms`)
  })
}
