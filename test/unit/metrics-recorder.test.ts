import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProbeAnswer } from '../../src/probe/listener.js'
import { BUCKETS, measured, PATHS, ProbeRecorder } from '../../src/probe/metrics-recorder.js'
import { FakeSource, metricsOf, requestOf } from './metrics-support.js'

function newRecorder(): ProbeRecorder {
  return new ProbeRecorder(new FakeSource().policy)
}

/** Answers of one path, by code, those that nobody got left out. */
function answersOf(recorder: ProbeRecorder): string[] {
  return [...recorder.answers()]
    .filter(({ count }) => count > 0)
    .map(({ path, code, count }) => `${path} ${code} ${count}`)
}

test('requests are counted by the route that answers them and by code', async () => {
  const { probe, recorder } = await metricsOf(FakeSource.of({ dakr_transport: [3] }))
  for (const target of ['/healthz', '/livez', '/livez?verbose', '/%6civez', '/readyz'])
    probe(target)
  probe('/readyz', 'POST')
  assert.deepEqual(answersOf(recorder), [
    '/healthz 200 1',
    '/livez 200 3',
    '/readyz 405 1',
    '/readyz 503 1',
  ])
})

test('whatever clients ask for, there are no more paths than are known', async () => {
  const recorder = newRecorder()
  for (let i = 0; i < 1_000; i++) {
    for (const prefix of ['/', '/components/', '/%', '/healthz/', '?', '/components/%2f?x=']) {
      recorder.record(`${prefix}${i}`, i % 2 === 0 ? 404 : 200, 0.1)
    }
  }
  const paths = new Set([...recorder.answers()].map(({ path }) => path))
  for (const path of paths) assert.ok((PATHS as readonly string[]).includes(path), path)
  assert.deepEqual(answersOf(recorder), [
    '/components/{name} 200 1000',
    '/components/{name} 404 1000',
    'other 200 2000',
    'other 404 2000',
  ])
})

for (const [target, path] of [
  ['/healthz', '/healthz'],
  ['/readyz?exclude=a', '/readyz'],
  ['/startupz', '/startupz'],
  ['/components', '/components'],
  ['/components?x', '/components'],
  ['/components/a', '/components/{name}'],
  ['/components/', '/components/{name}'],
  ['/components/{name}', '/components/{name}'],
  ['/metrics', '/metrics'],
  ['/%6detrics', '/metrics'],
  ['/healthz/', 'other'],
  ['other', 'other'],
  ['/%zz', 'other'],
  ['', 'other'],
] as const) {
  test(`${JSON.stringify(target)} counts as ${path}`, () => {
    const recorder = newRecorder()
    recorder.record(target, 200, 0)
    assert.deepEqual(answersOf(recorder), [`${path} 200 1`])
  })
}

test('answers that are to be expected are shown before the first of them', () => {
  const shown = [...newRecorder().answers()].map(({ path, code }) => `${path} ${code}`)
  assert.deepEqual(shown, [
    '/healthz 200',
    '/healthz 503',
    '/livez 200',
    '/livez 503',
    '/readyz 200',
    '/readyz 503',
    '/startupz 200',
    '/startupz 503',
    '/metrics 200',
  ])
})

test('a duration is in the first bucket that it is not longer than, and in all after it', () => {
  const recorder = newRecorder()
  // In ms. A bound itself is still within.
  for (const duration of [0, 0.01, 0.010_1, 1, 1_000, 1_000.1, 60_000]) {
    recorder.record('/livez', 200, duration)
  }
  const all = [...recorder.durations()]
  assert.equal(all.length, 1)
  const { path, upTo, count, sumSeconds } = all[0]!
  assert.equal(path, '/livez')
  const at = (seconds: number) => upTo[(BUCKETS as readonly number[]).indexOf(seconds)]
  assert.deepEqual([at(0.000_01), at(0.000_025), at(0.000_5)], [2, 3, 3])
  assert.deepEqual([at(0.001), at(0.5), at(1)], [4, 4, 5])
  assert.equal(count, 7)
  assert.ok(Math.abs(sumSeconds - 62.001_120_1) < 1e-9, `sum=${sumSeconds}`)
})

test('durations are shown as a histogram of cumulative buckets', async () => {
  const { recorder, text } = await metricsOf(new FakeSource())
  recorder.record('/healthz', 200, 0.03)
  recorder.record('/healthz', 200, 250)
  const lines = (await text()).split('\n')
  const shown = lines.filter((line) => line.startsWith('health_probe_duration_seconds'))
  const bucket = (le: string, count: number) =>
    `health_probe_duration_seconds_bucket{path="/healthz",le="${le}"} ${count}`
  assert.deepEqual(shown, [
    bucket('0.00001', 0),
    bucket('0.000025', 0),
    bucket('0.00005', 1),
    bucket('0.0001', 1),
    bucket('0.00025', 1),
    bucket('0.0005', 1),
    bucket('0.001', 1),
    bucket('0.0025', 1),
    bucket('0.005', 1),
    bucket('0.01', 1),
    bucket('0.025', 1),
    bucket('0.05', 1),
    bucket('0.1', 1),
    bucket('0.25', 2),
    bucket('0.5', 2),
    bucket('1', 2),
    bucket('+Inf', 2),
    'health_probe_duration_seconds_sum{path="/healthz"} 0.25003',
    'health_probe_duration_seconds_count{path="/healthz"} 2',
  ])
})

test('an answer that comes later is counted when it is there', async () => {
  const recorder = newRecorder()
  const answer: ProbeAnswer = { status: 200, contentType: '', body: new Uint8Array() }
  const handler = measured(async () => answer, recorder)
  const later = handler(requestOf('/metrics'))
  assert.deepEqual(answersOf(recorder), [])
  assert.equal(await later, answer)
  assert.deepEqual(answersOf(recorder), ['/metrics 200 1'])
})

test('an answer is handed on as the very object that it is', async () => {
  const answer: ProbeAnswer = { status: 404, contentType: '', body: new Uint8Array() }
  assert.equal(measured(() => answer, newRecorder())(requestOf('/')), answer)
})
