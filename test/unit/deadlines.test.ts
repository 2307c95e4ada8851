// What readers show of components with a deadline, by the slot and the clock alone.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { PHASE, PHASE_STOPPING, STOP_TICK } from '../../src/memory/layout.js'
import { SlotMap } from '../../src/memory/slot-latch.js'
import { TableReader, watch } from '../../src/memory/table-reader.js'
import { nowTicks } from '../../src/memory/ticks.js'
import { type ComponentRules, Wording } from '../../src/model/component-rules.js'
import { HealthReader } from '../../src/runtime/health-reader.js'
import { Bench, StoppedClock } from './core-support.js'

const TEN_SECONDS = { unhealthyAfterMs: 10_000 }
const POLICY = { liveness: ['x'], readiness: ['x'], unregistered: 'fail' } as const

function rig(t: TestContext, rules: Partial<ComponentRules> = TEN_SECONDS) {
  const clock = new StoppedClock(t)
  const bench = new Bench()
  const attachment = bench.attach()
  clock.watched = bench.region
  const reporter = bench.register(attachment, 'x', rules)
  const reader = new TableReader(bench.region, 0)
  /** What every kind of read says of the component; they must agree. */
  const shown = () => {
    const status = reader.snapshot().report.get('x')!
    assert.equal(reader.glance([watch('x')]).statuses[0], status)
    assert.deepEqual(new TableReader(bench.region, 0).snapshot().report.get('x'), status)
    assert.equal(reader.tryPeek()!.report.get('x'), status)
    return status
  }
  return { clock, bench, attachment, reporter, reader, shown }
}

test('a component that says nothing for longer than its deadline is shown unhealthy, by the slot alone', (t) => {
  const { clock, bench, reporter, shown } = rig(t)
  reporter.healthy('collecting', { a: '1' })
  bench.settle()
  const saidAt = clock.now
  clock.pass(10_000)
  assert.deepEqual([shown().status, shown().message], [1, 'collecting'])
  clock.pass(20)
  assert.deepEqual(shown(), {
    status: 3,
    message: 'no update for 10.0 s (deadline 10 s)',
    metadata: shown().metadata,
    since: saidAt + 10_010,
    updatedAt: saidAt,
  })
  assert.deepEqual({ ...shown().metadata }, { a: '1' })
  clock.pass(2_300)
  assert.equal(shown().message, 'no update for 12.3 s (deadline 10 s)')
  assert.equal(shown().since, saidAt + 10_010)
})

test('a component that has never said anything is silent since its registration', (t) => {
  const { clock, shown } = rig(t)
  clock.pass(10_000)
  assert.equal(shown().status, 0)
  clock.pass(20)
  assert.equal(shown().status, 3)
})

test('a beat, an update and a repeated update each restore it at once, with what was reported', (t) => {
  const { clock, bench, reporter, shown } = rig(t)
  reporter.healthy('collecting')
  bench.settle()
  const said = shown()
  clock.pass(20_000)
  assert.equal(shown().status, 3)
  reporter.beat()
  assert.equal(shown(), said)
  clock.pass(20_000)
  assert.equal(shown().status, 3)
  reporter.healthy('collecting')
  assert.equal(shown(), said)
  clock.pass(20_000)
  assert.equal(shown().status, 3)
  reporter.degraded('slow')
  bench.drain.run()
  assert.deepEqual([shown().status, shown().message], [2, 'slow'])
})

test('what is shown is one object until the text moves on, each tenth of a second', (t) => {
  const { clock, bench, attachment, reader, shown } = rig(t)
  bench.register(attachment, 'other').healthy('ok')
  bench.settle()
  const other = reader.snapshot().report.get('other')
  clock.pass(12_340)
  const { report } = reader.snapshot()
  const status = shown()
  clock.pass(50)
  assert.equal(shown(), status)
  assert.equal(reader.snapshot().report, report)
  clock.pass(50)
  assert.notEqual(shown(), status)
  assert.equal(shown().message, 'no update for 12.4 s (deadline 10 s)')
  assert.equal(reader.snapshot().report.get('other'), other)
})

test('what was reported is shown where it is worse than the silence', (t) => {
  const { clock, bench, reporter, shown } = rig(t, { degradedAfterMs: 1_500 })
  reporter.unhealthy('broken')
  bench.settle()
  const said = shown()
  clock.pass(60_000)
  assert.equal(shown(), said)
})

test('silence that is as bad as what was reported adds to its message, and is nothing new', (t) => {
  const { clock, bench, reporter, shown } = rig(t, { degradedAfterMs: 1_500 })
  reporter.degraded('slow')
  bench.settle()
  const { since } = shown()
  clock.pass(2_000)
  const { status, message, since: sinceThen } = shown()
  assert.deepEqual(
    [status, message, sinceThen],
    [2, 'slow; no update for 2.0 s (deadline 1.5 s)', since],
  )
  reporter.degraded('')
  bench.settle()
  clock.pass(2_000)
  assert.equal(shown().message, 'no update for 2.0 s (deadline 1.5 s)')
})

test('of two deadlines the worse one that has run out is told, and since when', (t) => {
  const { clock, bench, reporter, shown } = rig(t, {
    degradedAfterMs: 500,
    unhealthyAfterMs: 10_000,
  })
  reporter.healthy()
  bench.settle()
  const saidAt = clock.now
  clock.pass(520)
  assert.deepEqual(
    [shown().status, shown().message, shown().since],
    [2, 'no update for 0.5 s (deadline 0.5 s)', saidAt + 510],
  )
  clock.pass(9_500)
  assert.deepEqual(
    [shown().status, shown().message, shown().since],
    [3, 'no update for 10.0 s (deadline 10 s)', saidAt + 10_010],
  )
})

test('an event loop is late, then wedged', (t) => {
  const { clock, shown } = rig(t, {
    degradedAfterMs: 500,
    unhealthyAfterMs: 10_000,
    wording: Wording.EventLoop,
  })
  clock.pass(750)
  assert.equal(shown().message, 'event loop late by 0.7 s')
  clock.pass(11_550)
  assert.equal(shown().message, 'event loop wedged for 12.3 s')
})

test('no verdict outlives a deadline, or the silence', (t) => {
  const { clock, bench, reporter } = rig(t)
  reporter.healthy('collecting')
  bench.settle()
  const health = new HealthReader(bench.region, POLICY, 0)
  const verdicts = () => [
    health.livenessCheck()?.message,
    health.checkLiveness().error?.message,
    health.readinessCheck()?.message,
    health.checkReadiness().error?.message,
  ]
  const passing = [undefined, undefined, undefined, undefined]
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(verdicts(), passing)
    clock.pass(10_000)
    assert.deepEqual(verdicts(), passing)
    clock.pass(20)
    const failing = (seconds: string) => [
      `x is unhealthy: no update for ${seconds} s (deadline 10 s)`,
      `x is unhealthy: no update for ${seconds} s (deadline 10 s)`,
      'x is not ready (status: unhealthy)',
      'x is not ready (status: unhealthy)',
    ]
    assert.deepEqual(verdicts(), failing('10.0'))
    clock.pass(1_000)
    assert.deepEqual(verdicts(), failing('11.0'))
    reporter.beat()
  }
})

test('a beat that comes after the reader has looked at its clock is no silence', (t) => {
  const { clock, bench, reporter, reader } = rig(t)
  reporter.healthy('collecting')
  bench.settle()
  reader.snapshot()
  clock.pass(10_020)
  const beat = new SlotMap(bench.region).beat(0)
  const { load } = Atomics
  let isBeaten = false
  t.mock.method(Atomics, 'load', (words: Int32Array<SharedArrayBuffer>, index: number) => {
    if (index === beat && !isBeaten) {
      isBeaten = true
      clock.pass(60_000)
      reporter.beat()
    }
    return load(words, index)
  })
  assert.equal(reader.snapshot().report.get('x')?.status, 1)
  assert.ok(isBeaten)
})

test('a slot that is free again is nobody’s silence', (t) => {
  const { clock, bench, attachment, reporter, shown } = rig(t)
  clock.pass(60_000)
  assert.equal(shown().status, 3)
  reporter.deregister()
  bench.settle()
  bench.register(attachment, 'y').healthy('ok')
  bench.settle()
  clock.pass(60_000)
  assert.deepEqual(
    [...bench.report()].map(([name, { status }]) => [name, status]),
    [['y', 1]],
  )
  bench.reporter(attachment, 'y').deregister()
  bench.settle()
  bench.register(attachment, 'x', TEN_SECONDS)
  assert.equal(shown().status, 0)
})

test('the rules of the first registration hold', (t) => {
  const { clock, bench, attachment, shown } = rig(t)
  bench.register(attachment, 'x', { degradedAfterMs: 100 })
  bench.register(attachment, 'x')
  clock.pass(5_000)
  assert.equal(shown().status, 0)
  clock.pass(5_020)
  assert.equal(shown().status, 3)
})

test('behind a stop nobody can beat any more, and nobody is silent for it', (t) => {
  const { clock, bench, reporter, shown } = rig(t)
  reporter.healthy('collecting')
  bench.settle()
  clock.pass(5_000)
  bench.region.words[STOP_TICK] = nowTicks()
  bench.region.words[PHASE] = PHASE_STOPPING
  assert.throws(() => reporter.beat(), { code: 'ERR_HEALTH_STOPPED' })
  for (let i = 0; i < 3; i++) {
    clock.pass(20_000)
    assert.deepEqual([shown().status, shown().message], [1, 'collecting'])
  }
})

test('what was silent before a stop is silent for as long behind it', (t) => {
  const { clock, bench, shown } = rig(t)
  clock.pass(12_300)
  bench.region.words[STOP_TICK] = nowTicks()
  bench.region.words[PHASE] = PHASE_STOPPING
  clock.pass(20_000)
  assert.deepEqual([shown().status, shown().message], [3, 'no update for 12.3 s (deadline 10 s)'])
})
