// Threads are killed at random instants of a tight reporting loop, one after the other, while others go on. One
// run serves all tests of this file; HEALTH_SEED repeats its order of events, not its interleavings.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type ComponentStatus, HealthManager } from '../../src/index.js'
import type { Audited } from './support/auditor.js'
import { spinUs } from './support/board.js'
import { transitionsUpTo, verifyEvidence } from './support/evidence.js'
import { KillScene, type Producer } from './support/kill-scene.js'
import { Random } from './support/random.js'
import { runOnce } from './support/run-once.js'

/** A run that takes this long hangs. */
const DEADLINE_MS = 180_000
const KILLS = 100
const PLACES = 3
/** Fewer than there are kills, so each mailbox must be used again many times. */
const MAX_THREADS = 12
/** The manager lives all the while, so no read may come near it. */
const READ_TIMEOUT_MS = 1000

/** What was found right after a producer was gone. */
interface Death {
  readonly component: string
  readonly exitCode: number
  /** The last update that is known to have returned. */
  readonly returned: number
  readonly data: ComponentStatus | undefined
  readonly life: ComponentStatus | undefined
}

interface Outcome {
  readonly deaths: readonly Death[]
  readonly survivors: readonly { component: string; returned: number; applied: number }[]
  readonly audited: Audited
  readonly transitions: number
  readonly staleReads: number
  readonly mailboxes: number
  readonly longestGapMs: number
  readonly longestReadMs: number
  readonly reads: number
}

async function kill(t: TestContext, seed: number): Promise<Outcome> {
  const random = new Random(seed)
  const health = await HealthManager.start({
    maxThreads: MAX_THREADS,
    maxComponents: 1024,
    journalBytes: 1024 * 1024,
    heapBytes: 48 * 1024 * 1024,
    readTimeoutMs: READ_TIMEOUT_MS,
  })
  t.after(() => health.stop())
  const scene = new KillScene(t, health, PLACES)
  const producers = Array.from({ length: PLACES }, (_, place) => scene.hire(place, true))
  const deaths: Death[] = []
  while (deaths.length < KILLS) {
    const place = random.below(PLACES)
    const victim = producers[place]!
    // Some die while they start: attached or not, registered or not.
    if (random.oneIn(6)) await delay(random.below(60))
    else await scene.waitUntilReporting(victim)
    await delay(random.below(15))
    spinUs(random.below(1000))
    scene.board.leave(place)
    deaths.push(await bury(health, scene, victim))
    producers[place] = scene.hire(place, true)
    await scene.checkWatchers()
  }
  for (const producer of producers) await scene.waitUntilReporting(producer)
  const audited = await scene.end(producers)
  const stats = await health.stats()
  return {
    deaths,
    survivors: producers.map(({ component, number }) => ({
      component,
      returned: scene.board.progressOf(number),
      applied: verifyEvidence(component, health.getStatus(component)!),
    })),
    audited,
    transitions: stats.transitions,
    staleReads: stats.staleReads,
    mailboxes: stats.mailboxes.length,
    longestGapMs: scene.board.longestGapMs,
    longestReadMs: scene.board.longestReadMs,
    reads: scene.board.reads,
  }
}

async function bury(health: HealthManager, scene: KillScene, victim: Producer): Promise<Death> {
  const { component, life, number, place, thread } = victim
  const [exitCode] = await Promise.all([thread.exited, thread.worker.terminate()])
  // Again: one that died while it started may have entered meanwhile.
  scene.board.leave(place)
  const death = {
    component,
    exitCode,
    returned: scene.board.progressOf(number),
    data: health.getStatus(component),
    life: health.getStatus(life!),
  }
  // Half of the dead leave the table, so that their slots are used again.
  if (number % 2 === 0) {
    health.deregister(component)
    health.deregister(life!)
  }
  return death
}

const killOnce = runOnce(kill)

test('100 producers are killed, more than there are mailboxes', {
  timeout: DEADLINE_MS,
}, async (t) => {
  const { deaths, mailboxes } = await killOnce(t)
  assert.equal(deaths.length, KILLS)
  assert.ok(mailboxes <= MAX_THREADS, `mailboxes=${mailboxes}`)
  const midway = deaths.filter(({ returned }) => returned > 0).length
  assert.ok(midway > KILLS / 2, `only ${midway} died while they reported`)
})

test('no update that returned is lost, and at most the one in progress is added', {
  timeout: DEADLINE_MS,
}, async (t) => {
  const { deaths, survivors } = await killOnce(t)
  for (const { component, returned, data } of deaths) {
    if (data === undefined) {
      assert.equal(returned, 0, `component=${component}: gone`)
      continue
    }
    const applied = verifyEvidence(component, data)
    assert.ok(
      applied === returned || applied === returned + 1,
      `component=${component} returned=${returned} applied=${applied}`,
    )
  }
  for (const { component, returned, applied } of survivors) {
    assert.equal(applied, returned, component)
  }
})

test('no transition is lost or repeated, and all are in one order', {
  timeout: DEADLINE_MS,
}, async (t) => {
  const { deaths, survivors, audited, transitions } = await killOnce(t)
  // The auditor has checked order and content of each; here is their number.
  assert.equal(audited.lastNumber, transitions)
  const applied = [
    ...survivors.map(({ component, applied }) => ({ component, applied })),
    ...deaths.map(({ component, data }) => ({
      component,
      applied: data === undefined ? 0 : verifyEvidence(component, data),
    })),
  ]
  for (const { component, applied: number } of applied) {
    assert.equal(audited.counts.get(component) ?? 0, transitionsUpTo(number), component)
  }
})

test('the component of an adopted thread becomes unhealthy, with the exit code in its message', {
  timeout: DEADLINE_MS,
}, async (t) => {
  const { deaths } = await killOnce(t)
  for (const { component, exitCode, life } of deaths) {
    assert.equal(life?.status, 3, component)
    assert.match(life?.message ?? '', new RegExp(`\\b${exitCode}\\b`), component)
  }
})

test('no survivor is held up for a second', { timeout: DEADLINE_MS }, async (t) => {
  const { longestGapMs } = await killOnce(t)
  t.diagnostic(`longest time without progress: ${longestGapMs} ms`)
  assert.ok(longestGapMs > 0 && longestGapMs < 1000, `longestGapMs=${longestGapMs}`)
})

test('reads are answered throughout, whole and in bounded time', {
  timeout: DEADLINE_MS,
}, async (t) => {
  const { reads, longestReadMs, staleReads } = await killOnce(t)
  t.diagnostic(`${reads} reads, the longest took ${longestReadMs} ms`)
  assert.equal(staleReads, 0)
  assert.ok(reads > 10 * KILLS, `reads=${reads}`)
  assert.ok(longestReadMs < READ_TIMEOUT_MS, `longestReadMs=${longestReadMs}`)
})
