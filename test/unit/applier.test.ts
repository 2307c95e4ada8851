import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import {
  APPLIED_COUNT,
  COMPONENT_COUNT,
  IGNORED_COUNT,
  KIND_STANDBY,
  KIND_SUPPRESS_LIVENESS,
  SUPERSEDED_COUNT,
} from '../../src/memory/layout.js'
import { SlotMap, SlotWriter } from '../../src/memory/slot-latch.js'
import { encodeText } from '../../src/memory/text.js'
import { Bench } from './core-support.js'

function rig(sizes = {}) {
  const bench = new Bench(sizes)
  const attachment = bench.attach()
  return { bench, attachment, reporter: bench.register(attachment, 'x') }
}

/** Runs with the wall clock at this time. */
function at(epochMs: number, run: () => void): void {
  const now = mock.method(Date, 'now', () => epochMs)
  try {
    run()
  } finally {
    now.mock.restore()
  }
}

test('a component begins unspecified, without message and metadata', () => {
  const { bench } = rig()
  const { status, message, metadata } = bench.report().get('x')!
  assert.deepEqual([status, message, Object.keys(metadata)], [0, '', []])
})

test('registering a name that exists changes nothing', () => {
  const { bench, attachment, reporter } = rig()
  reporter.degraded('slow', { a: '1' })
  bench.register(attachment, 'x')
  const { status, message, metadata } = bench.report().get('x')!
  assert.deepEqual([status, message, { ...metadata }], [2, 'slow', { a: '1' }])
  assert.equal(bench.word(COMPONENT_COUNT), 1)
})

test('a component that is registered again begins anew', () => {
  const { bench, attachment, reporter } = rig()
  reporter.unhealthy('broken', { a: '1' })
  reporter.deregister()
  bench.register(attachment, 'x')
  const { status, message, metadata } = bench.report().get('x')!
  assert.deepEqual([status, message, Object.keys(metadata)], [0, '', []])
})

test('an update overwrites status and message, also with an empty one', () => {
  const { bench, reporter } = rig()
  reporter.healthy('text')
  reporter.degraded('')
  bench.drain.run()
  const { status, message } = bench.report().get('x')!
  assert.deepEqual([status, message], [2, ''])
})

test('metadata is kept, replaced as a whole, or cleared by an empty object', () => {
  const { bench, reporter } = rig()
  const shown = () => {
    bench.drain.run()
    return { ...bench.report().get('x')!.metadata }
  }
  reporter.healthy('1', { a: '1', b: '2' })
  assert.deepEqual(shown(), { a: '1', b: '2' })
  reporter.healthy('2')
  assert.deepEqual(shown(), { a: '1', b: '2' })
  reporter.healthy('3', null)
  assert.deepEqual(shown(), { a: '1', b: '2' })
  reporter.healthy('4', { c: '3' })
  assert.deepEqual(shown(), { c: '3' })
  reporter.healthy('5', {})
  assert.deepEqual(shown(), {})
})

test('`since` is the time of the last transition, `updatedAt` of the last update', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  const times = () => {
    const { since, updatedAt } = bench.report().get('x')!
    return [since, updatedAt]
  }
  at(1_000, () => bench.register(attachment, 'x'))
  const reporter = bench.reporter(attachment, 'x')
  assert.deepEqual(times(), [1_000, 1_000])
  const steps: [time: number, update: () => void, expected: number[]][] = [
    [2_000, () => reporter.update(0, 'still unspecified'), [1_000, 2_000]],
    [3_000, () => reporter.healthy('ok'), [3_000, 3_000]],
    [4_000, () => reporter.healthy('still'), [3_000, 4_000]],
    [5_000, () => reporter.healthy('still'), [3_000, 4_000]],
    [6_000, () => reporter.update(0, 'back'), [6_000, 6_000]],
    // The wall clock may go backwards.
    [5_500, () => reporter.healthy('again'), [5_500, 5_500]],
  ]
  for (const [time, update, expected] of steps) {
    update()
    at(time, () => bench.drain.run())
    assert.deepEqual(times(), expected)
  }
})

test('transitions of a slot are counted from its registration on', () => {
  const { bench, reporter } = rig()
  const slots = new SlotWriter(new SlotMap(bench.region))
  for (const status of [1, 1, 2, 1] as const) reporter.update(status, `status ${status}`)
  bench.drain.run()
  const counts = () => [0, 1, 2, 3].map((status) => slots.transitions(0, status))
  assert.deepEqual(counts(), [0, 2, 1, 0])
  reporter.deregister()
  bench.register(bench.attach(2), 'other')
  assert.deepEqual(counts(), [0, 0, 0, 0])
})

test('an update of an earlier registration is ignored and counted', () => {
  const { bench, reporter } = rig()
  reporter.deregister()
  // The manager has not come to it, so this is published all the same.
  reporter.healthy('too late')
  bench.drain.run()
  assert.equal(bench.report().size, 0)
  assert.equal(bench.word(IGNORED_COUNT), 1)
})

test('of two deregistrations the second is ignored and counted', () => {
  const { bench, reporter } = rig()
  const other = bench.reporter(bench.attach(2), 'x')
  reporter.deregister()
  other.deregister()
  bench.drain.run()
  assert.equal(bench.word(COMPONENT_COUNT), 0)
  assert.equal(bench.word(IGNORED_COUNT), 1)
})

test('as many components are registered as there is room for, and one goes for another', () => {
  const { bench, attachment, reporter } = rig({ maxComponents: 2 })
  bench.register(attachment, 'y')
  const refused = attachment.register(encodeText('z', 255))
  bench.drain.run()
  assert.ok(attachment.wasRefused(refused))
  assert.deepEqual([...bench.report().keys()], ['x', 'y'])
  reporter.deregister()
  const entered = attachment.register(encodeText('z', 255))
  bench.drain.run()
  assert.ok(!attachment.wasRefused(entered))
  assert.deepEqual([...bench.report().keys()], ['y', 'z'])
})

test('a registration that the heap has no room for is refused and leaves its slot free', () => {
  const { bench, attachment } = rig({ heapBytes: 64, maxComponents: 2 })
  const refused = attachment.register(encodeText('n'.repeat(100), 255))
  bench.drain.run()
  assert.ok(attachment.wasRefused(refused))
  const entered = attachment.register(encodeText('y', 255))
  bench.drain.run()
  assert.ok(!attachment.wasRefused(entered))
})

test('each record counts once, whatever its kind', () => {
  const { bench, attachment, reporter } = rig()
  const before = bench.word(APPLIED_COUNT)
  reporter.healthy()
  attachment.control(KIND_STANDBY, 1, 0)
  attachment.control(KIND_SUPPRESS_LIVENESS, 0, 0)
  reporter.deregister()
  bench.drain.run()
  assert.equal(bench.word(APPLIED_COUNT) - before, 4)
  assert.deepEqual([bench.word(IGNORED_COUNT), bench.word(SUPERSEDED_COUNT)], [0, 0])
})

test('a record of a kind that nobody knows stops the manager with its number', () => {
  const { bench, attachment } = rig()
  attachment.control(0x7f, 0, 0)
  assert.throws(() => bench.drain.run(), /unknown kind 127/)
})
