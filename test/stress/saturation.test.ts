// Four producers at full speed, each updating two components in pairs, for ten seconds.
//
// The API updates one component at a time, so no runtime could show both halves of a pair equal at every instant:
// between the two updates they differ. What every snapshot must show is one instant. That is, of each pair the same
// number, or the first one ahead by exactly one; all that had returned before the read and nothing that began after
// it; and equal halves wherever no update of the pair was in progress: the reader's own pair always, and
// those of producers that hold still between two pairs while the others go on.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { HealthManager, type RuntimeStats } from '../../src/index.js'
import { PairBoard } from './support/pair-board.js'
import type { PairReadings } from './support/pair-reader.js'
import { startThread } from './support/threads.js'

const PRODUCERS = 4
const SATURATION_MS = 10_000
const WARM_UP_MS = 4_000
const READ_TIMEOUT_MS = 500
const MB = 1024 * 1024

interface Outcome {
  readonly readings: PairReadings
  readonly pairs: number
  readonly stats: RuntimeStats
  readonly memory: { readonly warm: NodeJS.MemoryUsage; readonly end: NodeJS.MemoryUsage }
}

async function saturate(t: TestContext): Promise<Outcome> {
  const health = await HealthManager.start({ readTimeoutMs: READ_TIMEOUT_MS })
  t.after(() => health.stop())
  const board = new PairBoard()
  t.after(() => board.stop())
  const orders = { handle: health.handle(), board: board.buffer, producers: PRODUCERS }
  const producers = Array.from({ length: PRODUCERS }, (_, producer) =>
    startThread(t, './pair-producer.js', { ...orders, producer }),
  )
  while (producers.some((_, producer) => board.completedBy(producer) === 0)) await delay(5)
  const reader = startThread(t, './pair-reader.js', orders)
  await delay(WARM_UP_MS)
  const warm = process.memoryUsage()
  await delay(SATURATION_MS - WARM_UP_MS)
  const end = process.memoryUsage()
  board.stop()
  const readings = (await reader.next()) as PairReadings
  for (const { exited } of producers) assert.equal(await exited, 0)
  const completed = producers.map((_, producer) => board.completedBy(producer))
  return {
    readings,
    pairs: completed.reduce((sum, pairs) => sum + pairs),
    stats: await health.stats(),
    memory: { warm, end },
  }
}

let outcome: Promise<Outcome> | undefined
async function saturateOnce(t: TestContext): Promise<Outcome> {
  outcome ??= saturate(t)
  return outcome
}

test('every snapshot under saturation is of one instant', async (t) => {
  const { readings, pairs } = await saturateOnce(t)
  const { snapshots, between, held } = readings
  t.diagnostic(
    `${pairs} pairs, ${snapshots} snapshots, ${between} pairs seen in between, ${held} at rest`,
  )
  // The reader has judged each; here is that there was something to judge.
  assert.ok(snapshots > 200, `snapshots=${snapshots}`)
  assert.ok(between > 0, 'no snapshot fell between the updates of a pair')
  assert.ok(held > 10, `held=${held}`)
})

test('no read is stale and no update refused under saturation', async (t) => {
  const { stats } = await saturateOnce(t)
  assert.equal(stats.staleReads, 0)
  assert.equal(stats.refusals, 0)
  assert.equal(stats.ignored, 0)
})

test('reads are bounded under saturation', async (t) => {
  const { durationsUs } = (await saturateOnce(t)).readings
  const at = (part: number) => durationsUs[Math.floor(part * (durationsUs.length - 1))]! / 1000
  t.diagnostic(`snapshot ms: p50=${at(0.5)} p99=${at(0.99)} max=${at(1)}`)
  // What readTimeoutMs promises, plus the time that 7 threads may wait for 2 cores.
  assert.ok(at(1) < READ_TIMEOUT_MS + 250, `max=${at(1)} ms`)
})

test('memory is flat under saturation', async (t) => {
  const { memory, pairs } = await saturateOnce(t)
  const grown = (what: 'rss' | 'external' | 'heapUsed') =>
    (memory.end[what] - memory.warm[what]) / MB
  t.diagnostic(
    `grown by MB: rss=${grown('rss')} external=${grown('external')} heap=${grown('heapUsed')}`,
  )
  // 10 bytes kept of each update would be far above this.
  assert.ok(pairs > 500_000, `pairs=${pairs}: too few to tell`)
  assert.ok(grown('rss') < 12, `rss grew by ${grown('rss')} MB`)
  assert.ok(grown('external') < 1, `external memory grew by ${grown('external')} MB`)
  assert.ok(grown('heapUsed') < 8, `the host's heap grew by ${grown('heapUsed')} MB`)
})
