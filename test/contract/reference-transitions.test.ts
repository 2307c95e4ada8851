// The reference's § 1.3, row by row: which updates make a transition, and what it says. They are read from the journal, which
// is where observers of any kind get them from.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HealthManager, HealthStatus } from '../../src/index.js'
import { JournalReader } from '../../src/memory/journal.js'
import { openRegion } from '../../src/memory/region.js'
import type { Transition } from '../../src/model/transition.js'
import { startRuntime } from './support/runtime.js'

const { Unspecified, Healthy, Degraded, Unhealthy } = HealthStatus

/** Every transition so far, without numbers and times, once all that was reported is applied. */
async function transitionsOf(health: HealthManager) {
  await health.flush()
  const reader = new JournalReader(openRegion(health.handle().region), 'oldest')
  const transitions: Omit<Transition, 'number' | 'at'>[] = []
  for (let entry = reader.next(); entry !== undefined; entry = reader.next()) {
    assert.ok('component' in entry, 'nothing was overwritten')
    const { number, at, metadata, ...rest } = entry
    transitions.push({ ...rest, metadata: { ...metadata } })
    assert.equal(number, transitions.length)
    assert.ok(at > 0)
  }
  assert.equal((await health.stats()).transitions, transitions.length)
  return transitions
}

/** The statuses that a component went through, two a transition. */
async function changesOf(health: HealthManager) {
  return (await transitionsOf(health)).map(({ oldStatus, newStatus }) => [oldStatus, newStatus])
}

test('§ 1.3 a change of status makes a transition: name, old, new, message, metadata', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor').degraded('slow', { queue: '7' })
  assert.deepEqual(await transitionsOf(health), [
    {
      component: 'monitor',
      oldStatus: Unspecified,
      newStatus: Degraded,
      message: 'slow',
      metadata: { queue: '7' },
    },
  ])
})

test('§ 1.3 Register and Deregister make none, also of a name that has a status', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor').unhealthy('broken')
  const before = await transitionsOf(health)
  health.register('monitor')
  health.deregister('monitor')
  health.deregister('prometheus')
  health.register('monitor')
  assert.deepEqual(await transitionsOf(health), before)
})

test('§ 1.3 after a registration anew the first status is a change from unspecified', async (t) => {
  const health = await startRuntime(t)
  const reporter = health.register('monitor')
  reporter.unhealthy('broken')
  health.deregister('monitor')
  health.register('monitor')
  reporter.unhealthy('broken')
  assert.deepEqual(await changesOf(health), [
    [Unspecified, Unhealthy],
    [Unspecified, Unhealthy],
  ])
})

test('§ 1.3 an update that is ignored makes none: of an unknown name, or after a deregistration', async (t) => {
  const health = await startRuntime(t)
  const reporter = health.register('monitor')
  health.deregister('monitor')
  reporter.unhealthy('by reporter')
  health.updateStatus('monitor', Unhealthy, 'by name')
  health.updateStatus('prometheus', Degraded, 'never registered')
  assert.deepEqual(await transitionsOf(health), [])
  assert.equal((await health.stats()).ignored, 3)
})

for (const [what, message, metadata] of [
  ['another message', 'still slow', undefined],
  ['other metadata', 'slow', { queue: '8' }],
  ['cleared metadata', 'slow', {}],
  ['nothing new', 'slow', { queue: '7' }],
] as const) {
  test(`§ 1.3 the same status with ${what} makes none, though it is stored`, async (t) => {
    const health = await startRuntime(t)
    const reporter = health.register('monitor')
    reporter.degraded('slow', { queue: '7' })
    const before = await transitionsOf(health)
    reporter.degraded(message, metadata)
    assert.deepEqual(await transitionsOf(health), before)
    const { message: stored, metadata: storedMetadata } = health.getStatus('monitor')!
    assert.deepEqual([stored, { ...storedMetadata }], [message, metadata ?? { queue: '7' }])
  })
}

test('§ 1.3 unspecified said of a component that is so makes none', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor').update(Unspecified, 'who knows', { a: '1' })
  assert.deepEqual(await transitionsOf(health), [])
  assert.equal(health.getStatus('monitor')?.message, 'who knows')
})

test('§ 1.3 back to unspecified makes one', async (t) => {
  const health = await startRuntime(t)
  const reporter = health.register('monitor')
  reporter.healthy('fine')
  reporter.update(Unspecified, 'who knows')
  assert.deepEqual(await changesOf(health), [
    [Unspecified, Healthy],
    [Healthy, Unspecified],
  ])
})

for (const [what, given, after] of [
  ['the new metadata where some was given', { b: '2' }, { b: '2' }],
  ['none where an empty object was given', {}, {}],
  ['the retained metadata where null was given', null, { a: '1' }],
  ['the retained metadata where none was given', undefined, { a: '1' }],
] as const) {
  test(`§ 1.3 a transition has ${what}`, async (t) => {
    const health = await startRuntime(t)
    const reporter = health.register('monitor')
    reporter.healthy('fine', { a: '1' })
    reporter.unhealthy('broken', given)
    assert.deepEqual((await transitionsOf(health))[1]?.metadata, after)
  })
}

test('§ 1.3 a transition has the metadata that a report without a change of status left', async (t) => {
  const health = await startRuntime(t)
  const reporter = health.register('monitor')
  reporter.healthy('fine', { a: '1' })
  reporter.healthy('fine', { a: '2' })
  reporter.unhealthy('broken')
  assert.deepEqual((await transitionsOf(health))[1]?.metadata, { a: '2' })
})

test('§ 1.3 a component without metadata has empty metadata in its transition, never none', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor').healthy('fine')
  assert.deepEqual((await transitionsOf(health))[0]?.metadata, {})
})
