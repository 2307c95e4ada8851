// What readers owe when time passes, when the manager is away, and at the edges of sizes.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { AppliedWait } from '../../src/memory/applied-wait.js'
import { monotonicMs, toFloatWords } from '../../src/memory/control.js'
import {
  KIND_SUPPRESS_LIVENESS,
  PARKED,
  SLOT_BEAT,
  SLOT_WORDS,
  SNAPSHOT_DONES,
  SNAPSHOT_REQUESTS,
} from '../../src/memory/layout.js'
import { HealthReader } from '../../src/runtime/health-reader.js'
import { Bench } from './core-support.js'

const policy = { liveness: ['c'], readiness: [], unregistered: 'fail' } as const

test('a suppression that ends while a verdict is computed does not outlive itself', (t) => {
  const bench = new Bench()
  const attachment = bench.attach(0)
  bench.register(attachment, 'c').update(3, 'bad')
  const end = monotonicMs() + 1000
  const [low, high] = toFloatWords(end)
  attachment.control(KIND_SUPPRESS_LIVENESS, low, high)
  bench.drain.run()
  const reader = new HealthReader(bench.region, policy, 0)
  // The first look at the clock is before the end, every later one after it.
  let looks = 0
  t.mock.method(process, 'hrtime', () => {
    const ms = looks++ === 0 ? end - 1 : end + 1
    return [Math.floor(ms / 1e3), Math.round((ms % 1e3) * 1e6)]
  })
  assert.equal(reader.livenessCheck(), undefined)
  assert.match(reader.livenessCheck()?.message ?? '', /bad/)
})

test('after a wait in vain reads do not wait again until the manager has gone on', () => {
  const bench = new Bench()
  const reporter = bench.register(bench.attach(0), 'c')
  reporter.update(1, 'pending')
  const applied = new AppliedWait(bench.region)
  const timed = (timeoutMs: number) => {
    const begin = performance.now()
    const isApplied = applied.note() || applied.wait(timeoutMs)
    return { isApplied, ms: performance.now() - begin }
  }
  const first = timed(30)
  assert.ok(!first.isApplied && first.ms >= 29, `waited ${first.ms} ms`)
  // An hour, if it waited.
  for (let i = 0; i < 100; i++) assert.equal(timed(3_600_000).isApplied, false)
  bench.drain.run()
  assert.equal(timed(0).isApplied, true)
  reporter.update(2, 'pending again')
  const again = timed(30)
  assert.ok(
    !again.isApplied && again.ms >= 29,
    `waited ${again.ms} ms after the manager had gone on`,
  )
})

test('a name longer than any message may be comes back whole', () => {
  const name = 'n'.repeat(255)
  const bench = new Bench({ maxPayloadBytes: 64 })
  bench.register(bench.attach(0), name).update(1, 'm'.repeat(64), { k: 'v' })
  bench.drain.run()
  const status = bench.report().get(name)
  assert.equal(status?.message, 'm'.repeat(64))
  assert.deepEqual({ ...status?.metadata }, { k: 'v' })
})

test('a beat goes to the component by name, not to whoever is in its former slot', () => {
  const bench = new Bench()
  const mine = bench.attach(0)
  const reporter = bench.register(mine, 'a')
  reporter.beat()
  const other = bench.attach(1)
  bench.reporter(other, 'a').deregister()
  bench.drain.run()
  bench.register(other, 'other')
  bench.register(other, 'a')
  const { words, layout } = bench.region
  const beatAt = (slot: number) => layout.slots + slot * SLOT_WORDS + SLOT_BEAT
  words[beatAt(0)] = 0
  reporter.beat()
  assert.equal(words[beatAt(0)], 0, 'slot 0 is that of other now')
  assert.notEqual(words[beatAt(1)], 0)
})

test('a reader that comes back for another pause gets it', (t) => {
  const bench = new Bench({ mailboxBytes: 65536 })
  const reporter = bench.register(bench.attach(0), 'c')
  const { words } = bench.region
  const pauses: number[] = []
  let requests = 0
  const wait = Atomics.wait
  t.after(() => {
    Atomics.wait = wait
  })
  Atomics.wait = ((...args: Parameters<typeof wait>) => {
    pauses.push(args[1])
    return 'timed-out'
  }) as typeof wait
  for (let round = 1; round <= 3; round++) {
    for (let i = 0; i < 40; i++) reporter.update(i & 1 ? 1 : 2, `${i}`)
    Atomics.add(words, SNAPSHOT_REQUESTS, 1)
    requests++
    pauses.length = 0
    bench.drain.run()
    assert.ok(pauses.length > 0, `request ${requests} got no pause`)
    // The reader gives up this attempt; its next request comes before the manager looks again.
    Atomics.add(words, SNAPSHOT_DONES, 1)
  }
})

/** A reader of an update that is published, the manager at work or parked; the manager comes to it at some look. */
function waiting(t: TestContext, isParked: boolean, spinMs: number) {
  const bench = new Bench()
  bench.register(bench.attach(0), 'c').update(1, 'pending')
  bench.region.words[PARKED] = isParked ? 1 : 0
  const applied = new AppliedWait(bench.region, spinMs)
  assert.equal(applied.note(), false)
  const { load } = Atomics
  let looks = 0
  t.mock.method(Atomics, 'load', (words: Int32Array<SharedArrayBuffer>, index: number) => {
    if (++looks === 200) bench.drain.run()
    return load(words, index)
  })
  const { mock } = t.mock.method(Atomics, 'wait', () => {
    bench.drain.run()
    return 'ok'
  })
  return { isApplied: () => applied.wait(1_000), sleeps: () => mock.callCount() }
}

test('a reader looks for a manager that wakes without going to sleep', (t) => {
  const { isApplied, sleeps } = waiting(t, true, 60_000)
  assert.equal(isApplied(), true)
  assert.equal(sleeps(), 0)
})

test('a reader goes to sleep while the manager works on other records', (t) => {
  const { isApplied, sleeps } = waiting(t, false, 60_000)
  assert.equal(isApplied(), true)
  assert.equal(sleeps(), 1)
})

test('a reader that may not look goes to sleep at once', (t) => {
  const { isApplied, sleeps } = waiting(t, true, 0)
  assert.equal(isApplied(), true)
  assert.equal(sleeps(), 1)
})
