import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_PROBES, type ProbeStats, sumOf } from '../../src/model/probe-stats.js'
import { LEDGER_RECORDS, ProbeLedger } from '../../src/probe/ledger.js'
import type { ProbeAnswer } from '../../src/probe/listener.js'
import { measured, ProbeRecorder } from '../../src/probe/metrics-recorder.js'
import { createProbeHandler } from '../../src/probe/routes.js'
import { allocatedBytes } from '../allocations.js'
import { type Asking, ask, KUBELET, legible, send } from '../ask.js'
import { FakeReader, OPEN_TO_ALL } from '../fake-reader.js'

/** Routes whose answers are entered in a ledger. */
function ledgered(reader: FakeReader, options = OPEN_TO_ALL) {
  const ledger = new ProbeLedger()
  const handler = measured(
    createProbeHandler(reader, { ...options, ledger }),
    new ProbeRecorder(reader.policy),
    ledger,
  )
  const probe = (target: string, asking?: Asking) => send(handler, target, asking)
  return { ledger, probe }
}

test('an answered probe is entered with path, code, client, reason and times', () => {
  const { ledger, probe } = ledgered(FakeReader.of({ collector_manager: [3, 'gone'] }))
  const before = Date.now()
  probe('/livez?verbose', KUBELET)
  const [record, ...others] = ledger.records()
  assert.deepEqual(others, [])
  const { at, latencyUs, ...rest } = record!
  assert.ok(at >= before && at <= Date.now())
  assert.ok(latencyUs >= 0 && latencyUs < 1e6)
  assert.deepEqual(rest, {
    path: '/livez',
    code: 503,
    client: '192.0.2.1',
    userAgent: 'kube-probe/1.30',
    reason: 'collector_manager is unhealthy: gone',
  })
})

test('probes of everybody are entered, and of a kubelet whatever it asks for', () => {
  const { ledger, probe } = ledgered(FakeReader.of({ collector_manager: [1] }))
  const curl = { headers: { 'user-agent': 'curl/8' } }
  for (const target of ['/healthz', '/livez', '/readyz', '/startupz', '/%6civez'])
    probe(target, curl)
  for (const target of ['/components', '/nope', '/ledger']) probe(target, curl)
  for (const target of ['/components', '/health']) probe(target, KUBELET)
  const paths = Array.from(ledger.records(), ({ path, code }) => `${path} ${code}`)
  assert.deepEqual(paths.reverse(), [
    '/healthz 200',
    '/livez 200',
    '/readyz 200',
    '/startupz 200',
    '/livez 200',
    '/components 200',
    '/health 404',
  ])
})

test('failures in a row are those that kubelets were told of, by question', () => {
  const reader = FakeReader.of({ collector_manager: [3, 'gone'], dakr_transport: [1] })
  const { ledger, probe } = ledgered(reader)
  probe('/livez')
  probe('/livez', KUBELET)
  probe('/healthz', KUBELET)
  probe('/readyz?verbose', KUBELET)
  probe('/startupz', KUBELET)
  probe('/livez', { ...KUBELET, method: 'POST' })
  assert.deepEqual(ledger.stats().failuresInARow, { liveness: 3, readiness: 1, startup: 1 })
  assert.equal(ledger.stats().lastFailure?.reason, 'method not allowed')
  const healthy = FakeReader.of({ collector_manager: [1], dakr_transport: [1] })
  reader.report = healthy.report
  probe('/readyz', KUBELET)
  probe('/livez')
  const { answered, failuresInARow } = ledger.stats()
  assert.deepEqual(failuresInARow, { liveness: 3, readiness: 0, startup: 1 })
  assert.equal(answered, 8)
})

test('the last 256 are kept', () => {
  const reader = FakeReader.of({ collector_manager: [1] })
  const { ledger, probe } = ledgered(reader)
  probe('/readyz')
  for (let i = 0; i < LEDGER_RECORDS; i++) probe('/livez')
  const paths = Array.from(ledger.records(), ({ path }) => path)
  assert.deepEqual(paths, new Array(256).fill('/livez'))
  assert.equal(ledger.stats().answered, 257)
})

test('what clients and components write is kept short', () => {
  const { ledger, probe } = ledgered(FakeReader.of({ collector_manager: [3, 'é'.repeat(30_000)] }))
  probe('/livez', { headers: { 'user-agent': 'a'.repeat(4_000) } })
  probe(`/${'x'.repeat(4_000)}`, KUBELET)
  const [other, liveness] = ledger.records()
  assert.equal(liveness?.userAgent, 'a'.repeat(64))
  assert.ok(Buffer.byteLength(liveness.reason) <= 1_024)
  assert.match(liveness.reason, /^collector_manager is unhealthy: é+… \[truncated \d+ bytes\]$/)
  assert.equal(other?.path, `/${'x'.repeat(63)}`)
})

test('the reason is entered also where nobody is shown it', () => {
  const hidden = { audience: { detail: 'never', token: undefined } } as const
  const reader = FakeReader.of({ collector_manager: [3, 'gone'] })
  const { ledger, probe } = ledgered(reader, hidden)
  assert.equal(legible(probe('/livez')).body, '{"status":"unhealthy"}\n')
  reader.failure = new Error('the runtime is stopped')
  for (const target of ['/livez', '/livez?verbose']) probe(target)
  const reasons = Array.from(ledger.records(), ({ reason }) => reason)
  const stopped = 'the runtime is stopped'
  assert.deepEqual(reasons, [stopped, stopped, 'collector_manager is unhealthy: gone'])
})

test('/ledger shows all of it, the newest first', () => {
  const { ledger, probe } = ledgered(FakeReader.of({ collector_manager: [3, '<gone>'] }))
  probe('/livez', KUBELET)
  probe('/readyz?exclude=collector_manager', { headers: { 'user-agent': '"\n' } })
  const { status, contentType, body } = legible(probe('/ledger'))
  assert.equal(status, 200)
  assert.equal(contentType, 'application/json')
  const { lastFailure, probes, ...counts } = JSON.parse(body)
  assert.deepEqual(counts, {
    answered: 2,
    failuresInARow: { liveness: 1, readiness: 0, startup: 0 },
  })
  assert.deepEqual(lastFailure, probes[1])
  const shown = Array.from(ledger.records(), ({ at, reason, ...rest }) => ({
    at: new Date(at).toISOString(),
    ...rest,
    ...(reason !== '' && { reason }),
  }))
  assert.deepEqual(probes, shown)
})

test('/ledger is for those who may see components', () => {
  const token = 'sixteen-characters-or-more'
  const shown = (detail: 'never' | 'authorized', asking: Asking = {}) => {
    const { probe } = ledgered(new FakeReader(), { audience: { detail, token } })
    return probe('/ledger', asking).status
  }
  assert.equal(shown('never', { isFromLoopback: true }), 404)
  assert.equal(shown('authorized'), 401)
  assert.equal(shown('authorized', { isFromLoopback: true }), 200)
  assert.equal(shown('authorized', { headers: { authorization: `Bearer ${token}` } }), 200)
})

test('/ledger is not there without a ledger', () => {
  assert.equal(ask(new FakeReader(), '/ledger').status, 404)
})

test('a probe is entered without an object of its own', () => {
  const ledger = new ProbeLedger()
  const answer: ProbeAnswer = {
    status: 503,
    contentType: '',
    body: Buffer.alloc(0),
    reason: 'é'.repeat(2_000),
  }
  const request = {
    method: 'GET',
    target: '/livez',
    header: () => 'kube-probe/1.30',
    isFromLoopback: () => false,
    remoteAddress: () => '192.0.2.1',
  }
  const bytes = allocatedBytes(() => ledger.enter(request, answer, 0.1), 17)
  // The time, as a number that does not fit a word.
  assert.ok(bytes < 17, `bytes=${bytes}`)
})

test('the ledgers of several servers make one', () => {
  const failure = (at: number) => ({
    at,
    path: '/livez',
    code: 503,
    client: '',
    userAgent: '',
    reason: '',
    latencyUs: 1,
  })
  const one: ProbeStats = {
    answered: 3,
    failuresInARow: { liveness: 1, readiness: 2, startup: 0 },
    lastFailure: failure(2),
  }
  const other: ProbeStats = {
    answered: 4,
    failuresInARow: { liveness: 2, readiness: 0, startup: 0 },
    lastFailure: failure(1),
  }
  assert.deepEqual(sumOf([]), NO_PROBES)
  assert.deepEqual(sumOf([one, other, NO_PROBES]), {
    answered: 7,
    failuresInARow: { liveness: 2, readiness: 2, startup: 0 },
    lastFailure: failure(2),
  })
})
