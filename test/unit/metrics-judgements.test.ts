// What `kubernetes_healthchecks_total` counts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reportOf } from '../fake-reader.js'
import { FakeSource, metricsOf } from './metrics-support.js'

/** `name type successes/errors` of each component that was judged. */
async function judgedOf(source: FakeSource) {
  const metrics = await metricsOf(source)
  const judged = () =>
    [...metrics.recorder.judgements.counts()].map(
      ({ name, check, successes, errors }) => `${name} ${check} ${successes}/${errors}`,
    )
  return { ...metrics, judged }
}

test('nothing is counted before a probe was answered, nor by a scrape', async () => {
  const { text, judged } = await judgedOf(FakeSource.of({ collector_manager: [1] }))
  await text()
  assert.deepEqual(judged(), [])
})

test('each answered probe counts every component of its check once, under the path that was asked', async () => {
  const { probe, judged } = await judgedOf(
    FakeSource.of({ collector_manager: [3], dakr_transport: [1] }),
  )
  for (const target of ['/healthz', '/healthz', '/livez', '/readyz', '/readyz', '/readyz']) {
    probe(target)
  }
  probe('/readyz', 'HEAD')
  assert.deepEqual(judged(), [
    'collector_manager healthz 0/2',
    'collector_manager livez 0/1',
    'collector_manager readyz 0/4',
    // Also behind the one that decides the verdict.
    'dakr_transport readyz 4/0',
  ])
})

test('a component that turns is counted on the other side from the next probe on', async () => {
  const source = FakeSource.of({ collector_manager: [1] })
  const { probe, judged } = await judgedOf(source)
  for (const [status, probes] of [
    [1, 2],
    [3, 3],
    [2, 4],
    [0, 1],
  ] as const) {
    source.report = reportOf({ collector_manager: [status] })
    for (let i = 0; i < probes; i++) probe('/livez')
  }
  assert.deepEqual(judged(), ['collector_manager livez 7/3'])
})

test('what is shown twice is not counted twice', async () => {
  const { probe, judged } = await judgedOf(FakeSource.of({ collector_manager: [1] }))
  probe('/livez')
  assert.deepEqual(judged(), judged())
  probe('/livez')
  assert.deepEqual(judged(), ['collector_manager livez 2/0'])
})

test('a check that is suppressed or stands by judges nobody', async () => {
  const source = FakeSource.of({ collector_manager: [3] })
  const { probe, judged } = await judgedOf(source)
  const open = source.gate
  for (const closed of ['isLivenessSuppressed', 'isReadinessSuppressed', 'isStandby'] as const) {
    source.gate = { ...open, [closed]: true }
    probe('/livez')
    probe('/readyz')
  }
  assert.deepEqual(judged(), ['collector_manager livez 0/2', 'collector_manager readyz 0/1'])
})

test('a component that is not registered is judged by readiness alone, and only where it must be', async () => {
  const source = new FakeSource()
  const lenient = await judgedOf(source)
  lenient.probe('/livez')
  lenient.probe('/readyz')
  assert.deepEqual(lenient.judged(), [])
  source.policy = { ...source.policy, unregistered: 'fail' }
  const strict = await judgedOf(source)
  strict.probe('/livez')
  strict.probe('/readyz')
  assert.deepEqual(strict.judged(), ['collector_manager readyz 0/1', 'dakr_transport readyz 0/1'])
})

test('components that a probe excludes are not counted, and those that it is strict with as it asks', async () => {
  const { probe, judged } = await judgedOf(
    FakeSource.of({ collector_manager: [2], dakr_transport: [1] }),
  )
  for (const query of ['exclude=dakr_transport', 'verbose&failon=degraded', 'x=exclude', 'verbose'])
    probe(`/readyz?${query}`)
  assert.deepEqual(judged(), ['collector_manager readyz 3/1', 'dakr_transport readyz 3/0'])
})

for (const query of ['?%65xclude=', '??exclude=', '?exclude=%63', '?a&exclude=']) {
  test(`a component that ${query} excludes is left out of the counts as of the verdict`, async () => {
    const name = query.endsWith('%63') ? 'ollector_manager' : 'collector_manager'
    const { probe, judged } = await judgedOf(FakeSource.of({ collector_manager: [3] }))
    const answer = probe(`/livez${query}${name}`)
    assert.equal('status' in answer && answer.status, 200)
    assert.deepEqual(judged(), [])
  })
}

test('a strictness that is written in another way counts as the verdict has it', async () => {
  const { probe, judged } = await judgedOf(FakeSource.of({ collector_manager: [2] }))
  const answer = probe('/livez?%66ailon=%64egraded')
  assert.equal('status' in answer && answer.status, 503)
  assert.deepEqual(judged(), ['collector_manager livez 0/1'])
})

test('a request that is refused, a read that fails and other paths judge nobody', async () => {
  const source = FakeSource.of({ collector_manager: [1] })
  const { probe, judged } = await judgedOf(source)
  probe('/livez')
  probe('/livez', 'POST')
  probe('/nope')
  source.failure = new Error('away')
  probe('/livez')
  assert.deepEqual(judged(), ['collector_manager livez 1/0'])
})

test('a component that is named twice is counted once', async () => {
  const source = FakeSource.of({ a: [1] })
  source.policy = { liveness: ['a', 'a'], readiness: ['a', 'a'], unregistered: 'fail' }
  const { probe, judged, samples } = await judgedOf(source)
  probe('/readyz')
  assert.deepEqual(judged(), ['a readyz 1/0'])
  assert.deepEqual(await samples('kubernetes_healthcheck'), [
    'kubernetes_healthcheck{name="a",type="livez"} 1',
    'kubernetes_healthcheck{name="a",type="readyz"} 1',
  ])
})

test('the counts are shown by name, type and status', async () => {
  const { probe, samples } = await judgedOf(FakeSource.of({ collector_manager: [3] }))
  probe('/healthz')
  assert.deepEqual(await samples('kubernetes_healthchecks_total'), [
    'kubernetes_healthchecks_total{name="collector_manager",type="healthz",status="success"} 0',
    'kubernetes_healthchecks_total{name="collector_manager",type="healthz",status="error"} 1',
  ])
})
