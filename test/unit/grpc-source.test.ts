import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HealthManager } from '../../src/index.js'
import { TABLE_SEQUENCE } from '../../src/memory/layout.js'
import { openRegion } from '../../src/memory/region.js'
import { RegionSource } from '../../src/probe/grpc-source.js'
import { terminateManagerForFault } from '../../src/runtime/faults.js'

async function start(t: TestContext, journalBytes = 4_096) {
  const health = await HealthManager.start({ journalBytes, restarts: { max: 0 } })
  t.after(() => health.stop())
  health.on('error', () => {})
  const source = new RegionSource(health.handle())
  return { health, source, reporter: health.register('a') }
}

test('transitions are read once, from the last skip on', async (t) => {
  const { health, source, reporter } = await start(t)
  reporter.healthy()
  await health.flush()
  source.skipToNow()
  assert.equal(source.next(), undefined)
  reporter.unhealthy()
  await health.flush()
  const { number, component, oldStatus, newStatus } = source.next() as Exclude<
    ReturnType<typeof source.next>,
    'gap' | undefined
  >
  assert.deepEqual([number, component, oldStatus, newStatus], [2, 'a', 1, 3])
  assert.equal(source.next(), undefined)
  assert.equal(source.transitionCount(), 2)
})

test('transitions that were overwritten are a gap', async (t) => {
  const { health, source, reporter } = await start(t)
  for (let i = 0; i < 200; i++) {
    reporter.healthy()
    reporter.unhealthy()
  }
  await health.flush()
  assert.equal(source.next(), 'gap')
})

test('in the middle of a batch the last transition counts as not shown', async (t) => {
  const { health, source, reporter } = await start(t)
  reporter.healthy()
  await health.flush()
  assert.equal(source.shownCount(), 1)
  // A manager that is gone for good leaves the table as it is made here.
  await terminateManagerForFault(health)
  Atomics.add(openRegion(health.handle().region).words, TABLE_SEQUENCE, 1)
  assert.equal(source.shownCount(), 0)
})

test('a peek shows what is applied, and the same report while nothing is', async (t) => {
  const { health, source, reporter } = await start(t)
  reporter.healthy()
  await health.flush()
  const first = source.tryPeek()
  assert.equal(first?.report.get('a')?.status, 1)
  assert.equal(source.tryPeek()?.report, first?.report)
  reporter.unhealthy()
  await health.flush()
  assert.equal(source.tryPeek()?.report.get('a')?.status, 3)
  health.setStandby(true)
  await health.flush()
  assert.equal(source.tryPeek()?.gate.isStandby, true)
})

test('what is applied after a listen wakes, also before the wait for it', async (t) => {
  const { health, source, reporter } = await start(t)
  const heard = source.listen()
  const changed = source.changed(heard, 60_000)
  reporter.healthy()
  await health.flush()
  await changed
  await source.changed(heard, 60_000)
})

test('a wait that nothing ends is over in time', async (t) => {
  const { source } = await start(t)
  // A pending waitAsync does not keep the process.
  const keepAlive = setInterval(() => {}, 60_000)
  t.after(() => clearInterval(keepAlive))
  await source.changed(source.listen(), 10)
})

test('the stop is seen when it begins', async (t) => {
  const { health, source } = await start(t)
  assert.equal(source.isStopping(), false)
  const stopped = health.stop()
  assert.equal(source.isStopping(), true)
  await stopped
})
