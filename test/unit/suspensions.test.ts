// Time in which the process did not run is nobody's silence, and nothing else is taken for such time.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  MAX_SUSPENSIONS,
  READINESS_SEEN,
  SUSPENSION_COUNT,
  SUSPENSION_TO,
  SUSPENSIONS,
  WATCHED_TICK,
  type Words,
} from '../../src/memory/layout.js'
import { SuspensionReader, SuspensionWatch } from '../../src/memory/suspensions.js'
import { TableReader } from '../../src/memory/table-reader.js'
import { nowTicks } from '../../src/memory/ticks.js'
import { Bench, StoppedClock, smallRegion } from './core-support.js'

const START = 1_000_000

function watching(count: number, from = START) {
  const { words } = smallRegion()
  words[WATCHED_TICK] = from
  const watches = Array.from({ length: count }, () => new SuspensionWatch(words, from))
  return { words, watches }
}

/** How long ago a tick is, by a reader that is new. */
function activeTicks(words: Words, since: number, now: number): number {
  const reader = new SuspensionReader(words, undefined)
  reader.begin(now)
  return reader.activeTicksSince(since | 0)
}

test('watchers that run find nothing, whatever the others do', () => {
  const { words, watches } = watching(2)
  for (let now = START; now < START + 1_000; now += 25) watches[0]!.tick(now)
  watches[1]!.tick(START + 1_000)
  assert.equal(words[SUSPENSION_COUNT], 0)
  assert.equal(words[WATCHED_TICK], START + 1_000)
  assert.equal(activeTicks(words, START, START + 1_000), 1_000)
})

test('what no watcher has seen for more than a second is recorded once, by the first that runs again', () => {
  const { words, watches } = watching(3)
  for (const watch of watches) watch.tick(START + 20)
  for (const [i, watch] of watches.entries()) watch.tick(START + 2_020 + i)
  assert.equal(words[SUSPENSION_COUNT], 1)
  assert.equal(activeTicks(words, START, START + 2_050), 20 + 30)
  assert.equal(activeTicks(words, START + 500, START + 2_050), 30)
  assert.equal(activeTicks(words, START + 2_020, START + 2_050), 30)
})

test('a second without a watcher is no suspension yet', () => {
  const { words, watches } = watching(1)
  watches[0]!.tick(START + 100)
  watches[0]!.tick(START + 200)
  assert.equal(words[SUSPENSION_COUNT], 0)
  watches[0]!.tick(START + 301)
  assert.equal(words[SUSPENSION_COUNT], 1)
})

test('a new watcher leaves an old tick to those who know it, but not for ever', () => {
  const { words, watches } = watching(1)
  const newcomer = new SuspensionWatch(words, START + 2_000)
  newcomer.tick(START + 2_025)
  assert.equal(words[WATCHED_TICK], START)
  watches[0]!.tick(START + 2_030)
  assert.deepEqual([words[SUSPENSION_COUNT], words[WATCHED_TICK]], [1, START + 2_030])
  newcomer.tick(START + 2_050)
  assert.equal(words[WATCHED_TICK], START + 2_050)
  const last = new SuspensionWatch(words, START + 9_000)
  for (let now = 9_025; now <= 9_100; now += 25) last.tick(START + now)
  assert.equal(words[WATCHED_TICK], START + 2_050)
  last.tick(START + 9_125)
  assert.deepEqual([words[SUSPENSION_COUNT], words[WATCHED_TICK]], [1, START + 9_125])
})

test('a watch that begins anew has not been asleep meanwhile', () => {
  const { words, watches } = watching(1)
  watches[0]!.restart(START + 5_000)
  watches[0]!.tick(START + 5_025)
  assert.equal(words[SUSPENSION_COUNT], 0)
})

test('the tick is never put back', () => {
  const { words, watches } = watching(2)
  watches[0]!.tick(START + 50)
  watches[1]!.tick(START + 40)
  assert.equal(words[WATCHED_TICK], START + 50)
})

test('suspensions that overlap, or follow each other, count as one', () => {
  const { words } = watching(0)
  for (const [from, to] of [
    [2_000, 2_400],
    [1_000, 1_500],
    [1_200, 1_600],
    [1_300, 1_450],
    [1_600, 1_750],
  ] as const) {
    words[WATCHED_TICK] = START + from
    new SuspensionWatch(words, START).tick(START + to)
  }
  words[WATCHED_TICK] = START + 3_000
  assert.equal(activeTicks(words, START, START + 3_000), 3_000 - 750 - 400)
  assert.equal(activeTicks(words, START + 1_550, START + 2_600), 1_050 - 200 - 400)
})

test('the last suspensions are kept, and half a record is none', () => {
  const { words, watches } = watching(1)
  let now = START
  for (let i = 0; i < MAX_SUSPENSIONS + 3; i++) {
    for (const step of [500, 20]) {
      now += step
      watches[0]!.tick(now)
    }
  }
  const all = (500 + 20) * MAX_SUSPENSIONS
  assert.equal(activeTicks(words, now - all, now), 20 * MAX_SUSPENSIONS)
  words[SUSPENSIONS + SUSPENSION_TO] = 0
  words[WATCHED_TICK]!++
  assert.equal(activeTicks(words, now - all, now), 20 * MAX_SUSPENSIONS + 500)
})

test('ticks wrap without an effect', () => {
  const start = 2 ** 32 - 1_000
  const { words, watches } = watching(1, start | 0)
  watches[0]!.restart(start)
  watches[0]!.tick(start + 20)
  watches[0]!.tick(start + 2_020)
  assert.equal(activeTicks(words, start, start + 2_050), 50)
})

function rig(t: TestContext) {
  const clock = new StoppedClock(t)
  const bench = new Bench()
  clock.watched = bench.region
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x', { unhealthyAfterMs: 1_000 })
  reporter.healthy('ok')
  bench.settle()
  clock.pass(100)
  bench.settle()
  return { clock, bench, reporter }
}

test('a component is not silent for having been suspended with its readers', (t) => {
  const { clock, bench } = rig(t)
  const own = new SuspensionWatch(bench.region.words, nowTicks())
  const reader = new TableReader(bench.region, 0, { suspensions: own })
  reader.snapshot()
  clock.suspend(20_000)
  assert.equal(reader.snapshot().report.get('x')?.status, 1)
  clock.pass(900)
  assert.equal(reader.snapshot().report.get('x')?.status, 1)
  clock.pass(100)
  assert.equal(reader.snapshot().report.get('x')?.message, 'no update for 1.1 s (deadline 1 s)')
})

test('a suspension is not journaled as silence', (t) => {
  const { clock, bench, reporter } = rig(t)
  for (let i = 0; i < 3; i++) {
    clock.suspend(20_000)
    bench.settle()
    clock.pass(100)
    reporter.beat()
    bench.settle()
  }
  assert.deepEqual(new TableReader(bench.region, 0).transitions('x'), undefined)
  const reader = new TableReader(bench.region, 0)
  reader.snapshot()
  assert.deepEqual(reader.transitions('x'), { 0: 0, 1: 1, 2: 0, 3: 0 })
})

test('a reader that finds silence after a suspension waits for a watcher, once', (t) => {
  const { clock, bench } = rig(t)
  const reader = new TableReader(bench.region, 0)
  assert.equal(reader.snapshot().report.get('x')?.status, 1)
  const { wait } = Atomics
  let onWait = () => bench.settle()
  const { mock } = t.mock.method(
    Atomics,
    'wait',
    (...[words, index, value]: Parameters<typeof wait>) => {
      assert.equal(index, WATCHED_TICK)
      assert.equal(Atomics.load(words, index), value)
      onWait()
      return Atomics.load(words, index) === value ? 'timed-out' : 'ok'
    },
  )
  clock.suspend(20_000)
  assert.equal(reader.snapshot().report.get('x')?.status, 1)
  assert.equal(mock.callCount(), 1)
  // From now on the watchers are dead.
  onWait = () => {}
  clock.suspend(20_000)
  for (let i = 0; i < 3; i++) assert.equal(reader.snapshot().report.get('x')?.status, 3)
  assert.equal(mock.callCount(), 2)
})

test('readiness that comes back with a beat is seen', (t) => {
  const clock = new StoppedClock(t)
  const bench = new Bench({}, 1, { readiness: ['x'], unregistered: 'fail' })
  clock.watched = bench.region
  const reporter = bench.register(bench.attach(), 'x', { unhealthyAfterMs: 1_000 })
  reporter.healthy('accepted long ago')
  clock.pass(5_000)
  bench.settle()
  assert.equal(bench.word(READINESS_SEEN), 0)
  reporter.beat()
  clock.pass(250)
  bench.settle()
  assert.equal(bench.word(READINESS_SEEN), 1)
})
