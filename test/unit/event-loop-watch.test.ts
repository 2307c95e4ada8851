// The watch of a loop on a stopped clock: the test turns the loop by hand, and reads as another thread would.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { JournalReader } from '../../src/memory/journal-reader.js'
import { PHASE, PHASE_STOPPING } from '../../src/memory/layout.js'
import { HealthError } from '../../src/model/errors.js'
import { abandonMailboxesOf } from '../../src/runtime/mailbox-claims.js'
import { eventLoopRules, eventLoopSettings } from '../../src/watch/event-loop-options.js'
import { LoopWatch } from '../../src/watch/event-loop-watch.js'
import { Bench, StoppedClock } from './core-support.js'

const GAUGES = { lag_p50_ms: '0.1', lag_p99_ms: '1.0', lag_max_ms: '2.0', utilization: '0.120' }
const THREAD = 5

function rig(t: TestContext) {
  const clock = new StoppedClock(t)
  const bench = new Bench()
  clock.watched = bench.region
  const attachment = bench.attach(THREAD)
  const settings = eventLoopSettings()
  const rules = eventLoopRules(settings, attachment.identity)
  const reporter = bench.register(attachment, 'event_loop', rules)
  const loop = { turn: () => {}, isCancelled: false, areGaugesOn: true, hasRoom: true }
  const watch = new LoopWatch(settings, {
    reporter,
    gauges: {
      read: () => GAUGES,
      stop: () => {
        loop.areGaugesOn = false
      },
    },
    hasRoom: () => loop.hasRoom,
    every: (ms, callback) => {
      assert.equal(ms, 100)
      loop.turn = callback
      return () => {
        loop.isCancelled = true
      }
    },
  })
  bench.settle()
  const shown = () => {
    const status = bench.report().get('event_loop')
    return status && ([status.status, status.message] as const)
  }
  /** The loop turns on time for so long. */
  const run = (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      clock.pass(100)
      loop.turn()
      bench.settle()
    }
  }
  return { clock, bench, attachment, loop, watch, shown, run }
}

const ON_TIME = [1, 'event loop on time'] as const

test('a loop that turns is on time', (t) => {
  const { shown, run } = rig(t)
  assert.deepEqual(shown(), ON_TIME)
  run(60_000)
  assert.deepEqual(shown(), ON_TIME)
})

test('a section of less than lateMs between two beats is never late, wherever in a tick it begins', (t) => {
  const { clock, loop, shown, run } = rig(t)
  run(300)
  for (let offset = 0; offset < 20; offset++) {
    // The beat is due in 100 ms; the section begins just before that.
    clock.pass(99)
    clock.pass(499)
    assert.deepEqual(shown(), ON_TIME)
    loop.turn()
    clock.pass(1)
    loop.turn()
  }
})

test('a loop that does not turn is late, then wedged, says where, and is on time with its next turn', (t) => {
  const { clock, bench, attachment, loop, shown, run } = rig(t)
  run(1_000)
  clock.pass(90)
  attachment.breadcrumb('parse batch')
  clock.pass(610)
  assert.deepEqual(shown(), [2, 'event loop late by 0.6 s in "parse batch" (for 0.6 s)'])
  bench.settle()
  clock.pass(9_600)
  assert.deepEqual(shown(), [3, 'event loop wedged for 10.2 s in "parse batch" (for 10.2 s)'])
  attachment.breadcrumb('store "batch"')
  clock.pass(2_100)
  assert.deepEqual(shown(), [3, 'event loop wedged for 12.3 s in "store \\"batch\\"" (for 2.1 s)'])
  bench.settle()
  attachment.breadcrumb('')
  clock.pass(100)
  assert.deepEqual(shown(), [3, 'event loop wedged for 12.4 s'])
  loop.turn()
  assert.deepEqual(shown(), ON_TIME)
  clock.pass(90)
  bench.settle()
  const journal = new JournalReader(bench.region, 'oldest')
  const told: unknown[] = []
  for (let next = journal.next(); next !== undefined; next = journal.next()) {
    assert.ok('number' in next)
    told.push([next.oldStatus, next.newStatus, next.message])
  }
  // The manager looks four times a second, and as soon as a deadline runs out; here only when the test lets it.
  assert.deepEqual(told, [
    [0, 1, 'event loop on time'],
    [1, 2, 'event loop late by 0.6 s in "parse batch" (for 0.6 s)'],
    [2, 3, 'event loop wedged for 12.3 s in "store \\"batch\\"" (for 2.1 s)'],
    [3, 1, 'event loop on time'],
  ])
})

test('the figures of the loop are metadata, each reportMs, and no transition', (t) => {
  const { bench, shown, run } = rig(t)
  const metadata = () => ({ ...bench.report().get('event_loop')?.metadata })
  const since = bench.report().get('event_loop')?.since
  run(4_900)
  assert.deepEqual(metadata(), {})
  run(100)
  assert.deepEqual(metadata(), GAUGES)
  assert.deepEqual(shown(), ON_TIME)
  assert.equal(bench.report().get('event_loop')?.since, since)
})

test('a mailbox without room costs a report, and no beat', (t) => {
  const { bench, loop, shown, run } = rig(t)
  loop.hasRoom = false
  run(20_000)
  assert.deepEqual({ ...bench.report().get('event_loop')?.metadata }, {})
  assert.deepEqual(shown(), ON_TIME)
  loop.hasRoom = true
  run(100)
  assert.deepEqual({ ...bench.report().get('event_loop')?.metadata }, GAUGES)
})

test('stop deregisters the component and ends the timer, once', (t) => {
  const { bench, loop, watch, shown } = rig(t)
  watch.stop()
  bench.settle()
  assert.deepEqual([loop.isCancelled, loop.areGaugesOn], [true, false])
  assert.equal(shown(), undefined)
  watch.stop()
})

test('a runtime that another thread stops ends the watch', (t) => {
  const { bench, loop, watch } = rig(t)
  bench.region.words[PHASE] = PHASE_STOPPING
  loop.turn()
  assert.deepEqual([loop.isCancelled, loop.areGaugesOn, watch.isOver], [true, false, true])
})

test('time in which the process was suspended makes no loop late, and nothing that it is at older', (t) => {
  const { clock, bench, attachment, loop, shown, run } = rig(t)
  run(1_000)
  attachment.breadcrumb('parse batch')
  clock.suspend(60_000)
  bench.settle()
  assert.deepEqual(shown(), ON_TIME)
  clock.pass(700)
  assert.deepEqual(shown(), [2, 'event loop late by 0.6 s in "parse batch" (for 0.7 s)'])
  loop.turn()
  assert.deepEqual(shown(), ON_TIME)
})

test('a manager that is away throws nothing at the loop, and the next beat tries again', (t) => {
  new StoppedClock(t)
  let turn = () => {}
  let beats = 0
  const watch = new LoopWatch(eventLoopSettings(), {
    reporter: {
      beat: () => {
        beats++
        throw new HealthError('ERR_HEALTH_UNAVAILABLE', 'away')
      },
      update: () => {},
      deregister: () => {},
    },
    gauges: { read: () => GAUGES, stop: () => {} },
    hasRoom: () => true,
    every: (_, callback) => {
      turn = callback
      return () => {}
    },
  })
  turn()
  turn()
  assert.deepEqual([beats, watch.isOver], [2, false])
})

test('what is not about the runtime is thrown at the loop', (t) => {
  const clock = new StoppedClock(t)
  let turn = () => {}
  const wrong = new Error('wrong')
  new LoopWatch(eventLoopSettings(), {
    reporter: {
      beat: () => {
        throw wrong
      },
      update: () => {},
      deregister: () => {},
    },
    gauges: { read: () => GAUGES, stop: () => {} },
    hasRoom: () => true,
    every: (_, callback) => {
      turn = callback
      return () => {}
    },
  })
  clock.pass(100)
  assert.throws(() => turn(), wrong)
})

test('the loop of a thread that has ended is gone, also with its mailbox in other hands', (t) => {
  const { clock, bench, attachment, shown } = rig(t)
  attachment.breadcrumb('parse batch')
  abandonMailboxesOf(bench.region, THREAD)
  clock.pass(12_400)
  const gone = 'event loop gone for 12.3 s: its thread has ended or has let go of the runtime'
  assert.deepEqual(shown(), [3, gone])
  bench.settle()
  bench.attach(THREAD + 1).breadcrumb('another thread')
  assert.deepEqual(shown(), [3, gone])
})
