// The reference's § 1.1, § 1.2 and § 1.6, row by row, against the runtime: what is stored and what is read.
// Transitions (§ 1.3) are in reference-transitions.test.ts, verdicts and suppression in reference-verdicts.test.ts, refused
// arguments in reference-arguments.test.ts.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Component, HealthStatus, healthStatusName } from '../../src/index.js'
import { plain, startRuntime } from './support/runtime.js'

const DAY_MS = 24 * 60 * 60_000

/** Sets the clocks of this thread, which are those of its reads, ahead until the test ends. */
function advanceClocks(t: TestContext, byMs: number): void {
  const [wallMs, uptimeMs] = [Date.now.bind(Date), performance.now.bind(performance)]
  const hrtime = process.hrtime.bind(process)
  t.mock.method(Date, 'now', () => wallMs() + byMs)
  t.mock.method(performance, 'now', () => uptimeMs() + byMs)
  t.mock.method(process, 'hrtime', () => {
    const [seconds, nanoseconds] = hrtime()
    return [seconds + byMs / 1000, nanoseconds]
  })
}

const fresh = { status: 0, message: '', metadata: {} }

test('§ 1.1 status: 0 unspecified, 1 healthy, 2 degraded, 3 unhealthy', () => {
  assert.deepEqual(HealthStatus, { Unspecified: 0, Healthy: 1, Degraded: 2, Unhealthy: 3 })
  assert.deepEqual([0, 1, 2, 3].map(healthStatusName), [
    'unspecified',
    'healthy',
    'degraded',
    'unhealthy',
  ])
})

test('§ 1.1 status: any other number prints unspecified', () => {
  for (const other of [99, -1, 4, 1.5, Number.NaN])
    assert.equal(healthStatusName(other), 'unspecified')
})

test('§ 1.1 a fresh manager is empty, alive, not ready, with no grace and no standby', async (t) => {
  const health = await startRuntime(t)
  assert.equal(health.buildReport().size, 0)
  assert.equal(health.livenessCheck(), undefined)
  assert.equal(health.readinessCheck()?.message, 'collector_manager is not registered')
})

test('§ 1.1 no staleness: a status stays until somebody overwrites it, and be it a day', async (t) => {
  const health = await startRuntime(t)
  health.register('collector_manager').unhealthy('once')
  health.suppressLiveness(DAY_MS / 2)
  await health.flush()
  const before = health.getStatus('collector_manager')
  assert.equal(health.livenessCheck(), undefined)
  advanceClocks(t, DAY_MS)
  // The suppression, which does age, shows that it is a day later.
  assert.match(health.livenessCheck()?.message ?? '', /^collector_manager is unhealthy/)
  assert.deepEqual(health.getStatus('collector_manager'), before)
  assert.deepEqual([...health.buildReport().values()], [before])
})

test('§ 1.2 Register: an unknown name is added as unspecified, without message and metadata', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor')
  assert.deepEqual(plain(health.buildReport()), [{ name: 'monitor', ...fresh }])
})

test('§ 1.2 Register: an existing name keeps status, message and metadata', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor').degraded('slow', { since: 'noon' })
  const before = health.getStatus('monitor')
  health.register('monitor')
  assert.deepEqual(health.getStatus('monitor'), before)
})

test('§ 1.2 Register: a second reporter of an existing name reports to the same component', async (t) => {
  const health = await startRuntime(t)
  const first = health.register('monitor')
  const second = health.register('monitor')
  first.healthy('by the first')
  second.degraded('by the second')
  assert.equal(health.getStatus('monitor')?.message, 'by the second')
  first.healthy('by the first')
  assert.equal(health.getStatus('monitor')?.message, 'by the first')
})

test('§ 1.2 Register: any string of 1 to 255 bytes is a name', async (t) => {
  const health = await startRuntime(t)
  const names = [
    'x',
    '__proto__',
    'a b\n\u0000',
    '漢'.repeat(85),
    '😀',
    'constructor',
    'ä'.repeat(127),
  ]
  for (const name of names) health.register(name).healthy(name)
  for (const name of names) assert.equal(health.getStatus(name)?.message, name)
  assert.equal(health.buildReport().size, names.length)
})

test('§ 1.2 Deregister: deletes the component', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor')
  health.register('prometheus')
  health.deregister('monitor')
  assert.equal(health.getStatus('monitor'), undefined)
  assert.deepEqual([...health.buildReport().keys()], ['prometheus'])
})

test('§ 1.2 Deregister: an unknown name is a no-op', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor').healthy('here')
  health.deregister('prometheus')
  assert.equal(health.buildReport().size, 1)
})

test('§ 1.2 Deregister: registering again starts from nothing', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor').unhealthy('broken', { key: 'value' })
  health.deregister('monitor')
  health.register('monitor')
  assert.deepEqual(plain(health.buildReport()), [{ name: 'monitor', ...fresh }])
})

test('§ 1.2 UpdateStatus: an unregistered name stays unregistered, and the update is counted', async (t) => {
  const health = await startRuntime(t)
  const { ignored: before } = await health.stats()
  health.updateStatus('monitor', HealthStatus.Healthy, 'nobody listens')
  assert.equal(health.getStatus('monitor'), undefined)
  assert.equal(health.buildReport().size, 0)
  assert.equal((await health.stats()).ignored, before + 1)
})

test('§ 1.2 UpdateStatus: status and message are always overwritten, by an empty message too', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor')
  health.updateStatus('monitor', HealthStatus.Degraded, 'slow')
  health.updateStatus('monitor', HealthStatus.Healthy, '')
  assert.deepEqual(plain(health.buildReport()), [
    { name: 'monitor', status: 1, message: '', metadata: {} },
  ])
})

test('§ 1.2 UpdateStatus: back to unspecified is an update like any other', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor').healthy('fine')
  health.updateStatus('monitor', HealthStatus.Unspecified, 'who knows')
  assert.equal(health.getStatus('monitor')?.status, 0)
})

for (const [text, keep] of [
  ['null', null],
  ['undefined', undefined],
] as const) {
  test(`§ 1.2 UpdateStatus: metadata ${text} keeps the previous metadata`, async (t) => {
    const health = await startRuntime(t)
    health.register('monitor').healthy('one', { a: '1', b: '2' })
    health.updateStatus('monitor', HealthStatus.Degraded, 'two', keep)
    assert.deepEqual(plain(health.buildReport())[0]?.metadata, { a: '1', b: '2' })
  })
}

test('§ 1.2 UpdateStatus: metadata that is given replaces wholesale, never merges', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor').healthy('one', { a: '1', b: '2' })
  health.updateStatus('monitor', HealthStatus.Healthy, 'one', { c: '3' })
  assert.deepEqual(plain(health.buildReport())[0]?.metadata, { c: '3' })
})

test('§ 1.2 UpdateStatus: an empty metadata object clears', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor').healthy('one', { a: '1' })
  health.updateStatus('monitor', HealthStatus.Healthy, 'one', {})
  assert.deepEqual(plain(health.buildReport())[0]?.metadata, {})
})

test('§ 1.2 UpdateStatus: the input metadata is copied', async (t) => {
  const health = await startRuntime(t)
  const metadata: Record<string, string> = { a: '1' }
  const reporter = health.register('monitor')
  reporter.healthy('one', metadata)
  metadata['a'] = 'changed'
  assert.equal(health.getStatus('monitor')?.metadata['a'], '1')
  // The changed object is another update, although it is the same object.
  reporter.healthy('one', metadata)
  assert.equal(health.getStatus('monitor')?.metadata['a'], 'changed')
})

test('§ 1.2 UpdateStatus: after deregistration it is a no-op, by name and by reporter, and counted', async (t) => {
  const health = await startRuntime(t)
  const reporter = health.register('monitor')
  reporter.healthy('fine')
  health.deregister('monitor')
  health.updateStatus('monitor', HealthStatus.Unhealthy, 'by name')
  reporter.unhealthy('by reporter')
  assert.equal(health.getStatus('monitor'), undefined)
  assert.equal((await health.stats()).ignored, 2)
})

test('§ 1.2 Register: a reporter from before a deregistration reports to the name when it is registered again', async (t) => {
  const health = await startRuntime(t)
  const reporter = health.register('monitor')
  reporter.healthy('fine')
  health.deregister('monitor')
  reporter.unhealthy('to nobody')
  health.register('monitor')
  assert.deepEqual(plain(health.buildReport()), [{ name: 'monitor', ...fresh }])
  reporter.unhealthy('to nobody')
  assert.equal(health.getStatus('monitor')?.message, 'to nobody')
})

test('§ 1.2 UpdateStatus: the same update again after a registration in between counts', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor')
  health.updateStatus('monitor', HealthStatus.Healthy, 'fine')
  health.deregister('monitor')
  health.register('monitor')
  health.updateStatus('monitor', HealthStatus.Healthy, 'fine')
  assert.equal(health.getStatus('monitor')?.message, 'fine')
})

test('§ 1.2 GetStatus: a name that is not registered gives undefined', async (t) => {
  const health = await startRuntime(t)
  assert.equal(health.getStatus('monitor'), undefined)
  assert.equal(health.getStatus('__proto__'), undefined)
})

test('§ 1.2 GetStatus: what was given out never changes', async (t) => {
  const health = await startRuntime(t)
  const reporter = health.register('monitor')
  reporter.healthy('one', { a: '1' })
  const before = health.getStatus('monitor')!
  reporter.unhealthy('two', { a: '2' })
  assert.deepEqual([before.status, before.message, before.metadata['a']], [1, 'one', '1'])
  assert.ok(Object.isFrozen(before) && Object.isFrozen(before.metadata))
})

test('§ 1.2 GetStatus: metadata is there even where none was given, with a null prototype', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor')
  const { metadata } = health.getStatus('monitor')!
  assert.equal(Object.getPrototypeOf(metadata), null)
  assert.deepEqual(Object.keys(metadata), [])
})

test('§ 1.2 BuildReport: everything registered, sorted by the UTF-8 bytes of the names', async (t) => {
  const health = await startRuntime(t)
  for (const name of ['😀', '\uffee', 'b', 'a', 'ä']) health.register(name)
  assert.deepEqual([...health.buildReport().keys()], ['a', 'b', 'ä', '\uffee', '😀'])
})

test('§ 1.2 BuildReport: what was given out never changes and never affects the manager', async (t) => {
  const health = await startRuntime(t)
  const reporter = health.register('monitor')
  reporter.healthy('one', { a: '1' })
  const report = health.buildReport()
  reporter.unhealthy('two', {})
  health.register('prometheus')
  assert.deepEqual(plain(report), [
    { name: 'monitor', status: 1, message: 'one', metadata: { a: '1' } },
  ])
  const { metadata } = report.get('monitor')!
  assert.throws(() => Object.assign(metadata, { a: 'changed' }), TypeError)
  assert.deepEqual(Object.keys(health.getStatus('monitor')!.metadata), [])
})

test('§ 1.2 BuildReport: a status is that of GetStatus', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor').degraded('slow', { a: '1' })
  assert.deepEqual(health.buildReport().get('monitor'), health.getStatus('monitor'))
})

test('§ 1.6 the names of the components', () => {
  assert.deepEqual(Object.values(Component), [
    'collector_manager',
    'buffer_queue',
    'dakr_transport',
    'mpa_server',
    'prometheus',
    'monitor',
    'ebpf_tracer',
    'pod_cache',
    'karpenter_deployment',
    'gpu_runtime_resolver',
    'memory_pressure',
  ])
})
