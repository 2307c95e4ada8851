// The manager actor is killed again and again under load; nobody may notice but by a pause. One run serves all
// tests of this file; HEALTH_SEED repeats its order of events, not its interleavings.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { HealthManager, type RuntimeStats } from '../../src/index.js'
import { terminateManagerForFault } from '../../src/runtime/faults.js'
import type { Audited } from './support/auditor.js'
import { spinUs } from './support/board.js'
import { transitionsUpTo, verifyEvidence } from './support/evidence.js'
import { KillScene } from './support/kill-scene.js'
import { Random } from './support/random.js'
import { runOnce } from './support/run-once.js'

/** A run that takes this long hangs. */
const DEADLINE_MS = 180_000
const KILLS = 50
const PRODUCERS = 3
const READ_TIMEOUT_MS = 100

interface Outcome {
  readonly restarts: number
  readonly producers: readonly { component: string; returned: number; applied: number }[]
  readonly audited: Audited
  readonly stats: RuntimeStats
  readonly longestGapMs: number
  readonly longestReadMs: number
  readonly reads: number
}

async function kill(t: TestContext, seed: number): Promise<Outcome> {
  const random = new Random(seed)
  const health = await HealthManager.start({
    restarts: { max: 1000, withinMs: 10_000 },
    maxComponents: 1024,
    journalBytes: 1024 * 1024,
    heapBytes: 48 * 1024 * 1024,
    readTimeoutMs: READ_TIMEOUT_MS,
  })
  t.after(() => health.stop())
  let restarts = 0
  let onRestart: (value: unknown) => void = () => {}
  health.on('restart', (event) => {
    restarts++
    onRestart(event)
  })
  const scene = new KillScene(t, health, PRODUCERS)
  const producers = Array.from({ length: PRODUCERS }, (_, place) => scene.hire(place, false))
  for (const producer of producers) await scene.waitUntilReporting(producer)
  for (let kills = 0; kills < KILLS; kills++) {
    await delay(random.below(40))
    spinUs(random.below(1000))
    const restarted = new Promise((resolve) => {
      onRestart = resolve
    })
    await terminateManagerForFault(health)
    await restarted
    // Else the next kill would come before the new manager had anything to do, and so on for ever.
    await scene.waitForProgress(producers)
    await scene.checkWatchers()
  }
  const audited = await scene.end(producers)
  return {
    restarts,
    producers: producers.map(({ component, number }) => ({
      component,
      returned: scene.board.progressOf(number),
      applied: verifyEvidence(component, health.getStatus(component)!),
    })),
    audited,
    stats: await health.stats(),
    longestGapMs: scene.board.longestGapMs,
    longestReadMs: scene.board.longestReadMs,
    reads: scene.board.reads,
  }
}

const killOnce = runOnce(kill)

test('the manager is killed 50 times under load, and restarted each time', {
  timeout: DEADLINE_MS,
}, async (t) => {
  const { restarts, stats } = await killOnce(t)
  assert.equal(restarts, KILLS)
  assert.deepEqual(
    stats.actors.filter(({ name }) => name === 'manager'),
    [{ name: 'manager', state: 'running', restarts: KILLS }],
  )
})

test('no accepted update is lost, and none is made up', { timeout: DEADLINE_MS }, async (t) => {
  const { producers, stats } = await killOnce(t)
  for (const { component, returned, applied } of producers)
    assert.equal(applied, returned, component)
  assert.equal(stats.refusals, 0)
  assert.equal(stats.ignored, 0)
})

test('no transition is lost or repeated, and all are in one order', {
  timeout: DEADLINE_MS,
}, async (t) => {
  const { producers, audited, stats } = await killOnce(t)
  // The auditor has checked order and content of each; here is their number.
  assert.equal(audited.lastNumber, stats.transitions)
  for (const { component, returned } of producers) {
    assert.equal(audited.counts.get(component), transitionsUpTo(returned), component)
  }
})

test('no producer is held up for a second', { timeout: DEADLINE_MS }, async (t) => {
  const { longestGapMs } = await killOnce(t)
  t.diagnostic(`longest time without progress: ${longestGapMs} ms`)
  assert.ok(longestGapMs > 0 && longestGapMs < 1000, `longestGapMs=${longestGapMs}`)
})

test('reads are answered throughout, whole and in bounded time', {
  timeout: DEADLINE_MS,
}, async (t) => {
  const { reads, longestReadMs } = await killOnce(t)
  t.diagnostic(`${reads} reads, the longest took ${longestReadMs} ms`)
  assert.ok(reads > KILLS, `reads=${reads}`)
  assert.ok(longestReadMs < READ_TIMEOUT_MS + 900, `longestReadMs=${longestReadMs}`)
})
