// Incidents as the probe actor's thread notices them, and what is known of them.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { describeIncident, type Incident } from '../../src/evidence/incident.js'
import { IncidentWatch } from '../../src/evidence/incident-watch.js'
import { lastWords } from '../../src/evidence/last-words.js'
import { toFloatWords } from '../../src/memory/control.js'
import {
  KIND_SUPPRESS_LIVENESS,
  MANAGER_BEAT,
  MANAGER_FAILED,
  MANAGER_STATE,
  PHASE,
  PHASE_STOPPING,
  STALE_READS,
} from '../../src/memory/layout.js'
import { encodeText } from '../../src/memory/text.js'
import { nextTick } from '../../src/memory/ticks.js'
import { NO_PROBES } from '../../src/model/probe-stats.js'
import { noteOf } from '../../src/model/suppression.js'
import { HealthReader } from '../../src/runtime/health-reader.js'
import { Bench, StoppedClock } from './core-support.js'

const policy = { liveness: ['a'], readiness: ['a', 'b'], unregistered: 'fail' } as const

function scene(t: TestContext) {
  const clock = new StoppedClock(t)
  const bench = new Bench({ maxComponents: 8 })
  const attachment = bench.attach()
  const loop = bench.register(attachment, 'loop', { unhealthyAfterMs: 10_000 })
  loop.healthy('turning')
  bench.settle()
  const written: Incident[] = []
  const incidents = new IncidentWatch({
    region: bench.region,
    policy,
    wedgeComponents: ['loop', 'nobody'],
    probes: () => NO_PROBES,
    write: (incident) => written.push(incident),
  })
  return { clock, bench, attachment, loop, written, look: () => incidents.look() }
}

test('a wedge is told once, also without a manager, and the next one again', (t) => {
  const { clock, bench, loop, written, look } = scene(t)
  look()
  clock.pass(9_000)
  look()
  assert.equal(written.length, 0)
  clock.pass(2_000)
  for (let i = 0; i < 3; i++) look()
  assert.equal(written.length, 1)
  assert.equal(written[0]?.kind, 'wedge')
  assert.equal(written[0]?.culprit, 'loop is unhealthy: no update for 11.0 s (deadline 10 s)')
  assert.deepEqual(
    written[0]?.components.map(({ component, status }) => [component, status]),
    [['loop', 'unhealthy']],
  )
  loop.beat()
  clock.pass(1_000)
  bench.settle()
  look()
  clock.pass(11_000)
  look()
  assert.equal(written.length, 2)
})

test('a component that reports itself unhealthy is told as well', (t) => {
  const { bench, loop, written, look } = scene(t)
  loop.unhealthy('wedged in "parse batch"')
  bench.settle()
  look()
  assert.equal(written[0]?.culprit, 'loop is unhealthy: wedged in "parse batch"')
})

test('a look that waits for nobody counts no stale read', (t) => {
  const { bench, loop, look } = scene(t)
  loop.degraded('not applied yet')
  look()
  assert.equal(bench.word(STALE_READS), 0)
})

test('a manager that was given up is told once', (t) => {
  const { bench, written, look } = scene(t)
  bench.region.words[MANAGER_STATE] = MANAGER_FAILED
  for (let i = 0; i < 3; i++) look()
  assert.deepEqual(
    written.map(({ kind }) => kind),
    ['manager-lost'],
  )
  assert.match(written[0]!.culprit, /given up/)
})

test('a manager that gives no sign of life is told once, and not again when it is given up', (t) => {
  const { bench, written, look } = scene(t)
  let ms = 1_000
  t.mock.method(performance, 'now', () => ms)
  bench.region.words[MANAGER_BEAT] = 1
  for (; ms <= 6_000; ms += 250) look()
  assert.equal(written.length, 0)
  for (let i = 0; i < 10; i++, ms += 250) look()
  bench.region.words[MANAGER_STATE] = MANAGER_FAILED
  look()
  assert.deepEqual(
    written.map(({ kind }) => kind),
    ['manager-lost'],
  )
  assert.match(written[0]!.culprit, /no sign of life/)
})

test('a runtime that stops has no incidents', (t) => {
  const { clock, bench, written, look } = scene(t)
  bench.region.words[PHASE] = PHASE_STOPPING
  bench.region.words[MANAGER_STATE] = MANAGER_FAILED
  clock.pass(20_000)
  look()
  assert.equal(written.length, 0)
})

test('what is known of an incident: verdicts, who suppresses, who is unwell, the last 50 transitions', (t) => {
  const { clock, bench, attachment } = scene(t)
  const a = bench.register(attachment, 'a')
  const b = bench.register(attachment, 'b')
  b.degraded('slow', { queue: '7' })
  for (let i = 0; i < 60; i++) a.update(i % 2 === 0 ? 1 : 3, `flip ${i}`)
  const [low, high] = toFloatWords(5_001_000)
  const note = encodeText(noteOf('main', 'restart'), 512)
  attachment.control(KIND_SUPPRESS_LIVENESS, low, high, note)
  attachment.breadcrumb('parse batch')
  // Of a thread that is gone, nobody knows what it would be at.
  const gone = bench.attach(7)
  gone.breadcrumb('nothing any more')
  gone.detach()
  clock.pass(20)
  bench.settle()
  const { region } = bench
  const cause = { kind: 'exit', culprit: 'exit with code 3', exitCode: 3 } as const
  const reader = new HealthReader(region, policy, 0)
  const incident = describeIncident(cause, { region, policy, reader })
  const { transitions, components, ...rest } = incident
  assert.deepEqual(rest, {
    ...cause,
    at: rest.at,
    pid: process.pid,
    liveness: { status: 'healthy' },
    readiness: { status: 'not ready', error: 'a is not ready (status: unhealthy)' },
    suppressed: [{ check: 'liveness', owner: 'main', reason: 'restart', remainingMs: 980 }],
    breadcrumbs: [{ threadId: 1, text: 'parse batch', forMs: 20 }],
  })
  const since = new Date(clock.now).toISOString()
  assert.deepEqual(JSON.parse(JSON.stringify(components)), [
    { component: 'a', status: 'unhealthy', message: 'flip 59', metadata: {}, since },
    { component: 'b', status: 'degraded', message: 'slow', metadata: { queue: '7' }, since },
  ])
  assert.equal(transitions.length, 50)
  assert.deepEqual(
    transitions.map(({ message }) => message),
    Array.from({ length: 50 }, (_, i) => `flip ${59 - i}`),
  )
  const { number, from, to } = transitions[0]!
  assert.deepEqual([number, from, to], [62, 'healthy', 'unhealthy'])
})

/** A runtime whose suppression a start-up prolongs, two seconds after it was asked for. */
function prolonged(t: TestContext, options?: ConstructorParameters<typeof Bench>[0]) {
  const clock = new StoppedClock(t)
  const bench = new Bench(options)
  const attachment = bench.attach()
  bench.register(attachment, 'a', { stallMs: 60_000 }).progress(1, 1)
  const [low, high] = toFloatWords(5_001_000)
  const note = encodeText(noteOf('main', 'migration'), 512)
  attachment.control(KIND_SUPPRESS_LIVENESS, low, high, note, nextTick())
  bench.settle()
  clock.pass(2_000)
  const { region } = bench
  const reader = new HealthReader(region, policy, 0)
  return { region, policy, reader }
}

test('a suppression that a start-up prolongs is told', (t) => {
  const runtime = prolonged(t, { maxSuppressionMs: 600_000 })
  const { suppressed } = describeIncident({ kind: 'exit', culprit: '' }, runtime)
  assert.deepEqual(
    suppressed.map(({ check, reason }) => [check, reason]),
    [['liveness', 'migration']],
  )
})

test('a suppression that a start-up prolongs without a bound is told without an end', (t) => {
  const runtime = prolonged(t)
  const incident = describeIncident({ kind: 'exit', culprit: '' }, runtime)
  const suppressed = [{ check: 'liveness', owner: 'main', reason: 'migration' }]
  assert.deepEqual(incident.suppressed, suppressed)
  assert.deepEqual(JSON.parse(lastWords(incident)).suppressed, suppressed)
})
