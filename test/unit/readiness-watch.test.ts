// Readiness is noticed with the record that it passes with, whether or not the next record of the same run undoes it.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { toFloatWords } from '../../src/memory/control.js'
import { DirectoryReader } from '../../src/memory/directory.js'
import {
  KIND_STANDBY,
  KIND_SUPPRESS_READINESS,
  MAILBOX_HEAD,
  READINESS_SEEN,
} from '../../src/memory/layout.js'
import { mailboxHeader } from '../../src/memory/mailbox.js'
import type { ReadinessPolicy } from '../../src/model/policy.js'
import { Bench } from './core-support.js'

const FAIL: ReadinessPolicy = { readiness: ['x', 'y'], unregistered: 'fail' }
const SKIP: ReadinessPolicy = { readiness: ['x', 'y'], unregistered: 'skip' }

function rig(policy = FAIL) {
  const bench = new Bench({}, 1, policy)
  const attachment = bench.attach()
  const [x, y] = ['x', 'y'].map((name) => bench.register(attachment, name))
  const isSeen = () => bench.word(READINESS_SEEN) === 1
  return { bench, attachment, x: x!, y: y!, isSeen }
}

test('a moment in which all components are healthy or degraded is seen', () => {
  const { bench, x, y, isSeen } = rig()
  x.healthy()
  y.unhealthy()
  bench.drain.run()
  assert.ok(!isSeen())
  y.degraded()
  y.unhealthy()
  bench.drain.run()
  assert.ok(isSeen())
})

test('components that are good by turns, never together, are not', () => {
  const { bench, x, y, isSeen } = rig()
  for (const [good, bad] of [
    [x, y],
    [y, x],
    [x, y],
  ] as const) {
    bad.unhealthy()
    good.healthy()
    bench.drain.run()
  }
  assert.ok(!isSeen())
})

test('the component that was in the way is not the only one', () => {
  const { bench, x, y, isSeen } = rig()
  y.healthy()
  bench.drain.run()
  x.healthy()
  bench.drain.run()
  assert.ok(isSeen())
})

test('whoever sees the record applied finds it seen', () => {
  const { bench, x, y } = rig()
  x.healthy()
  y.healthy()
  const head = mailboxHeader(bench.region, 0) + MAILBOX_HEAD
  const seenAtHeads: number[] = []
  const { store } = Atomics
  const spy = mock.method(Atomics, 'store', (words: Int32Array, index: number, value: number) => {
    if (index === head) seenAtHeads.push(bench.word(READINESS_SEEN))
    return store(words, index, value)
  })
  bench.drain.run()
  spy.mock.restore()
  assert.deepEqual(seenAtHeads, [0, 1])
})

test('standby is enough, a suppression is not', () => {
  const { bench, attachment, isSeen } = rig()
  attachment.control(KIND_SUPPRESS_READINESS, ...toFloatWords(Number.MAX_VALUE))
  bench.drain.run()
  assert.ok(!isSeen())
  attachment.control(KIND_STANDBY, 1, 0)
  attachment.control(KIND_STANDBY, 0, 0)
  bench.drain.run()
  assert.ok(isSeen())
})

test('what a suppression hides is seen', () => {
  const { bench, attachment, x, y, isSeen } = rig()
  attachment.control(KIND_SUPPRESS_READINESS, ...toFloatWords(Number.MAX_VALUE))
  x.healthy()
  y.healthy()
  y.unhealthy()
  bench.drain.run()
  assert.ok(isSeen())
})

test('a component that must be registered is waited for, also after it was gone', () => {
  const bench = new Bench({}, 1, { readiness: ['x'], unregistered: 'fail' })
  const attachment = bench.attach()
  bench.register(attachment, 'x').deregister()
  const other = bench.register(attachment, 'other')
  other.healthy()
  bench.drain.run()
  assert.equal(bench.word(READINESS_SEEN), 0)
  // In another slot than before.
  bench.register(attachment, 'x').healthy()
  bench.drain.run()
  assert.equal(bench.word(READINESS_SEEN), 1)
})

test('where components need not be registered, the end of the one in the way is enough', () => {
  const bench = new Bench({}, 1, { readiness: ['x'], unregistered: 'skip' })
  assert.equal(bench.word(READINESS_SEEN), 1)
  bench.region.words[READINESS_SEEN] = 0
  const attachment = bench.attach()
  const x = bench.register(attachment, 'x')
  bench.restart()
  assert.equal(bench.word(READINESS_SEEN), 0)
  x.deregister()
  bench.register(attachment, 'x')
  assert.equal(bench.word(READINESS_SEEN), 1)
})

test('a manager that takes over sees what its predecessor had applied, and forgets nothing', () => {
  const { bench, x, y, isSeen } = rig()
  x.healthy()
  y.healthy()
  bench.drain.run()
  // The predecessor died between the two.
  bench.region.words[READINESS_SEEN] = 0
  bench.restart()
  assert.ok(isSeen())
  x.unhealthy()
  bench.drain.run()
  bench.restart()
  assert.ok(isSeen())
})

test('other components cost no look, nor does any once readiness has passed', () => {
  const { bench, attachment, x, y } = rig(SKIP)
  bench.region.words[READINESS_SEEN] = 0
  bench.restart()
  const other = bench.register(attachment, 'other')
  const looks = mock.method(DirectoryReader.prototype, 'find').mock
  const looksOf = (tell: () => void) => {
    tell()
    looks.resetCalls()
    bench.drain.run()
    return looks.callCount()
  }
  assert.equal(
    looksOf(() => other.healthy()),
    0,
  )
  // x is in the way.
  assert.equal(
    looksOf(() => y.healthy()),
    0,
  )
  assert.equal(
    looksOf(() => x.unhealthy()),
    0,
  )
  assert.equal(
    looksOf(() => x.healthy()),
    2,
  )
  assert.equal(bench.word(READINESS_SEEN), 1)
  assert.equal(
    looksOf(() => x.unhealthy()),
    0,
  )
  looks.restore()
})
