import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Gap, HealthManager, type HealthStatus, type Transition } from '../../src/index.js'
import { startRuntime } from './support/runtime.js'

async function start(t: TestContext, options = {}) {
  // Nothing else keeps the loop alive while a test waits for a transition.
  const timer = setInterval(() => {}, 1_000)
  t.after(() => clearInterval(timer))
  const health = await startRuntime(t, options)
  const reporter = health.register('c')
  let turn = 0
  const flip = (count = 1) => {
    for (let i = 0; i < count; i++) reporter.update((1 + (turn++ % 3)) as HealthStatus, `${turn}`)
  }
  return { health, flip }
}

const numberOf = (entry: Transition | Gap | undefined) =>
  entry !== undefined && 'number' in entry ? entry.number : entry

async function take(from: AsyncIterableIterator<Transition | Gap>, count: number) {
  const taken: (number | Gap | undefined)[] = []
  while (taken.length < count) taken.push(numberOf((await from.next()).value))
  return taken
}

test('an iterator begins behind what was reported before the call', async (t) => {
  const { health, flip } = await start(t)
  flip(3)
  const transitions = health.transitions()
  flip(2)
  assert.deepEqual(await take(transitions, 2), [4, 5])
  const next = transitions.next()
  flip()
  assert.equal(numberOf((await next).value), 6)
})

test('an iterator begins with the oldest that is kept, or with a number', async (t) => {
  const { health, flip } = await start(t)
  flip(4)
  await health.flush()
  assert.deepEqual(await take(health.transitions({ from: 'oldest' }), 4), [1, 2, 3, 4])
  assert.deepEqual(await take(health.transitions({ from: 3 }), 2), [3, 4])
})

test('an iterator that was lapped gives a gap, and no transition is missing beside it', async (t) => {
  const { health, flip } = await start(t, { journalBytes: 4096 })
  const transitions = health.transitions()
  flip(1_000)
  await health.flush()
  let last = 0
  let missed = 0
  while (last < 1_000) {
    const { value } = await transitions.next()
    assert.ok(value !== undefined)
    if ('missed' in value) {
      missed += value.missed
      last += value.missed
    } else {
      assert.equal(value.number, ++last)
    }
  }
  assert.ok(missed > 0)
})

test('any number of iterators get the same', async (t) => {
  const { health, flip } = await start(t)
  const all = Array.from({ length: 20 }, () => health.transitions())
  flip(5)
  for (const transitions of all) assert.deepEqual(await take(transitions, 5), [1, 2, 3, 4, 5])
})

test('an iterator ends behind the last transition of the runtime', async (t) => {
  const { health, flip } = await start(t)
  const transitions = health.transitions()
  flip(3)
  const stopped = health.stop()
  const seen: unknown[] = []
  for await (const entry of transitions) seen.push(numberOf(entry))
  assert.deepEqual(seen, [1, 2, 3])
  await stopped
})

test('an iterator of an attached instance ends with its stop', async (t) => {
  const { health, flip } = await start(t)
  const attached = HealthManager.attach(health.handle())
  const transitions = attached.transitions()
  flip(2)
  await health.flush()
  const waiting = take(transitions, 2)
  assert.deepEqual(await waiting, [1, 2])
  const next = transitions.next()
  await attached.stop()
  assert.deepEqual(await next, { done: true, value: undefined })
  assert.throws(() => attached.transitions(), { code: 'ERR_HEALTH_STOPPED' })
  assert.throws(() => attached.history(), { code: 'ERR_HEALTH_STOPPED' })
})

test('a signal ends the wait with its reason', async (t) => {
  const { health } = await start(t)
  const controller = new AbortController()
  const transitions = health.transitions({ signal: controller.signal })
  const next = assert.rejects(transitions.next(), /enough/)
  controller.abort(new Error('enough'))
  await next
  assert.deepEqual(await transitions.next(), { done: true, value: undefined })
  const late = health.transitions({ from: 'oldest', signal: controller.signal })
  await assert.rejects(late.next(), /enough/)
})

test('a return ends the wait that is under way', async (t) => {
  const { health } = await start(t)
  const transitions = health.transitions()
  const next = transitions.next()
  assert.deepEqual(await transitions.return?.(), { done: true, value: undefined })
  assert.deepEqual(await next, { done: true, value: undefined })
})

test('a reader that never waits leaves the loop its turns', async (t) => {
  const { health, flip } = await start(t)
  const transitions = health.transitions()
  flip(2_000)
  await health.flush()
  let turns = 0
  const count = () => {
    turns++
    immediate = setImmediate(count)
  }
  let immediate = setImmediate(count)
  await take(transitions, 2_000)
  clearImmediate(immediate)
  assert.ok(turns >= 5)
})

test('the history has the last transitions, the oldest first, this thread’s own included', async (t) => {
  const { health, flip } = await start(t)
  assert.deepEqual(health.history(), [])
  flip(5)
  assert.deepEqual(health.history().map(numberOf), [1, 2, 3, 4, 5])
  assert.deepEqual(health.history(undefined, 2).map(numberOf), [4, 5])
  const other = health.register('other')
  other.healthy('one')
  flip()
  other.degraded('two')
  assert.deepEqual(health.history('other').map(numberOf), [6, 8])
  assert.deepEqual(health.history('other', 1).map(numberOf), [8])
  assert.deepEqual(health.history('none'), [])
  const [{ at, metadata, ...rest }] = health.history('other', 1) as [Transition]
  assert.deepEqual(rest, {
    number: 8,
    component: 'other',
    oldStatus: 1,
    newStatus: 2,
    message: 'two',
  })
  assert.deepEqual({ ...metadata }, {})
  assert.ok(Math.abs(at - Date.now()) < 60_000)
})

test('the history has no more than the journal keeps, and a hundred where nothing is said', async (t) => {
  const { health, flip } = await start(t, { journalBytes: 64 * 256 })
  flip(300)
  assert.deepEqual(numberOf(health.history()[0]), 201)
  const kept = health.history(undefined, 10_000)
  assert.ok(kept.length > 200 && kept.length <= 256)
  assert.deepEqual([numberOf(kept[0]), numberOf(kept.at(-1))], [301 - kept.length, 300])
})

test('arguments that are none are refused', async (t) => {
  const { health } = await start(t)
  const argument = { code: 'ERR_HEALTH_ARGUMENT' }
  assert.throws(() => health.transitions({ from: 0 }), argument)
  assert.throws(() => health.transitions({ from: 'soon' as 'now' }), argument)
  assert.throws(() => health.transitions({ signal: {} as AbortSignal }), argument)
  assert.throws(() => health.history(''), argument)
  assert.throws(() => health.history('c', 0), argument)
})
