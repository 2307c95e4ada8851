// Components that tell what comes in and goes out: where one does and the other does not, that is shown and told.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { monotonicMs, toFloatWords } from '../../src/memory/control.js'
import { JournalReader } from '../../src/memory/journal.js'
import { KIND_STANDBY, KIND_SUPPRESS_LIVENESS } from '../../src/memory/layout.js'
import { readSuppressions } from '../../src/memory/suppressions.js'
import { TableReader } from '../../src/memory/table-reader.js'
import { nextTick } from '../../src/memory/ticks.js'
import type { ComponentRules } from '../../src/model/component-rules.js'
import { HealthReader } from '../../src/runtime/health-reader.js'
import { Bench, StoppedClock } from './core-support.js'

const POLICY = { liveness: ['x'], readiness: ['x', 'y'], unregistered: 'fail' } as const
const MAX_MS = 600_000

function rig(t: TestContext, rules: Partial<ComponentRules> = {}) {
  const clock = new StoppedClock(t)
  const bench = new Bench({ maxSuppressionMs: MAX_MS }, 1, POLICY)
  clock.watched = bench.region
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x', { stallMs: 5_000, ...rules })
  reporter.healthy('reading')
  bench.settle()
  const reader = new TableReader(bench.region, 0)
  const shown = () => {
    const status = reader.snapshot().report.get('x')!
    assert.deepEqual(new TableReader(bench.region, 0).snapshot().report.get('x'), status)
    return [status.status, status.message]
  }
  const told = () => {
    bench.settle()
    const journal = new JournalReader(bench.region, 'oldest')
    const messages: string[] = []
    for (let next = journal.next(); next !== undefined; next = journal.next()) {
      if ('message' in next) messages.push(next.message)
    }
    return messages
  }
  const health = new HealthReader(bench.region, POLICY, 0)
  return { clock, bench, attachment, reporter, reader, shown, told, health }
}

test('input that moves without output for longer than the stall is shown, with how much it is', (t) => {
  const { clock, reporter, shown } = rig(t)
  reporter.progress(100, 100)
  clock.pass(60_000)
  assert.deepEqual(shown(), [1, 'reading'])
  reporter.progress(1_000, 100)
  clock.pass(5_000)
  reporter.progress(1_334, 100)
  assert.deepEqual(shown(), [1, 'reading'])
  clock.pass(20)
  assert.deepEqual(shown(), [2, 'input moved by 1,234 and output by 0 for 5.0 s'])
  clock.pass(7_300)
  assert.deepEqual(shown(), [2, 'input moved by 1,234 and output by 0 for 12.3 s'])
})

test('output that moves restores it, however little', (t) => {
  const { clock, reporter, shown, told } = rig(t)
  reporter.progress(1_000, 100)
  reporter.progress(1_001, 100)
  clock.pass(5_020)
  told()
  assert.equal(shown()[0], 2)
  reporter.progress(9_000, 101)
  assert.deepEqual(shown(), [1, 'reading'])
  clock.pass(250)
  assert.deepEqual(told(), ['reading', 'input moved by 1 and output by 0 for 5.0 s', 'reading'])
})

test('what waits is counted from the last output on', (t) => {
  const { clock, reporter, shown } = rig(t)
  reporter.progress(5_000_000, 5_000_000)
  clock.pass(3_000)
  reporter.progress(5_000_010, 5_000_000)
  clock.pass(3_000)
  reporter.progress(5_000_020, 5_000_010)
  clock.pass(3_000)
  reporter.progress(5_000_025, 5_000_010)
  clock.pass(5_020)
  assert.deepEqual(shown(), [2, 'input moved by 5 and output by 0 for 5.0 s'])
})

test('counts may pass 2^32, and have fractions', (t) => {
  const { clock, reporter, shown } = rig(t)
  reporter.progress(2 ** 32 - 10, 2 ** 40 + 5)
  reporter.progress(2 ** 32 + 20.75, 2 ** 40 + 5)
  clock.pass(5_020)
  assert.deepEqual(shown(), [2, 'input moved by 30 and output by 0 for 5.0 s'])
})

test('a cached view sees a stall that had not begun when it was taken', (t) => {
  const { clock, reporter, reader, shown } = rig(t)
  reporter.progress(1, 1)
  reader.snapshot()
  clock.pass(1_000)
  reporter.progress(2, 1)
  clock.pass(4_900)
  assert.equal(shown()[0], 1)
  clock.pass(120)
  assert.equal(shown()[0], 2)
})

test('each call is a sign of life', (t) => {
  const { clock, reporter, shown } = rig(t, { unhealthyAfterMs: 10_000 })
  for (let i = 0; i < 3; i++) {
    clock.pass(9_000)
    reporter.progress(7, 7)
    assert.deepEqual(shown(), [1, 'reading'])
  }
  reporter.progress(8, 7)
  clock.pass(10_020)
  assert.deepEqual(shown(), [3, 'no update for 10.0 s (deadline 10 s)'])
})

test('a component without rules for it takes progress for a beat', (t) => {
  const { clock, reporter, shown } = rig(t, { stallMs: 0, unhealthyAfterMs: 10_000 })
  clock.pass(9_000)
  reporter.progress(1, 0)
  clock.pass(9_000)
  assert.deepEqual(shown(), [1, 'reading'])
})

test('a registration begins without progress', (t) => {
  const { clock, bench, attachment, reporter, shown } = rig(t)
  reporter.progress(1, 0)
  reporter.deregister()
  bench.settle()
  bench.register(attachment, 'x', { stallMs: 5_000 }).healthy('anew')
  bench.settle()
  clock.pass(60_000)
  assert.deepEqual(shown(), [1, 'anew'])
})

test('counts that are none are refused', (t) => {
  const { reporter } = rig(t)
  for (const [given, message] of [
    [[-1, 0], 'inCount=-1: must be a finite number, 0 or more'],
    [[0, Number.NaN], 'outCount=NaN: must be a finite number, 0 or more'],
    [['1', 0], 'inCount="1": must be a finite number, 0 or more'],
    [[0, Number.POSITIVE_INFINITY], 'outCount=Infinity: must be a finite number, 0 or more'],
  ] as const) {
    const call = () => reporter.progress(...(given as readonly [number, number]))
    assert.throws(call, { code: 'ERR_HEALTH_ARGUMENT', message })
  }
})

/** An unhealthy program under a suppression of a minute. */
function starting(t: TestContext) {
  const scene = rig(t)
  const { bench, attachment, reporter, health } = scene
  reporter.unhealthy('starting')
  const [low, high] = toFloatWords(monotonicMs() + 60_000)
  attachment.control(KIND_SUPPRESS_LIVENESS, low, high, undefined, nextTick())
  bench.settle()
  /** Every kind of verdict; they must agree. */
  const isAlive = () => {
    const verdicts = [
      health.livenessCheck(),
      health.checkLiveness().error,
      new HealthReader(bench.region, POLICY, 0).livenessCheck(),
    ].map((error) => error === undefined)
    assert.equal(new Set(verdicts).size, 1)
    const told = readSuppressions(bench.region, health.startUp()).liveness
    assert.equal(told !== undefined, verdicts[0])
    return verdicts[0]
  }
  return { ...scene, isAlive }
}

test('a start-up that tells of no progress has the time that it asked for', (t) => {
  const { clock, isAlive } = starting(t)
  assert.ok(isAlive())
  clock.pass(59_900)
  assert.ok(isAlive())
  clock.pass(200)
  assert.ok(!isAlive())
})

test('a start-up that advances has more time, up to the maximum of a suppression', (t) => {
  const { clock, reporter, isAlive } = starting(t)
  let count = 0
  for (let ms = 0; ms < MAX_MS - 4_000; ms += 4_000) {
    assert.ok(isAlive(), `ms=${ms}`)
    count += 10
    reporter.progress(count, count)
    clock.pass(4_000)
  }
  assert.ok(isAlive())
  clock.pass(4_100)
  assert.ok(!isAlive())
})

test('a start-up that stalls has no more time, until it advances again', (t) => {
  const { clock, reporter, isAlive } = starting(t)
  reporter.progress(10, 10)
  reporter.progress(20, 10)
  clock.pass(5_000)
  assert.ok(isAlive())
  clock.pass(20)
  assert.ok(!isAlive())
  reporter.progress(30, 11)
  assert.ok(isAlive())
  clock.pass(100_000)
  assert.ok(isAlive())
})

test('of several, one that stalls is enough', (t) => {
  const { clock, bench, attachment, reporter, isAlive } = starting(t)
  const other = bench.register(attachment, 'other', { stallMs: 1_000 })
  reporter.progress(10, 10)
  other.progress(10, 10)
  other.progress(11, 10)
  clock.pass(1_100)
  reporter.progress(20, 20)
  assert.ok(!isAlive())
})

test('once it has been ready nothing is a start any more', (t) => {
  const { clock, bench, attachment, reporter, isAlive } = starting(t)
  reporter.progress(20, 10)
  attachment.control(KIND_STANDBY, 1, 0)
  bench.settle()
  clock.pass(30_000)
  assert.ok(isAlive())
  reporter.progress(30, 20)
  clock.pass(30_100)
  assert.ok(!isAlive())
})

test('without a suppression, or when it is cleared, an advance excuses nothing', (t) => {
  const { bench, attachment, reporter, isAlive } = starting(t)
  reporter.progress(10, 10)
  assert.ok(isAlive())
  attachment.control(KIND_SUPPRESS_LIVENESS, 0, 0)
  bench.settle()
  assert.ok(!isAlive())
})
