import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HealthError } from '../../src/model/errors.js'
import { createProbeHandler } from '../../src/probe/routes.js'
import { ask, send } from '../ask.js'
import { FakeReader, OPEN_TO_ALL, reportOf } from '../fake-reader.js'

function handlerOf(reader: FakeReader) {
  const handler = createProbeHandler(reader, OPEN_TO_ALL)
  return (method: string, target: string) => send(handler, target, { method })
}

function get(reader: FakeReader, target: string, method = 'GET') {
  return ask(reader, target, { method })
}

const unhealthy = FakeReader.of({ collector_manager: [3, 'gone'] })

for (const path of ['/healthz', '/livez']) {
  test(`${path} tells that the program is alive`, () => {
    const { status, body } = get(new FakeReader(), path)
    assert.equal(status, 200)
    assert.equal(body, '{"status":"healthy"}\n')
  })

  test(`${path} tells why the program is not alive`, () => {
    const { status, body } = get(unhealthy, path)
    assert.equal(status, 503)
    assert.equal(
      body,
      '{"status":"unhealthy","error":"collector_manager is unhealthy: gone","components":{"collector_manager":{"status":"unhealthy","message":"gone"}}}\n',
    )
  })
}

test('/readyz tells that the program is ready', () => {
  const { status, body } = get(new FakeReader(), '/readyz')
  assert.equal(status, 200)
  assert.equal(body, '{"status":"ready"}\n')
})

test('/readyz tells why the program is not ready', () => {
  const { status, body } = get(unhealthy, '/readyz')
  assert.equal(status, 503)
  assert.equal(
    body,
    '{"status":"not ready","error":"collector_manager is not ready (status: unhealthy)","components":{"collector_manager":{"status":"unhealthy","message":"gone"}}}\n',
  )
})

for (const target of ['/healthz?', '/healthz?a=1&&=&x=%zz&%', '/%68ealthz', '/%68ealthz?a=1']) {
  test(`${target} is /healthz`, () => {
    assert.equal(get(new FakeReader(), target).body, '{"status":"healthy"}\n')
  })
}

for (const target of [
  '/',
  '',
  '*',
  '/healthz/',
  '//healthz',
  '/HEALTHZ',
  '/%',
  '/healthz%',
  '/%zz',
]) {
  test(`${JSON.stringify(target)} is not found`, () => {
    const { status, body } = get(new FakeReader(), target)
    assert.equal(status, 404)
    assert.equal(body, '{"error":"not found"}\n')
  })
}

test('a path that is not there is not found by any method', () => {
  assert.equal(get(new FakeReader(), '/nope', 'DELETE').status, 404)
})

for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'get', '']) {
  test(`the method ${JSON.stringify(method)} is not allowed`, () => {
    const { status, body, headers } = get(new FakeReader(), '/readyz', method)
    assert.equal(status, 405)
    assert.deepEqual(headers, [['Allow', 'GET, HEAD']])
    assert.equal(body, '{"error":"method not allowed"}\n')
  })
}

test('a read that fails is answered with its reason', () => {
  const reader = new FakeReader()
  reader.failure = new HealthError('ERR_HEALTH_STOPPED', 'the runtime was stopped')
  assert.deepEqual(get(reader, '/readyz'), {
    status: 503,
    contentType: 'application/json',
    body: '{"status":"not ready","error":"the runtime was stopped"}\n',
  })
  assert.equal(
    get(reader, '/healthz').body,
    '{"status":"unhealthy","error":"the runtime was stopped"}\n',
  )
})

test('a read that works again is answered again', () => {
  const reader = new FakeReader()
  const handler = handlerOf(reader)
  handler('GET', '/healthz')
  reader.failure = new Error('away')
  assert.equal(handler('GET', '/healthz').status, 503)
  reader.failure = undefined
  assert.equal(handler('GET', '/healthz').status, 200)
})

test('an unchanged verdict is answered with the same object', () => {
  for (const path of ['/healthz', '/readyz', '/startupz', '/components']) {
    const handler = handlerOf(unhealthy)
    assert.equal(handler('GET', path), handler('HEAD', `${path}?x=1`))
  }
  const handler = handlerOf(unhealthy)
  assert.equal(handler('GET', '/healthz'), handler('GET', '/livez'))
})

test('an unchanged verdict costs neither a judgement nor a look at the request', () => {
  const reader = FakeReader.of({ collector_manager: [3, 'gone'] })
  let lookUps = 0
  const report = Object.assign(new Map(reader.report), {
    get(name: string) {
      lookUps++
      return Map.prototype.get.call(this, name)
    },
  })
  reader.report = report
  const handler = createProbeHandler(reader, OPEN_TO_ALL)
  const unread = () => {
    throw new Error('nobody needs that')
  }
  const request = {
    method: 'GET',
    target: '/livez',
    header: unread,
    isFromLoopback: unread,
    remoteAddress: unread,
  }
  const answer = handler(request)
  const before = lookUps
  for (let i = 0; i < 10; i++) assert.equal(handler(request), answer)
  assert.equal(lookUps, before)
})

test('a verdict that turns is answered with its new code', () => {
  const reader = new FakeReader()
  const handler = handlerOf(reader)
  assert.equal(handler('GET', '/readyz').status, 200)
  reader.report = reportOf({ dakr_transport: [3] })
  assert.equal(handler('GET', '/readyz').status, 503)
})

test('a suppression that begins or runs out turns the verdict on the same report', () => {
  const reader = FakeReader.of({ collector_manager: [3, 'gone'], dakr_transport: [1] })
  const handler = handlerOf(reader)
  const open = reader.gate
  const codes = () => ['/livez', '/readyz'].map((path) => handler('GET', path).status)
  assert.deepEqual(codes(), [503, 503])
  reader.gate = { ...open, isLivenessSuppressed: true }
  assert.deepEqual(codes(), [200, 503])
  reader.gate = { ...open, isReadinessSuppressed: true }
  assert.deepEqual(codes(), [503, 200])
  reader.gate = { ...open, isStandby: true }
  assert.deepEqual(codes(), [503, 200])
  reader.gate = open
  assert.deepEqual(codes(), [503, 503])
})

test('a gate that changes nothing keeps the answer', () => {
  const reader = FakeReader.of({ collector_manager: [1], dakr_transport: [1] })
  const handler = handlerOf(reader)
  const answer = handler('GET', '/readyz')
  reader.gate = { ...reader.gate, isReadinessSuppressed: true }
  assert.equal(handler('GET', '/readyz'), answer)
})

test('a body shows the report that its verdict is of, whichever path was asked last', () => {
  const reader = FakeReader.of({ collector_manager: [1, 'one'] })
  const handler = handlerOf(reader)
  const message = (path: string) =>
    JSON.parse(Buffer.from(handler('GET', path).body).toString()).components.collector_manager
      .message
  assert.equal(message('/livez'), 'one')
  reader.report = reportOf({ collector_manager: [1, 'two'] })
  assert.equal(message('/components'), 'two')
  assert.equal(message('/livez'), 'two')
  assert.equal(message('/readyz'), 'two')
})
