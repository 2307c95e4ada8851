import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, KUBELET } from '../ask.js'
import { FakeReader } from '../fake-reader.js'

const failing = FakeReader.of({
  buffer_queue: [3, 'decides nothing'],
  collector_manager: [3, 'no collectors running'],
  dakr_transport: [2, 'retrying'],
})

test('?verbose tells each component that decides, in the order of the policy', () => {
  assert.deepEqual(ask(failing, '/readyz?verbose'), {
    status: 503,
    contentType: 'text/plain; charset=utf-8',
    body: '[-]collector_manager failed: unhealthy: no collectors running\n[+]dakr_transport ok\nreadyz check failed\n',
  })
})

for (const path of ['/healthz', '/livez']) {
  test(`?verbose names the check as it was asked for: ${path}`, () => {
    assert.equal(
      ask(new FakeReader(), `${path}?verbose=no`).body,
      `[+]collector_manager ok\n${path.slice(1)} check passed\n`,
    )
  })
}

test('?verbose tells that a component is not registered', () => {
  const reader = FakeReader.of({ collector_manager: [0] })
  reader.policy = { ...reader.policy, unregistered: 'fail' }
  assert.equal(
    ask(reader, '/readyz?verbose').body,
    '[-]collector_manager failed: unspecified\n[-]dakr_transport failed: not registered\nreadyz check failed\n',
  )
})

test('?exclude leaves components out of the verdict', () => {
  assert.equal(ask(failing, '/livez').status, 503)
  const { status, body } = ask(failing, '/livez?exclude=collector_manager')
  assert.equal(status, 200)
  assert.match(body, /^{"status":"healthy","components":{"buffer_queue":/)
})

test('?exclude can be repeated', () => {
  const reader = FakeReader.of({ collector_manager: [3], dakr_transport: [3] })
  assert.equal(ask(reader, '/readyz?exclude=collector_manager').status, 503)
  assert.equal(ask(reader, '/readyz?exclude=collector_manager&exclude=dakr_transport').status, 200)
})

test('the verdict after an exclusion is that of the next component', () => {
  const reader = FakeReader.of({ collector_manager: [3], dakr_transport: [3] })
  assert.equal(
    JSON.parse(ask(reader, '/readyz?exclude=collector_manager').body).error,
    'dakr_transport is not ready (status: unhealthy)',
  )
})

test('an exclusion is of this request alone', () => {
  const reader = FakeReader.of({ collector_manager: [3] })
  const codes = ['/livez', '/livez?exclude=collector_manager', '/livez'].map(
    (target) => ask(reader, target).status,
  )
  assert.deepEqual(codes, [503, 200, 503])
})

test('?verbose shows what is excluded, and warns of what cannot be', () => {
  assert.equal(
    ask(failing, '/readyz?verbose&exclude=collector_manager&exclude=a%22b&exclude=c+d').body,
    '[+]collector_manager excluded: ok\n[+]dakr_transport ok\nwarn: some health checks cannot be excluded: no matches for "a"b","c d"\nreadyz check passed\n',
  )
})

test('?exclude tolerates a name that decides nothing', () => {
  assert.deepEqual(ask(failing, '/readyz?exclude=nobody&exclude='), ask(failing, '/readyz'))
})

test('?failon=degraded makes degraded count', () => {
  const reader = FakeReader.of({ collector_manager: [2, 'slow'], dakr_transport: [1] })
  assert.equal(ask(reader, '/livez').status, 200)
  assert.deepEqual(ask(reader, '/livez?failon=degraded').status, 503)
  assert.equal(
    JSON.parse(ask(reader, '/livez?failon=degraded').body).error,
    'collector_manager is degraded: slow',
  )
  assert.equal(
    ask(reader, '/readyz?failon=degraded&verbose').body,
    '[-]collector_manager failed: degraded: slow\n[+]dakr_transport ok\nreadyz check failed\n',
  )
  assert.equal(ask(reader, '/readyz?failon=degraded&exclude=collector_manager').status, 200)
})

for (const value of ['', 'never', 'Degraded', 'unhealthy', '%3Cb%3E']) {
  test(`?failon=${value} is answered 400 with its name`, () => {
    const { status, contentType, body } = ask(failing, `/livez?failon=degraded&failon=${value}`)
    assert.equal(status, 400)
    assert.equal(contentType, 'application/json')
    assert.equal(
      JSON.parse(body).error,
      `failon=${JSON.stringify(decodeURIComponent(value))}: must be degraded`,
    )
  })
}

test('a query that is too long for its cost to be bounded is refused', () => {
  const query = 'exclude=collector_manager&'.padEnd(8_192, 'x')
  assert.equal(ask(failing, `/livez?${query}`).status, 200)
  const { status, body } = ask(failing, `/livez?${query}x`)
  assert.equal(status, 400)
  assert.equal(body, '{"error":"the query is longer than 8192 characters"}\n')
})

test('open gates have lines of their own, and failures beside them do not count', () => {
  const reader = FakeReader.of({ collector_manager: [3, 'asleep'], dakr_transport: [1] })
  reader.gate = { isStandby: true, isLivenessSuppressed: true, isReadinessSuppressed: true }
  assert.equal(
    ask(reader, '/readyz?verbose').body,
    '[+]standby ok: failures do not count\n[+]suppressed ok: failures do not count\n[-]collector_manager failed: unhealthy: asleep\n[+]dakr_transport ok\nreadyz check passed\n',
  )
  assert.equal(
    ask(reader, '/livez?verbose').body,
    '[+]suppressed ok: failures do not count\n[-]collector_manager failed: unhealthy: asleep\nlivez check passed\n',
  )
})

test('the line of a suppression says for how long, who and why', () => {
  const reader = FakeReader.of({ collector_manager: [1], dakr_transport: [1] })
  reader.gate = { isStandby: false, isLivenessSuppressed: true, isReadinessSuppressed: true }
  const until = Date.UTC(2026, 0, 31, 12)
  reader.suppressed = {
    liveness: { owner: '', reason: '', until, remainingMs: 59_960 },
    readiness: { owner: 'main', reason: 'start\n-up', until, remainingMs: 119_500 },
  }
  assert.equal(
    ask(reader, '/readyz?verbose').body.split('\n')[0],
    '[+]suppressed ok: failures do not count for 119.5 s, until 2026-01-31T12:00:00.000Z, owner: main, reason: start\\n-up',
  )
  assert.equal(
    ask(reader, '/livez?verbose').body.split('\n')[0],
    '[+]suppressed ok: failures do not count for 60.0 s, until 2026-01-31T12:00:00.000Z',
  )
  // A start that is excused is another matter than readiness that is suppressed.
  assert.doesNotMatch(ask(reader, '/startupz?verbose').body, /owner/)
  const hidden = { audience: { detail: 'never', token: undefined } } as const
  assert.equal(ask(reader, '/readyz?verbose', {}, hidden).body, 'readyz check passed\n')
})

test('no text begins a line of its own, steers a terminal, or turns the direction of another', () => {
  const name = 'a\nreadyz check passed'
  const reader = FakeReader.of({
    [name]: [3, 'x\r\n[+]b ok\u2028\u2029\u0085\u001b[2J\u202e\u0000\t\ud800é'],
  })
  reader.policy = { liveness: [], readiness: [name], unregistered: 'fail' }
  assert.equal(
    ask(reader, '/readyz?verbose&exclude=%0Awarn').body,
    '[-]a\\nreadyz check passed failed: unhealthy: x\\r\\n[+]b ok\\u2028\\u2029\\u0085\\u001b[2J\\u202e\\u0000\\t\\ufffdé\n' +
      'warn: some health checks cannot be excluded: no matches for "\\nwarn"\nreadyz check failed\n',
  )
})

test('?verbose tells why a read failed', () => {
  const reader = Object.assign(new FakeReader(), { failure: new Error('stopped\n') })
  assert.deepEqual(ask(reader, '/readyz?verbose'), {
    status: 503,
    contentType: 'text/plain; charset=utf-8',
    body: '[-]health_runtime failed: stopped\\n\nreadyz check failed\n',
  })
})

test('verdict, report and lines come from one look', () => {
  const reader = FakeReader.of({ collector_manager: [3] })
  let looks = 0
  const look = reader.look.bind(reader)
  reader.look = () => {
    looks++
    return look()
  }
  for (const target of ['/livez', '/readyz?verbose', '/startupz?exclude=a&failon=degraded']) {
    looks = 0
    ask(reader, target)
    assert.equal(looks, 1)
  }
})

test('lines for a kubelet fit in what it reads, what fails first', () => {
  const names = Array.from({ length: 300 }, (_, i) => `component_${i}`)
  const reader = FakeReader.of(
    Object.fromEntries(
      names.map((name, i) => [name, i % 100 === 99 ? [3, 'é'.repeat(9000)] : [1]]),
    ),
  )
  reader.policy = { liveness: names, readiness: [], unregistered: 'fail' }
  const whole = ask(reader, '/livez?verbose').body
  assert.equal(whole.split('\n').length, 302)
  const { body } = ask(reader, '/livez?verbose', KUBELET)
  assert.ok(Buffer.byteLength(body) <= 10_240)
  const lines = body.split('\n')
  for (const [i, name] of ['component_99', 'component_199', 'component_299'].entries()) {
    assert.match(
      lines[i]!,
      new RegExp(`^\\[-\\]${name} failed: unhealthy: é+… \\[truncated \\d+ bytes\\]$`),
    )
  }
  assert.equal(lines[3], '[+]component_0 ok')
  assert.equal(lines.at(-2), 'livez check failed')
})
