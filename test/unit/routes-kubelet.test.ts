import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProbeHandler } from '../../src/probe/routes.js'
import { ask, KUBELET, send } from '../ask.js'
import { componentStatus, FakeReader, type Given, OPEN_TO_ALL } from '../fake-reader.js'

const KUBELET_BYTES = 10_240

/** A reader of many healthy components beside these. */
function crowd(components: Record<string, Given> = {}, count = 500): FakeReader {
  const names = Array.from({ length: count }, (_, i) => `member_${i}`)
  const healthy = Object.fromEntries(
    names.map((name): [string, Given] => [name, [1, 'm'.repeat(40)]]),
  )
  return FakeReader.of({ ...healthy, ...components })
}

function askAsKubelet(reader: FakeReader, target: string) {
  const { status, body } = ask(reader, target, KUBELET)
  assert.ok(Buffer.byteLength(body) <= KUBELET_BYTES, `${Buffer.byteLength(body)} bytes`)
  assert.equal(body.at(-1), '\n')
  return {
    status,
    body,
    parsed: JSON.parse(body),
    names: Object.keys(JSON.parse(body).components ?? {}),
  }
}

test('a kubelet gets a body that it can read whole unchanged', () => {
  const reader = crowd({ collector_manager: [3, 'gone'] }, 50)
  assert.equal(askAsKubelet(reader, '/livez').body, ask(reader, '/livez').body)
})

test('a kubelet gets the verdict and why, then what explains it from bad to good', () => {
  const reader = crowd({
    zz_bad: [3],
    a_bad: [3],
    a_slow: [2],
    a_silent: [0],
    dakr_transport: [3, 'refused'],
    collector_manager: [0, 'starting'],
  })
  const { status, parsed, names } = askAsKubelet(reader, '/readyz')
  assert.equal(status, 503)
  assert.deepEqual(Object.keys(parsed), ['status', 'error', 'components'])
  assert.equal(parsed.error, 'collector_manager is not ready (status: unspecified)')
  assert.deepEqual(names.slice(0, 6), [
    'collector_manager',
    'dakr_transport',
    'a_bad',
    'zz_bad',
    'a_slow',
    'a_silent',
  ])
  assert.match(names[6]!, /^member_/)
})

test('a kubelet gets as many whole components as fit', () => {
  const reader = crowd()
  const { body, parsed } = askAsKubelet(reader, '/livez')
  const whole = JSON.parse(ask(reader, '/livez').body).components
  for (const [name, component] of Object.entries(parsed.components)) {
    assert.deepEqual(component, whole[name])
  }
  const longest = Buffer.byteLength(`"member_999":${JSON.stringify(whole.member_499)},`)
  assert.ok(Buffer.byteLength(body) > KUBELET_BYTES - longest)
})

test('a component that does not fit makes room for those after it', () => {
  const reader = crowd({ a_huge: [3, 'x'.repeat(20_000)], b_bad: [3] })
  const { names } = askAsKubelet(reader, '/livez')
  assert.equal(names[0], 'b_bad')
  assert.ok(names.length > 50)
})

test('a huge error is cut between characters and says how much is missing', () => {
  const reader = crowd({ collector_manager: [3, '\u{1f600}'.repeat(10_000)] })
  const { parsed, names } = askAsKubelet(reader, '/livez')
  const [, kept, missing] =
    /^collector_manager is unhealthy: (\P{Cs}+)… \[truncated (\d+) bytes\]$/u.exec(parsed.error)!
  assert.equal(Buffer.byteLength(kept!) + Number(missing), 40_000)
  // The component that explains it is there as far as it fits.
  assert.deepEqual(names, ['collector_manager'])
  assert.match(
    parsed.components.collector_manager.message,
    /^\u{1f600}+… \[truncated \d+ bytes\]$/u,
  )
})

test('an error of characters that are escaped is cut by the length of its escapes', () => {
  const reader = crowd({ collector_manager: [3, '<\0\ud800"'.repeat(5_000), { k: 'v' }] })
  const { parsed } = askAsKubelet(reader, '/livez')
  assert.match(parsed.error, /truncated/)
  assert.equal(parsed.components.collector_manager.metadata, undefined)
})

test('a failing component with huge metadata loses them and keeps its message', () => {
  const reader = crowd({ collector_manager: [3, 'gone', { k: 'v'.repeat(20_000) }] })
  const { parsed, names } = askAsKubelet(reader, '/livez')
  assert.deepEqual(parsed.components.collector_manager, { status: 'unhealthy', message: 'gone' })
  assert.ok(names.length > 50)
})

test('a failing component without a message can lose its metadata as well', () => {
  const reader = crowd({ dakr_transport: [0, '', { k: 'v'.repeat(20_000) }] })
  const { parsed } = askAsKubelet(reader, '/readyz')
  assert.deepEqual(parsed.components.dakr_transport, { status: 'unspecified' })
})

test('one component that is too long for a body leaves it without components', () => {
  const reader = FakeReader.of({ other: [1, 'x'.repeat(20_000)] })
  assert.equal(askAsKubelet(reader, '/livez').body, '{"status":"healthy"}\n')
})

test('a policy of names that are not registered costs no room', () => {
  const reader = crowd()
  const absent = Array.from({ length: 2_000 }, (_, i) => `absent_${i}`)
  reader.policy = { ...reader.policy, readiness: absent, unregistered: 'fail' }
  const { parsed, names } = askAsKubelet(reader, '/readyz')
  assert.equal(parsed.error, 'absent_0 is not registered')
  assert.ok(names.length > 50)
})

test('names of any characters keep the body within its bytes', () => {
  const name = '\0'.repeat(255)
  const reader = crowd({ [name]: [3, 'y'.repeat(20_000)] })
  reader.policy = { liveness: [name], readiness: [], unregistered: 'fail' }
  assert.deepEqual(askAsKubelet(reader, '/livez').names, [name])
})

test('a body for a kubelet is kept like others, and others get theirs', () => {
  const reader = crowd()
  const handler = createProbeHandler(reader, OPEN_TO_ALL)
  const short = send(handler, '/livez', KUBELET)
  const whole = send(handler, '/livez', { headers: { 'user-agent': 'not kube-probe/1' } })
  assert.ok(whole.body.length > KUBELET_BYTES)
  assert.equal(send(handler, '/livez', KUBELET), short)
  assert.equal(send(handler, '/livez'), whole)
  reader.report = new Map([...reader.report, ['a_bad', componentStatus([3])]])
  assert.match(Buffer.from(send(handler, '/livez', KUBELET).body).toString(), /"a_bad"/)
})

test('a kubelet that excludes gets what explains that verdict', () => {
  const reader = crowd({ collector_manager: [3], dakr_transport: [3, 'refused'] })
  const { parsed, names } = askAsKubelet(reader, '/readyz?exclude=collector_manager')
  assert.equal(parsed.error, 'dakr_transport is not ready (status: unhealthy)')
  assert.equal(names[0], 'dakr_transport')
  assert.equal(askAsKubelet(reader, '/readyz').names[0], 'collector_manager')
})

for (const [bytes, isCut] of [
  [KUBELET_BYTES, false],
  [KUBELET_BYTES + 1, true],
] as const) {
  test(`a body of ${bytes} bytes is ${isCut ? 'cut' : 'whole'} for a kubelet`, () => {
    const frame = '{"status":"healthy","components":{"a":{"status":"healthy","message":""}}}\n'
    const reader = FakeReader.of({ a: [1, 'x'.repeat(bytes - frame.length)] })
    const whole = ask(reader, '/livez').body
    assert.equal(whole.length, bytes)
    assert.equal(askAsKubelet(reader, '/livez').body !== whole, isCut)
  })
}
