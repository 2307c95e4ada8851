// Verdicts that follow a component only after some updates, or some time. What is shown and told is what was reported.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { JournalReader } from '../../src/memory/journal-reader.js'
import { READINESS_SEEN } from '../../src/memory/layout.js'
import type { ComponentRules } from '../../src/model/component-rules.js'
import { HealthStatus } from '../../src/model/health-status.js'
import { judgeAlive, judgeReady } from '../../src/model/policy.js'
import { PLAIN } from '../../src/probe/query.js'
import { livenessQuestion, startupQuestion } from '../../src/probe/questions.js'
import { verdictLines } from '../../src/probe/verbose.js'
import { HealthReader } from '../../src/runtime/health-reader.js'
import { Bench, StoppedClock } from './core-support.js'

const POLICY = { liveness: ['x'], readiness: ['x'], unregistered: 'fail' } as const
const { Unspecified, Healthy, Degraded, Unhealthy } = HealthStatus

function rig(t: TestContext, rules: Partial<ComponentRules>) {
  const clock = new StoppedClock(t)
  const bench = new Bench({}, 1, POLICY)
  clock.watched = bench.region
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x', rules)
  const health = new HealthReader(bench.region, POLICY, 0)
  const say = (status: HealthStatus, times = 1) => {
    for (let i = 0; i < times; i++) reporter.update(status, 'why')
    bench.settle()
  }
  /** Every kind of verdict of both checks; they must agree. */
  const passes = () => {
    const fresh = new HealthReader(bench.region, POLICY, 0)
    const { report, gate } = fresh.look()
    const shown = report.get('x')!
    const verdicts = [
      health.livenessCheck(),
      health.checkLiveness().error,
      fresh.livenessCheck(),
      judgeAlive('x', shown, 'unhealthy'),
      health.readinessCheck(),
      health.checkReadiness().error,
      fresh.readinessCheck(),
      judgeReady('x', shown, 'fail', 'unhealthy'),
    ].map((error) => error === undefined)
    assert.equal(new Set(verdicts).size, 1, `${verdicts}`)
    assert.equal(gate.isLivenessSuppressed, false)
    return verdicts[0]!
  }
  const shown = () => health.buildReport().get('x')!
  return { clock, bench, attachment, reporter, health, say, passes, shown }
}

test('verdicts fail after so many unhealthy updates in a row, and pass with the first that is not', (t) => {
  const { say, passes, shown } = rig(t, { failAfter: 3 })
  say(Healthy)
  assert.ok(passes())
  say(Unhealthy, 2)
  assert.ok(passes())
  assert.equal(shown().status, Unhealthy)
  say(Degraded)
  say(Unhealthy, 2)
  assert.ok(passes())
  say(Unhealthy)
  assert.ok(!passes())
  say(Unhealthy, 5)
  assert.ok(!passes())
  say(Healthy)
  assert.ok(passes())
})

test('verdicts pass again after so many other updates in a row', (t) => {
  const { say, passes, shown } = rig(t, { recoverAfter: 2 })
  say(Healthy)
  say(Unhealthy)
  assert.ok(!passes())
  say(Healthy)
  assert.ok(!passes())
  assert.deepEqual([shown().status, shown().message], [Healthy, 'why'])
  say(Unhealthy)
  say(Degraded)
  assert.ok(!passes())
  say(Healthy)
  assert.ok(passes())
})

test('the text of a verdict is that of any other', (t) => {
  const { say, health } = rig(t, { recoverAfter: 2 })
  say(Unhealthy)
  say(Healthy)
  assert.equal(health.livenessCheck()?.message, 'x is unhealthy: why')
  assert.equal(health.readinessCheck()?.message, 'x is not ready (status: unhealthy)')
  const { report, gate } = health.look()
  const lines = verdictLines(livenessQuestion(POLICY), gate, (name) => report.get(name), PLAIN)
  assert.deepEqual(lines, ['[-]x failed: unhealthy: why\n'])
})

test('verdicts follow with time, and what is cached of them, too', (t) => {
  const { clock, say, passes, shown, health } = rig(t, { failAfter: -5_000, recoverAfter: -1_000 })
  say(Healthy)
  clock.pass(60_000)
  say(Unhealthy)
  const before = health.buildReport()
  clock.pass(5_000)
  assert.ok(passes())
  assert.equal(health.buildReport(), before)
  clock.pass(20)
  assert.ok(!passes())
  assert.equal(shown().status, Unhealthy)
  assert.notEqual(health.buildReport(), before)
  say(Healthy)
  clock.pass(1_000)
  assert.ok(!passes())
  clock.pass(20)
  assert.ok(passes())
})

test('a streak that is broken begins anew', (t) => {
  const { clock, say, passes } = rig(t, { failAfter: -5_000 })
  for (let i = 0; i < 5; i++) {
    say(Unhealthy)
    clock.pass(4_000)
    assert.ok(passes())
    say(Healthy)
    clock.pass(4_000)
  }
  say(Unhealthy)
  clock.pass(4_000)
  say(Unhealthy)
  clock.pass(1_100)
  assert.ok(!passes())
})

test('a damped component that is unspecified is alive and not ready, as any other', (t) => {
  const { say, health } = rig(t, { failAfter: 3, recoverAfter: 3 })
  say(Unspecified)
  assert.equal(health.livenessCheck(), undefined)
  assert.equal(health.readinessCheck()?.message, 'x is not ready (status: unspecified)')
})

test('a strict question takes a damped component for degraded', (t) => {
  const { say, health } = rig(t, { failAfter: 3 })
  say(Unhealthy)
  const shown = health.look().report.get('x')
  assert.equal(judgeAlive('x', shown, 'unhealthy'), undefined)
  assert.equal(judgeAlive('x', shown, 'degraded')?.message, 'x is degraded: why')
})

test('silence is not damped, its deadline is', (t) => {
  const { clock, say, passes, reporter } = rig(t, { failAfter: 3, unhealthyAfterMs: 10_000 })
  say(Healthy)
  clock.pass(10_020)
  assert.ok(!passes())
  reporter.beat()
  assert.ok(passes())
  say(Unhealthy)
  assert.ok(passes())
  clock.pass(10_020)
  assert.ok(!passes())
})

test('transitions are told as they were reported', (t) => {
  const { bench, say } = rig(t, { failAfter: 3, recoverAfter: 3 })
  for (const status of [Healthy, Unhealthy, Healthy, Unhealthy]) say(status)
  const journal = new JournalReader(bench.region, 'oldest')
  const told: number[] = []
  for (let next = journal.next(); next !== undefined; next = journal.next()) {
    if ('newStatus' in next) told.push(next.newStatus)
  }
  assert.deepEqual(told, [1, 3, 1, 3])
})

test('updates that repeat the one before are published where they are counted, and only there', (t) => {
  for (const [rules, isCounted] of [
    [{ failAfter: 3 }, true],
    [{ recoverAfter: 3 }, true],
    [{ failAfter: -3_000 }, false],
    [{ unhealthyAfterMs: 10_000 }, false],
  ] as const) {
    const { attachment, reporter, bench } = rig(t, rules)
    reporter.update(Unhealthy, 'why', { a: '1' })
    bench.settle()
    reporter.update(Unhealthy, 'why', { a: '1' })
    assert.equal(attachment.backlog() > 0, isCounted)
    t.mock.restoreAll()
  }
})

test('metadata that comes late, and a sweep of old tickets, leave the streak alone', (t) => {
  const { bench, say, passes } = rig(t, { failAfter: 2 })
  say(Unhealthy)
  bench.restart()
  bench.settle()
  assert.ok(passes())
  say(Unhealthy)
  assert.ok(!passes())
  bench.restart()
  assert.ok(!passes())
})

test('a verdict that a suspension has turned turns back when a watcher has recorded it', (t) => {
  const { clock, bench, say, health } = rig(t, { failAfter: -5_000 })
  say(Unhealthy)
  clock.pass(100)
  assert.equal(health.livenessCheck(), undefined)
  clock.suspend(20_000)
  // No watcher runs while this waits for one.
  assert.equal(health.livenessCheck()?.message, 'x is unhealthy: why')
  bench.settle()
  assert.equal(health.livenessCheck(), undefined)
  clock.pass(5_020)
  assert.equal(health.livenessCheck()?.message, 'x is unhealthy: why')
})

test('who finds a verdict turned after a suspension waits for a watcher', (t) => {
  const { clock, bench, say, health } = rig(t, { failAfter: -5_000 })
  say(Unhealthy)
  clock.pass(100)
  assert.equal(health.livenessCheck(), undefined)
  clock.suspend(20_000)
  t.mock.method(Atomics, 'wait', () => {
    bench.settle()
    return 'ok'
  })
  assert.equal(health.livenessCheck(), undefined)
})

test('a start is judged by what was reported, by the manager and by who asks alike', (t) => {
  const { bench, say, health } = rig(t, { failAfter: 3, recoverAfter: 3 })
  const question = startupQuestion(
    POLICY,
    () => bench.word(READINESS_SEEN) === 1,
    () => false,
  )
  const verdicts = () => {
    const look = health.look()
    const find = (name: string) => look.report.get(name)
    const gate = question.gateOf(look)
    const error = question.judge(question.names, gate, find, 'unhealthy')
    return [
      gate.isStandby,
      error === undefined,
      question.judgeOne('x', find('x'), 'unhealthy') === undefined,
    ]
  }
  say(Unhealthy)
  assert.equal(judgeReady('x', health.look().report.get('x'), 'fail', 'unhealthy'), undefined)
  assert.deepEqual(verdicts(), [false, false, false])
  say(Healthy)
  assert.deepEqual(verdicts(), [true, true, true])
})
