import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ServingStatus, targetOf } from '../../src/probe/grpc-service-names.js'
import { WatchHub } from '../../src/probe/grpc-watch.js'
import { FakeWatcher, FakeWatchSource, OPEN_GATE } from '../fake-watch-source.js'

/** `main` and `link` are healthy, `other` is registered. */
function createHub(t: TestContext) {
  const source = new FakeWatchSource()
  for (const name of ['main', 'link', 'other']) source.register(name)
  source.move('main', 1)
  source.move('link', 1)
  const hub = new WatchHub(source)
  t.after(() => hub.close())
  const watch = (
    service: string,
    watcher = new FakeWatcher(),
    current = source.current(service),
  ) => {
    const remove = hub.add(targetOf(service), watcher, current)
    return Object.assign(watcher, { remove })
  }
  return { source, hub, watch }
}

test('a watcher is told the current status at once', (t) => {
  const { watch } = createHub(t)
  assert.deepEqual(watch('').told, ['serving'])
  assert.deepEqual(watch('readiness').told, ['serving'])
  assert.deepEqual(watch('other').told, ['not serving'])
  assert.deepEqual(watch('component/main').told, ['serving'])
  assert.deepEqual(watch('nobody').told, ['unknown'])
})

test('transitions between two rounds are all told, in order', (t) => {
  const { source, hub, watch } = createHub(t)
  const watchers = ['liveness', 'readiness', 'main'].map((service) => watch(service))
  source.move('main', 3)
  source.move('main', 1)
  source.move('main', 3)
  source.move('main', 2)
  hub.round()
  for (const { told } of watchers) {
    assert.deepEqual(told, ['serving', 'not serving', 'serving', 'not serving', 'serving'])
  }
})

test('a status that serves as the one before is not told again', (t) => {
  const { source, hub, watch } = createHub(t)
  const watcher = watch('main')
  source.move('main', 2)
  source.move('main', 1)
  hub.round()
  source.move('main', 3)
  source.move('main', 0)
  hub.round()
  hub.round()
  assert.deepEqual(watcher.told, ['serving', 'not serving'])
})

test('only who watches a component is told of it', (t) => {
  const { source, hub, watch } = createHub(t)
  const main = watch('main')
  const other = watch('other')
  source.move('other', 1)
  hub.round()
  assert.deepEqual(main.told, ['serving'])
  assert.deepEqual(other.told, ['not serving', 'serving'])
})

test('registrations and deregistrations are told', (t) => {
  const { source, hub, watch } = createHub(t)
  const watcher = watch('late')
  source.register('late')
  hub.round()
  source.move('late', 1)
  hub.round()
  source.deregister('late')
  hub.round()
  assert.deepEqual(watcher.told, ['unknown', 'not serving', 'serving', 'unknown'])
})

test('a registration that is followed by a transition in the same round is told as well', (t) => {
  const { source, hub, watch } = createHub(t)
  const watcher = watch('late')
  source.register('late')
  source.move('late', 1)
  hub.round()
  assert.deepEqual(watcher.told, ['unknown', 'not serving', 'serving'])
})

test('a registration anew is told by what it has put back', (t) => {
  const { source, hub, watch } = createHub(t)
  const watcher = watch('main')
  source.deregister('main')
  source.register('main')
  hub.round()
  assert.deepEqual(watcher.told, ['serving', 'not serving'])
})

test('the readiness of a component that must be there falls with its deregistration', (t) => {
  const { source, hub, watch } = createHub(t)
  const watcher = watch('readiness')
  source.deregister('link')
  hub.round()
  assert.deepEqual(watcher.told, ['serving', 'not serving'])
})

test('standby and suppressions are told when they come and when they go', (t) => {
  const { source, hub, watch } = createHub(t)
  source.move('main', 3)
  const liveness = watch('liveness')
  const readiness = watch('readiness')
  source.gate = { ...OPEN_GATE, isStandby: true }
  hub.round()
  source.gate = { ...OPEN_GATE, isLivenessSuppressed: true }
  hub.round()
  source.gate = OPEN_GATE
  hub.round()
  assert.deepEqual(liveness.told, ['not serving', 'serving', 'not serving'])
  assert.deepEqual(readiness.told, ['not serving', 'serving', 'not serving'])
})

test('what fails within a suppression is not told when the two end in the same round', (t) => {
  const { source, hub, watch } = createHub(t)
  const watcher = watch('readiness')
  source.gate = { ...OPEN_GATE, isReadinessSuppressed: true }
  source.move('link', 3)
  hub.round()
  source.move('link', 1)
  source.gate = OPEN_GATE
  hub.round()
  assert.deepEqual(watcher.told, ['serving'])
})

test('a transition during a round is told once, after those before it', (t) => {
  const { source, hub, watch } = createHub(t)
  const watcher = watch('main')
  source.move('main', 3)
  let steps = 0
  source.onStep = () => {
    steps++
    if (steps === 3) source.move('main', 1)
    if (steps === 5) source.move('main', 3)
  }
  hub.round()
  source.onStep = () => {}
  hub.round()
  assert.deepEqual(watcher.told, ['serving', 'not serving', 'serving', 'not serving'])
})

test('a component that moves and goes before the look is told to be gone', (t) => {
  const { source, hub, watch } = createHub(t)
  const watcher = watch('main')
  let steps = 0
  source.onStep = () => {
    steps++
    // Behind the count of what the look shows, before the look.
    if (steps !== 3) return
    source.move('main', 3)
    source.deregister('main')
  }
  hub.round()
  hub.round()
  assert.deepEqual(watcher.told, ['serving', 'not serving', 'unknown'])
})

test('a transition that is not in the table yet is not taken back', (t) => {
  const { source, hub, watch } = createHub(t)
  const watchers = ['main', 'liveness'].map((service) => watch(service))
  source.journal('main', 3)
  hub.round()
  hub.round()
  source.commit()
  hub.round()
  for (const { told } of watchers) assert.deepEqual(told, ['serving', 'not serving'])
})

test('silence that a look has shown is told once, also when it is journaled later', (t) => {
  const { source, hub, watch } = createHub(t)
  const watchers = ['liveness', 'main'].map((service) => watch(service))
  source.show('main', 3)
  hub.round()
  source.move('main', 3)
  hub.round()
  for (const { told } of watchers) assert.deepEqual(told, ['serving', 'not serving'])
  source.show('main', 1)
  hub.round()
  source.move('main', 1)
  hub.round()
  for (const { told } of watchers) assert.deepEqual(told, ['serving', 'not serving', 'serving'])
})

test('an update after silence is told once, though its end was not journaled', (t) => {
  const { source, hub, watch } = createHub(t)
  const watcher = watch('main')
  source.move('main', 3)
  hub.round()
  source.show('main', 1)
  hub.round()
  source.move('main', 2)
  hub.round()
  assert.deepEqual(watcher.told, ['serving', 'not serving', 'serving'])
})

test('after a gap the status is that of a look', (t) => {
  const { source, hub, watch } = createHub(t)
  const main = watch('main')
  const liveness = watch('liveness')
  const other = watch('other')
  source.move('main', 3)
  source.move('other', 1)
  source.move('other', 3)
  source.overwrite(1)
  while (hub.round());
  source.move('main', 1)
  hub.round()
  assert.deepEqual(main.told, ['serving', 'not serving', 'serving'])
  assert.deepEqual(liveness.told, ['serving', 'not serving', 'serving'])
  assert.deepEqual(other.told, ['not serving'])
})

test('a burst is read in parts', (t) => {
  const { source, hub, watch } = createHub(t)
  const watcher = watch('main')
  for (let i = 0; i < 1_000; i++) {
    source.move('main', 3)
    source.move('main', 1)
  }
  let rounds = 1
  while (hub.round()) rounds++
  assert.ok(rounds > 2, `${rounds} rounds`)
  assert.equal(watcher.told.length, 2_001)
})

test('a look that cannot be had delays only what is not in the journal', (t) => {
  const { source, hub, watch } = createHub(t)
  const main = watch('main')
  const late = watch('late')
  source.isUnreadable = true
  source.move('main', 3)
  source.register('late')
  hub.round()
  assert.deepEqual(main.told, ['serving', 'not serving'])
  assert.deepEqual(late.told, ['unknown'])
  source.isUnreadable = false
  hub.round()
  assert.deepEqual(late.told, ['unknown', 'not serving'])
})

test('a first watcher that finds no look is told what its own look said, and put right later', (t) => {
  const { source, hub, watch } = createHub(t)
  source.isUnreadable = true
  const watcher = watch('main', new FakeWatcher(), ServingStatus.NotServing)
  assert.deepEqual(watcher.told, ['not serving'])
  source.isUnreadable = false
  hub.round()
  assert.deepEqual(watcher.told, ['not serving', 'serving'])
})

test('a later watcher that finds no look is put right although nothing has changed', (t) => {
  const { source, hub, watch } = createHub(t)
  watch('liveness')
  source.isUnreadable = true
  const watcher = watch('main', new FakeWatcher(), ServingStatus.NotServing)
  source.isUnreadable = false
  hub.round()
  assert.deepEqual(watcher.told, ['not serving', 'serving'])
})

test('the stop of the runtime is told, and nothing after it', (t) => {
  const { source, hub, watch } = createHub(t)
  const watchers = ['', 'readiness', 'main', 'other', 'nobody'].map((service) => watch(service))
  source.isStopped = true
  hub.round()
  source.move('other', 1)
  hub.round()
  assert.deepEqual(
    watchers.map(({ told }) => told),
    [
      ['serving', 'not serving'],
      ['serving', 'not serving'],
      ['serving', 'not serving'],
      ['not serving'],
      ['unknown'],
    ],
  )
  assert.ok(watchers.every(({ isEnded }) => !isEnded))
  assert.deepEqual(watch('main').told, ['not serving'])
  hub.close()
  assert.ok(watchers.every(({ isEnded }) => isEnded))
})

test('the close is told before the streams end', (t) => {
  const { hub, watch } = createHub(t)
  const watcher = watch('main')
  hub.close()
  assert.deepEqual(watcher.told, ['serving', 'not serving'])
  assert.equal(watcher.isEnded, true)
  assert.equal(hub.watcherCount, 0)
})

test('a stream ends with the reason: a stop, or a read that failed', async (t) => {
  const stopped = createHub(t)
  const told = stopped.watch('main')
  stopped.hub.close()
  assert.equal(await told.ended, 'the server stops')
  const unreadable = createHub(t)
  unreadable.source.changed = () => Promise.reject(new Error('secret'))
  assert.equal(await unreadable.watch('main').ended, 'the health runtime cannot be read')
  assert.equal(unreadable.hub.watcherCount, 0)
})

test('a watcher that is full is dropped, and others are not', (t) => {
  const { source, hub, watch } = createHub(t)
  const slow = watch('main', new FakeWatcher(2))
  const quick = watch('main')
  for (const status of [3, 1, 3] as const) source.move('main', status)
  hub.round()
  assert.equal(slow.told.length, 2)
  assert.equal(quick.told.length, 4)
  assert.equal(hub.watcherCount, 1)
})

test('a watcher that was removed is told no more, however often it is removed', (t) => {
  const { source, hub, watch } = createHub(t)
  const watcher = watch('main')
  const stays = watch('liveness')
  watcher.remove()
  watcher.remove()
  assert.equal(hub.watcherCount, 1)
  source.move('main', 3)
  hub.round()
  assert.deepEqual(watcher.told, ['serving'])
  assert.deepEqual(stays.told, ['serving', 'not serving'])
})

test('a thousand watchers of a verdict are told alike', (t) => {
  const { source, hub, watch } = createHub(t)
  const watchers = Array.from({ length: 1_000 }, () => watch('liveness'))
  source.move('main', 3)
  hub.round()
  assert.ok(watchers.every(({ told }) => told.join() === 'serving,not serving'))
})

test('a burst for many watchers is told in parts, of which each has one transition at least', (t) => {
  const { source, hub, watch } = createHub(t)
  const watchers = Array.from({ length: 1_000 }, () => watch('main'))
  for (let i = 0; i < 10; i++) source.move('main', i % 2 === 0 ? 3 : 1)
  const toldCounts = () => new Set(watchers.map(({ told }) => told.length))
  let rounds = 0
  do {
    rounds++
    hub.round()
    assert.deepEqual(toldCounts(), new Set([rounds + 1]))
  } while (rounds < 10)
  assert.equal(hub.round(), false)
  assert.deepEqual(toldCounts(), new Set([11]))
})

/** A hub that has told a thousand watchers of `main` and of readiness of one transition out of three, and is behind. */
function createBehind(t: TestContext) {
  const scene = createHub(t)
  const { source, hub, watch } = scene
  const others = Array.from({ length: 1_000 }, (_, i) => watch(i % 2 === 0 ? 'main' : 'readiness'))
  hub.round()
  for (const status of [3, 1, 3] as const) source.move('main', status)
  assert.equal(hub.round(), true)
  assert.deepEqual(others[0]?.told, ['serving', 'not serving'])
  return { ...scene, others }
}

test('who comes while the hub is behind is told what is now, and of each change from then on', (t) => {
  const { source, hub, watch, others } = createBehind(t)
  source.move('main', 1)
  const late = ['main', 'readiness'].map((service) => watch(service))
  for (const status of [3, 1, 3] as const) source.move('main', status)
  while (hub.round());
  const changes = ['serving', 'not serving', 'serving', 'not serving']
  for (const { told } of late) assert.deepEqual(told, changes)
  assert.deepEqual(others[0]?.told, [...changes, ...changes])
})

test('who knows by a look of its own what the hub has not seen yet is told nothing else', (t) => {
  const { source, hub, watch } = createBehind(t)
  source.gate = { ...OPEN_GATE, isStandby: true }
  const late = watch('readiness')
  while (hub.round());
  assert.deepEqual(late.told, ['serving'])
  source.gate = OPEN_GATE
  hub.round()
  assert.deepEqual(late.told, ['serving', 'not serving'])
})

test('the stop is told to who comes while the hub is behind, where it is news', (t) => {
  const { source, hub, watch } = createBehind(t)
  const ill = watch('main')
  const well = watch('link')
  source.isStopped = true
  hub.round()
  assert.deepEqual(ill.told, ['not serving'])
  assert.deepEqual(well.told, ['serving', 'not serving'])
  hub.close()
  assert.ok(ill.isEnded && well.isEnded)
  assert.equal(hub.watcherCount, 0)
})

test('who goes again before the hub has come so far leaves nothing behind', (t) => {
  const { source, hub, watch } = createBehind(t)
  const stays = watch('other')
  const goes = watch('other')
  assert.equal(hub.watcherCount, 1_002)
  goes.remove()
  goes.remove()
  watch('link').remove()
  watch('link', new FakeWatcher(0))
  assert.equal(hub.watcherCount, 1_001)
  source.move('other', 1)
  while (hub.round());
  assert.deepEqual(stays.told, ['not serving', 'serving'])
  assert.deepEqual(goes.told, ['not serving'])
})

test('a watcher that cannot be added leaves nothing behind', (t) => {
  const { source, hub, watch } = createHub(t)
  const other = watch('other')
  source.onStep = () => {
    throw new Error('gone')
  }
  assert.throws(() => watch('leaving'), /gone/)
  source.onStep = () => {}
  const asked: string[] = []
  const peek = source.tryPeek.bind(source)
  source.tryPeek = () => {
    const look = peek()
    if (look === undefined) return look
    const get = (name: string) => {
      asked.push(name)
      return look.report.get(name)
    }
    return { ...look, report: Object.assign(new Map(look.report), { get }) }
  }
  source.move('other', 1)
  hub.round()
  assert.deepEqual(other.told, ['not serving', 'serving'])
  assert.ok(asked.includes('other'))
  assert.ok(!asked.includes('leaving'))
  assert.equal(hub.watcherCount, 1)
})
