// The two times of a component status, which the reference does not have: `since` and `updatedAt`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startRuntime } from './support/runtime.js'

/** Returns once the wall clock shows another ms. */
function passAMillisecond(): void {
  const from = Date.now()
  while (Date.now() <= from) {}
}

test('since and updatedAt are the time of registration at first', async (t) => {
  const health = await startRuntime(t)
  const from = Date.now()
  health.register('monitor')
  const { since, updatedAt } = health.getStatus('monitor')!
  assert.ok(since >= from && since <= Date.now(), `since=${since} from=${from}`)
  assert.equal(updatedAt, since)
})

test('an update with the same status moves updatedAt only', async (t) => {
  const health = await startRuntime(t)
  const reporter = health.register('monitor')
  reporter.healthy('one')
  const before = health.getStatus('monitor')!
  passAMillisecond()
  reporter.healthy('two')
  const after = health.getStatus('monitor')!
  assert.equal(after.since, before.since)
  assert.ok(after.updatedAt > before.updatedAt)
})

test('a transition moves both', async (t) => {
  const health = await startRuntime(t)
  const reporter = health.register('monitor')
  reporter.healthy('one')
  const before = health.getStatus('monitor')!
  passAMillisecond()
  reporter.degraded('two')
  const after = health.getStatus('monitor')!
  assert.ok(after.since > before.since)
  assert.equal(after.updatedAt, after.since)
})

test('an identical update moves neither', async (t) => {
  const health = await startRuntime(t)
  const reporter = health.register('monitor')
  reporter.healthy('one', { a: '1' })
  const before = health.getStatus('monitor')!
  passAMillisecond()
  reporter.healthy('one', { a: '1' })
  assert.deepEqual(health.getStatus('monitor'), before)
})
