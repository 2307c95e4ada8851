import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProbeHandler } from '../../src/probe/routes.js'
import { ask, send } from '../ask.js'
import { FakeReader, OPEN_TO_ALL, reportOf } from '../fake-reader.js'

const contentType = 'application/json'

test('/components shows all of them in the order of the probes', () => {
  const reader = FakeReader.of({ b: [1, 'm', { k: 'v' }], '\u{1f600}': [0], '\uffee': [3] })
  assert.deepEqual(ask(reader, '/components'), {
    status: 200,
    contentType,
    body: '{"components":{"b":{"status":"healthy","message":"m","metadata":{"k":"v"}},"\uffee":{"status":"unhealthy"},"\u{1f600}":{"status":"unspecified"}}}\n',
  })
})

test('/components shows what is suppressed while it is, and probes do not', () => {
  const reader = FakeReader.of({ b: [1] })
  const plain = '{"components":{"b":{"status":"healthy"}}}\n'
  const handler = createProbeHandler(reader, OPEN_TO_ALL)
  const body = (target: string) => new TextDecoder().decode(send(handler, target).body)
  assert.equal(body('/components'), plain)
  reader.gate = { ...reader.gate, isLivenessSuppressed: true }
  const until = Date.UTC(2026, 0, 31, 12)
  reader.suppressed = { liveness: { owner: 'a', reason: '<b>', until, remainingMs: 1_500.2 } }
  const suppressed =
    '"suppressed":{"liveness":{"owner":"a","reason":"\\u003cb\\u003e","until":"2026-01-31T12:00:00.000Z","remainingMs":1501}}'
  assert.equal(body('/components'), `{${suppressed},${plain.slice(1)}`)
  assert.equal(body('/livez'), `{"status":"healthy",${plain.slice(1)}`)
  reader.report = reportOf({})
  assert.equal(body('/components'), `{${suppressed}}\n`)
  reader.suppressed = {}
  assert.equal(body('/components'), '{}\n')
})

test('a suppression until the end of all calendars is shown as such', () => {
  const reader = new FakeReader()
  reader.gate = { ...reader.gate, isReadinessSuppressed: true }
  reader.suppressed = { readiness: { owner: '', reason: '', until: 1e300, remainingMs: 1e300 } }
  assert.match(ask(reader, '/components').body, /"until":"\+275760-09-13T00:00:00.000Z"/)
})

test('a suppression without an end is shown without one', () => {
  const reader = new FakeReader()
  const [until, remainingMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  reader.gate = { ...reader.gate, isLivenessSuppressed: true }
  reader.suppressed = { liveness: { owner: 'main', reason: 'start-up', until, remainingMs } }
  assert.equal(
    ask(reader, '/components').body,
    '{"suppressed":{"liveness":{"owner":"main","reason":"start-up"}}}\n',
  )
  assert.equal(
    ask(reader, '/livez?verbose').body.split('\n')[0],
    '[+]suppressed ok: failures do not count while the start-up gets on, owner: main, reason: start-up',
  )
})

test('/components is empty where there are none', () => {
  assert.equal(ask(new FakeReader(), '/components?verbose').body, '{}\n')
})

test('/components/{name} shows that one alone', () => {
  const reader = FakeReader.of({ a: [3, '<gone>', { k: 'v' }], b: [1] })
  assert.deepEqual(ask(reader, '/components/a'), {
    status: 200,
    contentType,
    body: '{"status":"unhealthy","message":"\\u003cgone\\u003e","metadata":{"k":"v"}}\n',
  })
})

for (const name of [
  'a/b',
  '/',
  'a%2Fb',
  '100%',
  'é中\u{1f600}',
  '?',
  '#',
  ' ',
  '__proto__',
  '..',
  'x?y=1',
]) {
  test(`a component is found by its percent-encoded name: ${JSON.stringify(name)}`, () => {
    const report = new Map([...reportOf({ other: [1] }), [name, reportOf({ c: [2] }).get('c')!]])
    const reader = Object.assign(new FakeReader(), { report })
    const target = `/components/${encodeURIComponent(name)}`
    assert.equal(ask(reader, target).body, '{"status":"degraded"}\n')
    assert.equal(ask(reader, `${target}?verbose`).body, '{"status":"degraded"}\n')
  })
}

test('slashes in a name need no encoding', () => {
  const reader = FakeReader.of({ 'a/b': [1], '/': [2] })
  assert.equal(ask(reader, '/components/a/b').body, '{"status":"healthy"}\n')
  assert.equal(ask(reader, '/%63omponents//').body, '{"status":"degraded"}\n')
})

for (const target of [
  '/components/nobody',
  '/components/',
  '/components/a%00',
  '/components/A',
  '/components/a/',
  '/components/__proto__',
]) {
  test(`${target} is no component`, () => {
    assert.deepEqual(ask(FakeReader.of({ a: [1] }), target), {
      status: 404,
      contentType,
      body: '{"error":"component not found"}\n',
    })
  })
}

for (const target of [
  '/components/%zz',
  '/components/%',
  '/components/%ff',
  '/components/%ed%a0%80',
]) {
  test(`${target}, which is not percent-encoded UTF-8, is not found`, () => {
    assert.equal(ask(FakeReader.of({ a: [1] }), target).status, 404)
  })
}

test('components allow GET and HEAD alone', () => {
  const reader = FakeReader.of({ a: [1] })
  for (const target of ['/components', '/components/a', '/components/nobody']) {
    assert.equal(ask(reader, target, { method: 'POST' }).status, 405)
    assert.deepEqual(ask(reader, target, { method: 'HEAD' }), ask(reader, target))
  }
})

test('components that cannot be read are answered 503 with the reason', () => {
  const reader = Object.assign(new FakeReader(), { failure: new Error('stopped') })
  for (const target of ['/components', '/components/a']) {
    assert.deepEqual(ask(reader, target), {
      status: 503,
      contentType,
      body: '{"error":"stopped"}\n',
    })
  }
})

test('an unchanged component is answered with the same object, a changed one anew', () => {
  const reader = FakeReader.of({ a: [1], b: [1] })
  const handler = createProbeHandler(reader, OPEN_TO_ALL)
  const answer = send(handler, '/components/a')
  const all = send(handler, '/components')
  reader.report = new Map([...reader.report, ...reportOf({ b: [3] })])
  assert.equal(send(handler, '/components/a'), answer)
  assert.notEqual(send(handler, '/components'), all)
  reader.report = reportOf({ a: [2] })
  assert.equal(
    Buffer.from(send(handler, '/components/a').body).toString(),
    '{"status":"degraded"}\n',
  )
})
