import assert from 'node:assert/strict'
import { test } from 'node:test'
import { monotonicMs } from '../../src/memory/control.js'
import { ExitGate } from '../../src/probe/exit-gate.js'
import { ProbeActor } from '../../src/probe/probe-actor.js'
import { createProbeHandler } from '../../src/probe/routes.js'
import { legible, send } from '../ask.js'
import { RawConnection } from '../contract/raw-connection.js'
import { DEFAULT_SETTINGS, FakeReader, OPEN_TO_ALL, reportOf } from '../fake-reader.js'
import { smallRegion } from './core-support.js'
import { FakeSource } from './metrics-support.js'

const READY = reportOf({ collector_manager: [1], dakr_transport: [2] })
const NOT_READY = reportOf({ collector_manager: [0], dakr_transport: [1] })

function starting(startupDeadline?: number, startupLatest = 0) {
  const reader = Object.assign(new FakeReader(), { report: NOT_READY })
  const clock = { ms: 0 }
  const deadline = startupDeadline === undefined ? {} : { startupDeadline, startupLatest }
  const handler = createProbeHandler(reader, { ...OPEN_TO_ALL, ...deadline, now: () => clock.ms })
  return { reader, clock, ask: (target = '/startupz') => legible(send(handler, target)) }
}

test('/startupz fails until the program has been ready, and tells why', () => {
  const { ask } = starting()
  assert.deepEqual(ask(), {
    status: 503,
    contentType: 'application/json',
    body: '{"status":"not started","error":"collector_manager is not ready (status: unspecified)","components":{"collector_manager":{"status":"unspecified"},"dakr_transport":{"status":"healthy"}}}\n',
  })
})

test('/startupz passes when the program is ready, and once it has been', () => {
  const { reader, ask } = starting()
  ask()
  reader.report = READY
  assert.equal(
    ask().body,
    '{"status":"started","components":{"collector_manager":{"status":"healthy"},"dakr_transport":{"status":"degraded"}}}\n',
  )
  reader.report = NOT_READY
  assert.equal(ask().status, 503)
  reader.hasStarted = true
  assert.equal(ask().status, 200)
})

test('/startupz is excused until its deadline and not at it', () => {
  const { clock, ask } = starting(100)
  assert.equal(ask().status, 200)
  clock.ms = 99.9
  assert.equal(ask().status, 200)
  clock.ms = 100
  assert.equal(ask().status, 503)
})

test('/startupz is excused for longer while the start-up advances, and not while it stalls', () => {
  const { reader, clock, ask } = starting(100, 500)
  reader.startUp = 'stalled'
  assert.equal(ask().status, 503)
  reader.startUp = 'advancing'
  assert.equal(ask().status, 200)
  clock.ms = 499.9
  assert.equal(ask().status, 200)
  clock.ms = 500
  assert.equal(ask().status, 503)
  clock.ms = 200
  reader.startUp = undefined
  assert.equal(ask().status, 503)
  reader.hasStarted = true
  assert.equal(ask().status, 200)
})

test('what suppresses readiness does not start the program', () => {
  const { reader, ask } = starting()
  reader.gate = { ...reader.gate, isReadinessSuppressed: true, isLivenessSuppressed: true }
  assert.equal(ask('/readyz').status, 200)
  assert.equal(ask().status, 503)
})

test('/startupz?verbose tells what it waits for', () => {
  const { reader, clock, ask } = starting(100)
  const components = '[-]collector_manager failed: unspecified\n[+]dakr_transport ok\n'
  assert.equal(
    ask('/startupz?verbose').body,
    `[+]suppressed ok: failures do not count\n${components}startupz check passed\n`,
  )
  clock.ms = 100
  assert.equal(ask('/startupz?verbose').body, `${components}startupz check failed\n`)
  reader.hasStarted = true
  assert.equal(
    ask('/startupz?verbose').body,
    `[+]started ok: failures do not count\n${components}startupz check passed\n`,
  )
})

test('/startupz?exclude asks whether the others are ready', () => {
  const { ask } = starting()
  assert.equal(ask('/startupz?exclude=collector_manager').status, 200)
  assert.equal(ask('/startupz?exclude=dakr_transport').status, 503)
  assert.equal(ask().status, 503)
})

test('/startupz?failon=degraded asks for more, until the program has started', () => {
  const { reader, ask } = starting()
  reader.report = READY
  assert.equal(ask('/startupz?failon=degraded').status, 503)
  reader.hasStarted = true
  assert.equal(ask('/startupz?failon=degraded').status, 200)
})

test('/startupz tells why a read failed', () => {
  const { reader, ask } = starting()
  reader.failure = new Error('stopped')
  assert.equal(ask().body, '{"status":"not started","error":"stopped"}\n')
})

for (const [what, startupDeadline, code] of [
  ['excused', monotonicMs() + 3_600_000, 200],
  ['not excused', 0, 503],
] as const) {
  test(`the actor answers /startupz by its deadline, on the clock of all threads: ${what}`, async (t) => {
    const reader = Object.assign(new FakeSource(), { report: NOT_READY })
    const observers = { drainMs: 0, restarts: { max: 0, withinMs: 1 }, workerBaseUrl: undefined }
    const handle = { region: smallRegion().words.buffer, policy: reader.policy, observers }
    const gate = new ExitGate()
    const actor = await ProbeActor.create(
      {
        ...DEFAULT_SETTINGS,
        ...OPEN_TO_ALL,
        handle: { ...handle, publishTimeoutMs: 0, readTimeoutMs: 0 },
        transport: 'node',
        readTimeoutMs: 0,
        maxStreams: 8,
        grpcBooks: undefined,
        startupDeadline,
        startupSuppressMs: 0,
        probeRestarts: 0,
        evidence: undefined,
        gate: gate.buffer,
      },
      gate,
      reader,
    )
    t.after(() => actor.close())
    const connection = await RawConnection.open((await actor.listen('127.0.0.1', 0)).port)
    t.after(() => connection.close())
    connection.request('GET', '/startupz')
    assert.match((await connection.receive()).statusLine, new RegExp(`^HTTP/1.1 ${code} `))
  })
}
