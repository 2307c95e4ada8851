import assert from 'node:assert/strict'
import { test } from 'node:test'
import { register } from 'prom-client'
import { FakeSource, metricsOf, samplesOf, textOf } from './metrics-support.js'

const COMPONENTS = { collector_manager: [1], dakr_transport: [3, 'gone'], extra: [2] } as const

/** The names of all families in a text, in their order. */
function familiesOf(text: string): string[] {
  return [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!)
}

test('every family has one head, of help and type, and ends in a newline', async () => {
  const text = await (await metricsOf(FakeSource.of(COMPONENTS))).text()
  const families = familiesOf(text)
  assert.equal(new Set(families).size, families.length)
  for (const family of families) {
    const head = new RegExp(`^# HELP ${family} \\S.*\\n# TYPE ${family} (gauge|counter|histogram)$`)
    assert.match(text.match(new RegExp(`^# HELP ${family} .*\\n.*$`, 'm'))![0], head)
  }
  assert.ok(text.endsWith('\n'))
})

test('the type of a family is what its name promises', async () => {
  const text = await (await metricsOf(new FakeSource())).text()
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    assert.equal(name!.endsWith('_total'), type === 'counter', name)
  }
  assert.match(text, /^# TYPE health_probe_duration_seconds histogram$/m)
})

test('the content type is that of Prometheus text', async () => {
  const { scrape } = await metricsOf(new FakeSource())
  const { status, contentType } = await scrape()
  assert.equal(status, 200)
  assert.equal(contentType, 'text/plain; version=0.0.4; charset=utf-8')
})

test('a component shows the status that it has, and each that it does not', async () => {
  const { samples } = await metricsOf(FakeSource.of({ a: [2], b: [0] }))
  assert.deepEqual(await samples('health_component_status'), [
    'health_component_status{component="a",status="unspecified"} 0',
    'health_component_status{component="a",status="healthy"} 0',
    'health_component_status{component="a",status="degraded"} 1',
    'health_component_status{component="a",status="unhealthy"} 0',
    'health_component_status{component="b",status="unspecified"} 1',
    'health_component_status{component="b",status="healthy"} 0',
    'health_component_status{component="b",status="degraded"} 0',
    'health_component_status{component="b",status="unhealthy"} 0',
  ])
})

test('a component tells in seconds since when it has its status', async () => {
  const source = FakeSource.of({ a: [1] })
  const status = { ...source.report.get('a')!, since: 1_700_000_000_123 }
  source.report = new Map([['a', status]])
  const { samples } = await metricsOf(source)
  assert.deepEqual(await samples('health_component_last_transition_timestamp_seconds'), [
    'health_component_last_transition_timestamp_seconds{component="a"} 1700000000.123',
  ])
})

test('transitions are told by the status they led to, and not of a component that is gone', async () => {
  const source = FakeSource.of({ a: [1], gone: [1] })
  source.counts = { a: { 0: 0, 1: 4_294_967_295, 2: 7, 3: 1 } }
  const { samples } = await metricsOf(source)
  assert.deepEqual(await samples('health_transitions_total'), [
    'health_transitions_total{component="a",to="unspecified"} 0',
    'health_transitions_total{component="a",to="healthy"} 4294967295',
    'health_transitions_total{component="a",to="degraded"} 7',
    'health_transitions_total{component="a",to="unhealthy"} 1',
  ])
})

test('each component that decides a verdict passes or fails, whatever stands by or is suppressed', async () => {
  const source = FakeSource.of(COMPONENTS)
  source.gate = { isStandby: true, isLivenessSuppressed: true, isReadinessSuppressed: true }
  const { samples } = await metricsOf(source)
  assert.deepEqual(await samples('kubernetes_healthcheck'), [
    'kubernetes_healthcheck{name="collector_manager",type="livez"} 1',
    'kubernetes_healthcheck{name="collector_manager",type="readyz"} 1',
    'kubernetes_healthcheck{name="dakr_transport",type="readyz"} 0',
  ])
})

test('a readiness component that is not registered fails where the policy says so, and is left out elsewhere', async () => {
  const source = new FakeSource()
  const { samples } = await metricsOf(source)
  assert.deepEqual(await samples('kubernetes_healthcheck'), [])
  source.policy = { ...source.policy, unregistered: 'fail' }
  assert.deepEqual(await samples('kubernetes_healthcheck'), [
    'kubernetes_healthcheck{name="collector_manager",type="readyz"} 0',
    'kubernetes_healthcheck{name="dakr_transport",type="readyz"} 0',
  ])
})

test('the runtime is told of by its counters', async () => {
  const text = await (await metricsOf(new FakeSource(), 'always', 14)).text()
  for (const line of [
    'health_components 2',
    'health_journal_transitions_total 3',
    'health_journal_gaps_total 4',
    'health_observer_transitions_total 14',
    'health_observer_errors_total 15',
    'health_observer_timeouts_total 16',
    'health_observer_missed_total 18',
    'health_observer_lag 21',
    'health_records_applied_total 5',
    'health_records_ignored_total 6',
    'health_records_superseded_total 7',
    'health_payloads_truncated_total 8',
    'health_stale_reads_total 9',
    'health_suppression_active{probe="liveness"} 0',
    'health_suppression_active{probe="readiness"} 1',
    'health_suppression_remaining_seconds{probe="liveness"} 0',
    'health_suppression_remaining_seconds{probe="readiness"} 1.5',
    'health_suppression_cuts_total 14',
    'health_mailboxes 2',
    'health_mailbox_depth_bytes 96',
    'health_mailbox_deepest_bytes 64',
    'health_mailbox_capacity_bytes 4096',
    'health_mailbox_waits_total 10',
    'health_mailbox_refusals_total 11',
    'health_heap_used_bytes 12',
    'health_heap_capacity_bytes 65536',
    'health_actor_restarts_total{actor="manager"} 13',
    'health_actor_restarts_total{actor="probe"} 14',
    'health_actor_state{actor="manager",state="running"} 0',
    'health_actor_state{actor="manager",state="restarting"} 1',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), line)
  }
})

test('what counts and times requests says that it is those over HTTP alone', async () => {
  const text = await (await metricsOf(new FakeSource())).text()
  for (const family of ['health_probe_requests_total', 'health_probe_duration_seconds']) {
    assert.match(text, new RegExp(`^# HELP ${family} .*HTTP.*gRPC`, 'm'))
  }
})

test('no mailbox at all is no depth', async () => {
  const source = new FakeSource()
  source.figures = { ...source.figures, mailboxes: [] }
  const { samples } = await metricsOf(source)
  assert.deepEqual(await samples('health_mailbox_deepest_bytes'), [
    'health_mailbox_deepest_bytes 0',
  ])
})

test('where details are shown to nobody no name of a component is', async () => {
  const { probe, text } = await metricsOf(FakeSource.of(COMPONENTS), 'never')
  probe('/readyz')
  const shown = await text()
  for (const name of Object.keys(COMPONENTS)) assert.ok(!shown.includes(name), name)
  assert.deepEqual(
    familiesOf(shown).filter((family) => /^kubernetes|component_|health_transitions/.test(family)),
    [],
  )
  assert.match(shown, /^health_components 2$/m)
  assert.match(shown, /^health_probe_requests_total\{path="\/readyz",code="503"\} 1$/m)
})

test('a runtime that cannot be read is answered with 503 and the reason', async () => {
  const source = new FakeSource()
  const { scrape, probe } = await metricsOf(source)
  source.failure = new Error('the runtime is stopped')
  // The first and one that waits for it: neither may hold up those after them.
  for (const answer of await Promise.all([probe('/metrics'), probe('/metrics')])) {
    assert.equal(answer.status, 503)
    assert.equal(textOf(answer), '{"error":"the runtime is stopped"}\n')
  }
  source.failure = undefined
  assert.equal((await scrape()).status, 200)
})

test('ten thousand components are written with turns of the loop in between', async () => {
  const names = Array.from({ length: 10_000 }, (_, i) => `component-${i}`)
  const source = FakeSource.of(Object.fromEntries(names.map((name) => [name, [1]])))
  const { scrape } = await metricsOf(source)
  let turns = 0
  let isDone = false
  const turn = () => {
    turns++
    if (!isDone) setImmediate(turn)
  }
  setImmediate(turn)
  const text = textOf(await scrape())
  isDone = true
  // Two families of 10,000 and 40,000 samples, 250 at a time.
  assert.ok(turns >= 190, `turns=${turns}`)
  assert.equal(samplesOf(text, 'health_component_status').length, 40_000)
  assert.equal(text.split('# TYPE health_component_status gauge').length, 2)
})

test('scrapes at once are one after the other, and each shows what came before it', async () => {
  const source = new FakeSource()
  const { scrape } = await metricsOf(source)
  let looks = 0
  const look = source.look.bind(source)
  source.look = () => {
    looks++
    return look()
  }
  const first = scrape()
  await Promise.resolve()
  source.figures = { ...source.figures, components: 100 }
  const others = [scrape(), scrape(), scrape()]
  const texts = (await Promise.all([first, ...others])).map(textOf)
  assert.equal(looks, 2)
  for (const text of texts.slice(1)) assert.match(text, /^health_components 100$/m)
})

test('nothing is left in the registry that all users of prom-client share', async () => {
  await (await metricsOf(FakeSource.of(COMPONENTS))).text()
  assert.equal(await register.metrics(), '\n')
})
