// The reference's § 1.3 as an observer sees it, and what this runtime adds: order, one at a time, isolation.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import {
  type HealthError,
  HealthManager,
  type HealthManagerOptions,
  HealthStatus,
} from '../../src/index.js'
import { ObserverRecord } from '../observer-record.js'
import { startRuntime } from './support/runtime.js'

const { Unspecified, Healthy, Degraded } = HealthStatus

async function start(t: TestContext, options?: HealthManagerOptions) {
  const health = await startRuntime(t, options)
  const errors: HealthError[] = []
  health.on('error', (error) => errors.push(error))
  return { health, errors, record: new ObserverRecord(), reporter: health.register('a') }
}

test('§ 1.3 an observer gets name, old, new, message, and the metadata after the update', async (t) => {
  const { health, record, reporter } = await start(t)
  await health.setTransitionObserver(record.observer)
  reporter.healthy('fine', { k: 'v' })
  reporter.healthy('still fine', { k: 'w' })
  reporter.degraded('slow')
  reporter.update(Unspecified, '', {})
  await record.reached(3)
  const told = record.transitions.map(({ at, metadata, ...rest }) => {
    assert.ok(at > 0)
    return { ...rest, metadata: { ...metadata } }
  })
  assert.deepEqual(told, [
    {
      number: 1,
      component: 'a',
      oldStatus: Unspecified,
      newStatus: Healthy,
      message: 'fine',
      metadata: { k: 'v' },
    },
    {
      number: 2,
      component: 'a',
      oldStatus: Healthy,
      newStatus: Degraded,
      message: 'slow',
      metadata: { k: 'w' },
    },
    {
      number: 3,
      component: 'a',
      oldStatus: Degraded,
      newStatus: Unspecified,
      message: '',
      metadata: {},
    },
  ])
})

test('§ 1.3 an observer is told of what comes after it was set, and null clears it', async (t) => {
  const { health, record, reporter } = await start(t)
  reporter.healthy('before')
  await health.setTransitionObserver(record.observer)
  reporter.degraded('during')
  await health.setTransitionObserver(null)
  reporter.unhealthy('after')
  await health.flush()
  await record.reached(1)
  await health.setTransitionObserver(record.observer)
  reporter.healthy('again')
  await record.reached(2)
  assert.deepEqual(record.messages, ['during', 'again'])
})

test('§ 1.3 a function takes over within the call, awaited or not', async (t) => {
  const { health, record, reporter } = await start(t)
  const other = new ObserverRecord()
  const first = health.setTransitionObserver(record.observer)
  reporter.healthy('first')
  const second = first.then(() => {
    const set = health.setTransitionObserver(other.observer)
    reporter.degraded('second')
    return set
  })
  await second
  await Promise.all([record.reached(1), other.reached(1)])
  assert.deepEqual([record.messages, other.messages], [['first'], ['second']])
})

test('§ 1.3 an observer that is replaced is told of the transitions before, also of those it has not got to', async (t) => {
  const { health, record, reporter } = await start(t)
  const other = new ObserverRecord()
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  await health.setTransitionObserver(async (transition) => {
    await held
    record.observer(transition)
  })
  for (let i = 0; i < 10; i++) reporter.update(i % 2 === 0 ? Healthy : Degraded, `${i}`)
  await health.setTransitionObserver(other.observer)
  reporter.unhealthy('the other one’s')
  // The new one does not wait for the old one.
  await other.reached(1)
  assert.equal(record.transitions.length, 0)
  release()
  await record.reached(10)
  assert.deepEqual(record.numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  assert.deepEqual(other.numbers, [11])
})

test('calls on one instance set their observers in their order', async (t) => {
  const { health, reporter } = await start(t)
  const records = [new ObserverRecord(), new ObserverRecord(), new ObserverRecord()] as const
  await Promise.all([
    health.setTransitionObserver(records[0].observer),
    health.setTransitionObserver(null),
    health.setTransitionObserver(records[1].observer),
    health.setTransitionObserver(records[2].observer),
  ])
  reporter.healthy()
  await records[2].reached(1)
  assert.deepEqual(
    records.map(({ numbers }) => numbers),
    [[], [], [1]],
  )
})

test('there is one observer in the runtime, whichever attachment has set it', async (t) => {
  const { health, record, reporter } = await start(t)
  const attached = HealthManager.attach(health.handle())
  const other = new ObserverRecord()
  await health.setTransitionObserver(record.observer)
  reporter.healthy('one')
  await health.flush()
  await attached.setTransitionObserver(other.observer)
  reporter.degraded('other')
  await Promise.all([record.reached(1), other.reached(1)])
  assert.equal((await health.stats()).observer.kind, 'function')
  // Who detaches leaves nobody behind.
  await attached.stop()
  reporter.unhealthy('nobody’s')
  await health.flush()
  assert.equal((await health.stats()).observer.kind, 'none')
  assert.deepEqual([record.messages, other.messages], [['one'], ['other']])
})

test('an attachment that detaches leaves the observer of another one alone', async (t) => {
  const { health, record, reporter } = await start(t)
  const attached = HealthManager.attach(health.handle())
  await attached.setTransitionObserver(() => {})
  await health.setTransitionObserver(record.observer)
  await attached.stop()
  reporter.healthy()
  await record.reached(1)
})

test('§ 1.3 an observer may call every method, also those that make transitions, and set another one', async (t) => {
  const { health, reporter } = await start(t)
  const record = new ObserverRecord()
  const second = new ObserverRecord()
  await health.setTransitionObserver(async (transition, manager) => {
    assert.equal(manager, health)
    record.observer(transition)
    if (transition.message !== 'go') return
    manager.register('b').degraded('by the observer')
    manager.setStandby(true)
    manager.suppressLiveness(10)
    assert.equal(manager.readinessCheck(), undefined)
    await manager.flush()
    assert.equal(manager.getStatus('b')?.message, 'by the observer')
    manager.deregister('b')
    assert.equal(manager.buildReport().size, 1)
    assert.equal((await manager.stats()).observer.lag, 2)
    await manager.setTransitionObserver(second.observer)
  })
  reporter.healthy('go')
  await record.reached(2)
  reporter.degraded('to the second one')
  await second.reached(1)
  assert.deepEqual(record.messages, ['go', 'by the observer'])
  assert.deepEqual(second.numbers, [3])
})

test('an observer that throws or rejects is counted and told once a change, and stops nothing', async (t) => {
  const { health, errors, reporter } = await start(t)
  const record = new ObserverRecord()
  await health.setTransitionObserver((transition) => {
    record.observer(transition)
    if (transition.number % 2 === 0) throw new Error('thrown')
    return Promise.reject(new Error('thrown'))
  })
  for (let i = 0; i < 6; i++) reporter.update(i % 2 === 0 ? Healthy : Degraded, '')
  await record.reached(6)
  await health.setTransitionObserver(null)
  const { delivered, timeouts, lag } = (await health.stats()).observer
  assert.deepEqual({ delivered, timeouts, lag }, { delivered: 6, timeouts: 0, lag: 0 })
  assert.equal((await health.stats()).observer.errors, 6)
  assert.deepEqual(
    errors.map(({ code, message }) => [code, message]),
    [['ERR_HEALTH_OBSERVER', 'the transition observer failed: thrown: number=1 component="a"']],
  )
  assert.ok(errors[0]?.cause instanceof Error)
})

test('an observer that never settles is left to itself after its timeout, and told of the next transition', async (t) => {
  const { health, errors, record, reporter } = await start(t)
  await health.setTransitionObserver(
    (transition) => {
      record.observer(transition)
      return new Promise(() => {})
    },
    { timeoutMs: 20 },
  )
  reporter.healthy()
  reporter.degraded()
  await record.reached(2)
  await health.setTransitionObserver(null)
  assert.ok((await health.stats()).observer.timeouts >= 1)
  assert.equal(
    errors[0]?.message,
    'the transition observer takes too long: timeoutMs=20 number=1 component="a"',
  )
})

test('an observer may have several calls under way, begun in order', async (t) => {
  const { health, record, reporter } = await start(t)
  let underWay = 0
  let most = 0
  const ends: (() => void)[] = []
  await health.setTransitionObserver(
    async (transition) => {
      record.observer(transition)
      most = Math.max(most, ++underWay)
      await new Promise<void>((resolve) => ends.push(resolve))
      underWay--
    },
    { concurrency: 4 },
  )
  for (let i = 0; i < 8; i++) reporter.update(i % 2 === 0 ? Healthy : Degraded, '')
  await record.reached(4)
  while (ends.length > 0) {
    ends.pop()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await record.reached(8)
  for (const end of ends) end()
  assert.equal(most, 4)
  assert.deepEqual(record.numbers, [1, 2, 3, 4, 5, 6, 7, 8])
})

test('an observer that was lapped is told of the gap in its place', async (t) => {
  // 64 transitions.
  const { health, record, reporter } = await start(t, { journalBytes: 4096 })
  await health.setTransitionObserver(record.observer, { onGap: record.onGap })
  // The loop that the observer runs on is not given back meanwhile.
  for (let i = 1; i <= 1_000; i++) reporter.update(i % 2 === 0 ? Healthy : Degraded, `${i}`)
  while (health.getStatus('a')?.message !== '1000');
  await record.reached(1_000)
  assert.equal(record.transitions.length + record.missed, 1_000)
  assert.ok(record.missed >= 900, `missed=${record.missed}`)
  assert.equal(record.numbers[0], 1 + record.missed)
  const { missed, gaps, delivered } = (await health.stats()).observer
  assert.deepEqual([missed, gaps], [record.missed, record.gaps.length])
  assert.ok(delivered >= record.transitions.length - 1)
})

test('an observer without onGap that was lapped is told about once', async (t) => {
  const { health, errors, reporter } = await start(t, { journalBytes: 4096 })
  await health.setTransitionObserver(() => {})
  for (let turn = 0; turn < 2; turn++) {
    for (let i = 1; i <= 1_000; i++) reporter.update(i % 2 === 0 ? Healthy : Degraded, `${i}`)
    while (health.getStatus('a')?.message !== '1000');
    await health.flush()
  }
  await health.stop()
  assert.deepEqual(
    errors.map(({ message }) => message.replace(/=.*/, '')),
    [
      'the transition observer is too slow, transitions were overwritten before it was told of them: missed',
    ],
  )
})

test('the stop has observers told of everything that was accepted', async (t) => {
  const { health, record, reporter } = await start(t)
  await health.setTransitionObserver(async (transition) => {
    await new Promise((resolve) => setTimeout(resolve, 1))
    record.observer(transition)
  })
  for (let i = 0; i < 100; i++) reporter.update(i % 2 === 0 ? Healthy : Degraded, '')
  await health.stop()
  assert.equal(record.transitions.length, 100)
})

test('the stop has the observer of another attachment told, too', async (t) => {
  const { health, record, reporter } = await start(t)
  const attached = HealthManager.attach(health.handle())
  await attached.setTransitionObserver(async (transition) => {
    await new Promise((resolve) => setTimeout(resolve, 1))
    record.observer(transition)
  })
  for (let i = 0; i < 50; i++) reporter.update(i % 2 === 0 ? Healthy : Degraded, '')
  await health.stop()
  assert.equal(record.transitions.length, 50)
  await attached.stop()
})

test('what an observer is not told of in time at the stop is counted and told', async (t) => {
  const { health, errors, reporter } = await start(t, { observerDrainMs: 50 })
  await health.setTransitionObserver(() => new Promise(() => {}))
  for (let i = 0; i < 10; i++) reporter.update(i % 2 === 0 ? Healthy : Degraded, '')
  await health.stop()
  assert.deepEqual(
    errors.map(({ message }) => message),
    ['the stop has left transitions untold: missed=10 observerDrainMs=50'],
  )
})

test('without a listener what is wrong with an observer is a process warning', async (t) => {
  const health = await startRuntime(t)
  const warned = once(process, 'warning')
  await health.setTransitionObserver(() => {
    throw new Error('boom')
  })
  health.register('a').healthy()
  await health.stop()
  const [warning] = await warned
  assert.equal(warning.code, 'ERR_HEALTH_OBSERVER')
})

for (const [what, observer, options, message] of [
  ['a string', 'file:///observer.js', {}, 'observer="file:///observer.js": must be a function'],
  ['undefined', undefined, {}, 'observer=undefined: must be a function, a URL or null'],
  ['no timeout', () => {}, { timeoutMs: 0 }, 'timeoutMs=0: must be an integer'],
  ['no concurrency', () => {}, { concurrency: 0 }, 'concurrency=0: must be an integer'],
  ['an unknown option', () => {}, { retries: 1 }, 'options="retries": must be one of'],
  ['onGap of a module', new URL('file:///o.js'), { onGap() {} }, 'options="onGap": must be one'],
  ['onGap that is no function', () => {}, { onGap: 1 }, 'onGap=1: must be a function'],
  [
    'odd limits',
    new URL('file:///o.js'),
    { resourceLimits: { stackSizeMb: -1 } },
    'resourceLimits.stackSizeMb=-1',
  ],
] as const) {
  test(`bad arguments are refused: ${what}`, async (t) => {
    const { health, record, reporter } = await start(t)
    await health.setTransitionObserver(record.observer)
    await assert.rejects(
      health.setTransitionObserver(observer as never, options as never),
      (error: HealthError) =>
        error.code === 'ERR_HEALTH_ARGUMENT' && error.message.startsWith(message),
    )
    // The one that was there stays.
    reporter.healthy()
    await record.reached(1)
  })
}
