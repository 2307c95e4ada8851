// What a heartbeat says, by the rules of the reference's builder.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  buildHeartbeatRequest,
  buildHeartbeatRequestFromReport,
  OperatorType,
  type ReportInput,
} from '../../src/heartbeat/index.js'
import { HealthManager } from '../../src/index.js'

const START = new Date(1_767_225_600_500)

function build(report: ReportInput | null | undefined, startTime: Date = START) {
  return buildHeartbeatRequestFromReport(report, 'c', OperatorType.Read, 'v', 's', startTime)
}

const reportOf = (...statuses: number[]): ReportInput =>
  new Map(statuses.map((status, i) => [`c${i}`, { status, message: '' }]))

for (const [statuses, overall] of [
  [[], 0],
  [[0, 0], 0],
  [[0, 1], 1],
  [[1, 2, 1], 2],
  [[3, 2, 1, 0], 3],
  [[99, -1, 1.5], 0],
  [[4, 1], 1],
] as const) {
  test(`the worst of ${JSON.stringify(statuses)} is ${overall}`, () => {
    assert.equal(build(reportOf(...statuses)).overallStatus, overall)
  })
}

test('a status that is none becomes unspecified', () => {
  assert.deepEqual(
    build(reportOf(4, 2, Number.NaN)).components.map(({ status }) => status),
    [0, 2, 0],
  )
})

for (const nothing of [null, undefined, new Map()]) {
  test(`of ${nothing} there is a heartbeat without components`, () => {
    assert.deepEqual(build(nothing), {
      clusterId: 'c',
      operatorType: 1,
      version: 'v',
      overallStatus: 0,
      components: [],
      uptimeSince: { seconds: 1_767_225_600, nanos: 500_000_000 },
      commit: 's',
    })
  })
}

test('components are sorted by the bytes of their names', () => {
  const names = ['b', '\u{1f600}', 'a', '\uffee', 'B']
  const report = new Map(names.map((name) => [name, { status: 1, message: '' }]))
  assert.deepEqual(
    build(report).components.map(({ name }) => name),
    ['B', 'a', 'b', '\uffee', '\u{1f600}'],
  )
})

test('a name counts as it is sent, with half a surrogate pair replaced', () => {
  // U+FFFD comes after U+FFEE and before what a whole pair stands for.
  const report = new Map(
    ['a\ud800', 'a\u{1f600}', 'a\uffee'].map((name) => [name, { status: 1, message: '' }]),
  )
  assert.deepEqual(
    build(report).components.map(({ name }) => name),
    ['a\uffee', 'a\ufffd', 'a\u{1f600}'],
  )
})

test('half a surrogate pair is replaced, wherever it is', () => {
  const half = '\ud83d'
  const metadata = { [half]: half, ['__proto__']: 'kept' }
  const { components, clusterId, version, commit } = buildHeartbeatRequestFromReport(
    new Map([[`n${half}`, { status: 1, message: `m${half}`, metadata }]]),
    half,
    OperatorType.Node,
    half,
    half,
    START,
  )
  assert.deepEqual([clusterId, version, commit], ['\ufffd', '\ufffd', '\ufffd'])
  const [component] = components
  assert.deepEqual([component?.name, component?.message], ['n\ufffd', 'm\ufffd'])
  assert.deepEqual(Object.entries(component?.metadata ?? {}), [
    ['\ufffd', '\ufffd'],
    ['__proto__', 'kept'],
  ])
})

for (const [what, ms, expected] of [
  ["Go's zero time", -62_135_596_800_000, { seconds: -62_135_596_800, nanos: 0 }],
  ['a time before 1970', -1, { seconds: -1, nanos: 999_000_000 }],
  ['1970', 0, { seconds: 0, nanos: 0 }],
] as const) {
  test(`${what} has its timestamp`, () => {
    assert.deepEqual(build(null, new Date(ms)).uptimeSince, expected)
  })
}

test('a timestamp keeps its nanoseconds', () => {
  const time = { seconds: 5, nanos: 123_456_789 }
  const request = buildHeartbeatRequestFromReport(null, '', OperatorType.Cost, '', '', time)
  assert.deepEqual(request.uptimeSince, time)
})

for (const [what, call] of [
  ['a date that is none', () => build(null, new Date(Number.NaN))],
  ['a time that is none', () => build(null, null as unknown as Date)],
  ['a year that has no timestamp', () => build(null, new Date(8.64e15))],
  [
    'an operator type that is none',
    () => buildHeartbeatRequestFromReport(null, 'c', 8 as never, '', '', START),
  ],
  [
    'a version that is no string',
    () => buildHeartbeatRequestFromReport(null, 'c', 1, 7 as never, '', START),
  ],
  ['a report that is none', () => build({} as never)],
  ['a report of numbers', () => build([1] as never)],
  ['a component that is none', () => build(new Map([['c', undefined as never]]))],
  [
    'a message that is no string',
    () => build(new Map([['c', { status: 1, message: 7 as never }]])),
  ],
  [
    'a metadata value that is no string',
    () => build(new Map([['c', { status: 1, message: '', metadata: { k: 7 as never } }]])),
  ],
  ['a manager that is none', () => buildHeartbeatRequest({} as never, 'c', 1, '', '', START)],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(call, { code: 'ERR_HEALTH_ARGUMENT' })
  })
}

test('the heartbeat of a runtime is that of its report', async (t) => {
  const health = await HealthManager.start()
  t.after(() => health.stop())
  health.register('b').degraded('slow', { since: 'noon' })
  health.register('a')
  const request = buildHeartbeatRequest(health, 'c', OperatorType.Network, 'v', 's', START)
  assert.deepEqual(
    request,
    buildHeartbeatRequestFromReport(health.buildReport(), 'c', 5, 'v', 's', START),
  )
  assert.equal(request.overallStatus, 2)
  assert.deepEqual(structuredClone(request).components[1], {
    name: 'b',
    status: 2,
    message: 'slow',
    metadata: { since: 'noon' },
  })
})
