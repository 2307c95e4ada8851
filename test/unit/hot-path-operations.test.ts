// Gates the hot paths by what they do, never by how long they take: Atomics calls, which are what costs there
// (each is a builtin call), and allocations. Only calls of this thread are counted; the manager has its own.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type ComponentReporter, HealthManager, HealthStatus } from '../../src/index.js'
import { allocatedBytes } from '../allocations.js'

const MESSAGE = 'collecting, 55 of 60 active'
const METADATA = { active: '55', total: '60' }
const { Healthy, Degraded } = HealthStatus

/**
 * What reading the clock allocates in compiled code: V8 of Node.js 20 never makes the array that `process.hrtime` gives;
 * since 22 it does, some of the time or always, by what is around the call.
 */
const CLOCK_BYTES = Number(process.versions.node.split('.')[0]) < 22 ? 0 : 64

/** Calls of each Atomics function while `run` ran, and all of them together. */
function countAtomics(run: () => void): { total: number; of(name: string): number } {
  const atomics = Atomics as unknown as Record<string, (...given: unknown[]) => unknown>
  const counts = new Map<string, number>()
  const originals = Object.getOwnPropertyNames(Atomics).map(
    (name) => [name, atomics[name]!] as const,
  )
  for (const [name, original] of originals) {
    if (typeof original !== 'function') continue
    atomics[name] = (...given) => {
      counts.set(name, (counts.get(name) ?? 0) + 1)
      return original.apply(Atomics, given)
    }
  }
  try {
    run()
  } finally {
    for (const [name, original] of originals) atomics[name] = original
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  return { total, of: (name) => counts.get(name) ?? 0 }
}

describe('the hot paths', () => {
  let health: HealthManager
  let reporter: ComponentReporter

  before(async () => {
    health = await HealthManager.start()
    reporter = health.register('collector_manager')
    health.register('dakr_transport')
  })
  after(() => health.stop())

  test('an update that changes nothing makes one Atomics call', async () => {
    reporter.update(Healthy, MESSAGE, METADATA)
    await health.flush()
    const plain = countAtomics(() => reporter.update(Healthy, MESSAGE))
    assert.equal(plain.total, 1)
    assert.equal(plain.of('load'), 1)
    assert.equal(countAtomics(() => reporter.update(Healthy, MESSAGE, METADATA)).total, 1)
    assert.equal(
      countAtomics(() => health.updateStatus('collector_manager', Healthy, MESSAGE, METADATA))
        .total,
      1,
    )
  })

  test('an update that changes the status makes at most four, and two more where it wakes the manager', async () => {
    const updates = 100
    reporter.update(Healthy, MESSAGE)
    await health.flush()
    const calls = countAtomics(() => {
      for (let i = 0; i < updates; i++) reporter.update(i % 2 === 0 ? Degraded : Healthy, MESSAGE)
    })
    const wakes = calls.of('notify')
    assert.ok(wakes <= updates, `wakes=${wakes}`)
    assert.ok(calls.total - 2 * wakes <= 4 * updates, `total=${calls.total} wakes=${wakes}`)
  })

  test('a liveness check makes at most four Atomics calls while nothing changes', async () => {
    reporter.update(Healthy, MESSAGE)
    await health.flush()
    assert.equal(health.livenessCheck(), undefined)
    const calls = countAtomics(() => health.livenessCheck())
    assert.ok(calls.total <= 4, `total=${calls.total}`)
  })

  test('a beat makes one Atomics store, besides the looks whether it may', () => {
    const known = health.register('with_deadline', { deadlineMs: 60_000 })
    known.beat()
    const calls = countAtomics(() => known.beat())
    assert.equal(calls.of('store'), 1)
    assert.equal(calls.total - calls.of('load'), 1)
    assert.ok(calls.of('load') <= 4, `loads=${calls.of('load')}`)
  })

  test('an update that changes nothing is a beat for one store more where there is a deadline', async () => {
    const known = health.register('with_deadline', { deadlineMs: 60_000 })
    known.update(Healthy, MESSAGE, METADATA)
    await health.flush()
    const calls = countAtomics(() => known.update(Healthy, MESSAGE, METADATA))
    assert.deepEqual([calls.of('load'), calls.of('store'), calls.total], [1, 1, 2])
  })

  test('a liveness check makes no more Atomics calls for a deadline while it cannot have run out', async () => {
    const own = await HealthManager.start({ policy: { liveness: ['with_deadline'] } })
    try {
      own.register('with_deadline', { deadlineMs: 60_000 }).update(Healthy, MESSAGE)
      await own.flush()
      assert.equal(own.livenessCheck(), undefined)
      const calls = countAtomics(() => own.livenessCheck())
      assert.ok(calls.total <= 4, `total=${calls.total}`)
    } finally {
      await own.stop()
    }
  })

  test('a breadcrumb that was left before makes two Atomics stores, and clearing it one', () => {
    const calls = countAtomics(() => health.breadcrumb('parse batch'))
    // The first time its text is written: three words between two moves of the sequence.
    assert.ok(calls.of('store') <= 8, `stores=${calls.of('store')}`)
    const again = countAtomics(() => health.breadcrumb('parse batch'))
    assert.deepEqual([again.of('load'), again.of('store'), again.total], [1, 2, 3])
    const cleared = countAtomics(() => health.breadcrumb(''))
    assert.deepEqual([cleared.of('load'), cleared.of('store'), cleared.total], [1, 1, 2])
  })

  test('a breadcrumb that was left before allocates nothing but what the clock does', () => {
    const bytes = allocatedBytes(() => health.breadcrumb('parse batch'), CLOCK_BYTES + 1)
    assert.ok(bytes < CLOCK_BYTES + 1, `bytes=${bytes} a breadcrumb`)
  })

  test('a beat allocates nothing but what the clock does', () => {
    const known = health.register('with_deadline', { deadlineMs: 60_000 })
    const bytes = allocatedBytes(() => known.beat(), CLOCK_BYTES + 1)
    assert.ok(bytes < CLOCK_BYTES + 1, `bytes=${bytes} a beat`)
  })

  test('an update that changes nothing allocates nothing', async () => {
    reporter.update(Healthy, MESSAGE)
    await health.flush()
    const bytes = allocatedBytes(() => reporter.update(Healthy, MESSAGE))
    assert.ok(bytes < 1, `bytes=${bytes} an update`)
  })

  test('an update that repeats its metadata allocates nothing', async () => {
    reporter.update(Healthy, MESSAGE, METADATA)
    await health.flush()
    const bytes = allocatedBytes(() => reporter.update(Healthy, MESSAGE, METADATA))
    assert.ok(bytes < 1, `bytes=${bytes} an update`)
  })

  test('a liveness check that passes allocates nothing', async () => {
    reporter.update(Healthy, MESSAGE)
    await health.flush()
    const bytes = allocatedBytes(() => {
      health.livenessCheck()
    })
    assert.ok(bytes < 1, `bytes=${bytes} a check`)
  })

  test('the allocation gate sees sixteen bytes an operation', () => {
    const kept: object[] = []
    kept.length = 100
    let i = 0
    const bytes = allocatedBytes(() => {
      kept[i++ % 100] = { i }
    }, 64)
    assert.ok(bytes >= 16 && bytes < 64, `bytes=${bytes} an operation`)
  })
})
