import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  KIND_STANDBY,
  SNAPSHOT_DONES,
  SNAPSHOT_REQUESTS,
  STALE_READS,
  TABLE_SEQUENCE,
} from '../../src/memory/layout.js'
import { SlotMap, SlotWriter } from '../../src/memory/slot-latch.js'
import { TableReader, watch } from '../../src/memory/table-reader.js'
import { HealthReader } from '../../src/runtime/health-reader.js'
import { TEST_POLICY } from '../policy.js'
import { Bench } from './core-support.js'

function rig() {
  const bench = new Bench()
  const attachment = bench.attach()
  return { bench, attachment, reader: new TableReader(bench.region, 0) }
}

test('an empty table gives an empty report, and no standby', () => {
  const { reader } = rig()
  const { report, control } = reader.snapshot()
  assert.equal(report.size, 0)
  assert.equal(control.isStandby, false)
  assert.deepEqual(reader.glance([watch('x')]).statuses, [undefined])
})

test('a snapshot is the same object while the table rests', () => {
  const { bench, attachment, reader } = rig()
  bench.register(attachment, 'x')
  const snapshot = reader.snapshot()
  assert.equal(reader.snapshot(), snapshot)
  attachment.control(KIND_STANDBY, 1, 0)
  bench.drain.run()
  assert.equal(reader.snapshot().control.isStandby, true)
  assert.equal(snapshot.control.isStandby, false)
})

test('a glance shows the components asked for, in that order', () => {
  const { bench, attachment, reader } = rig()
  bench.register(attachment, 'a').healthy('one')
  bench.register(attachment, 'b').degraded('two')
  bench.drain.run()
  const { statuses } = reader.glance([watch('b'), watch('none'), watch('a')])
  assert.deepEqual(
    statuses.map((status) => status?.message),
    ['two', undefined, 'one'],
  )
})

test('a glance and a snapshot share what they have decoded', () => {
  const { bench, attachment, reader } = rig()
  bench.register(attachment, 'a').healthy('one')
  bench.drain.run()
  const [status] = reader.glance([watch('a')]).statuses
  assert.equal(reader.snapshot().report.get('a'), status)
})

test('what is published and not applied makes a read stale, which is counted', () => {
  const { bench, attachment, reader } = rig()
  const reporter = bench.register(attachment, 'x')
  reporter.healthy('published')
  assert.equal(reader.snapshot().report.get('x')?.message, '')
  assert.equal(bench.word(STALE_READS), 1)
  bench.drain.run()
  assert.equal(reader.snapshot().report.get('x')?.message, 'published')
  assert.equal(bench.word(STALE_READS), 1)
})

test('the table rests only while nothing is published that is not applied', () => {
  const { bench, attachment, reader } = rig()
  const reporter = bench.register(attachment, 'x')
  const resting = reader.restingSequence()
  assert.notEqual(resting, undefined)
  reader.snapshot()
  assert.ok(reader.wasRestingAt(resting))
  reporter.healthy()
  assert.equal(reader.restingSequence(), undefined)
  bench.drain.run()
  assert.ok(reader.restingSequence()! > resting!)
  assert.ok(!reader.wasRestingAt(reader.restingSequence()))
})

test('a table whose manager died in a batch is read all the same, but does not rest', () => {
  const { bench, attachment, reader } = rig()
  bench.register(attachment, 'x').healthy('ok')
  bench.drain.run()
  bench.region.words[TABLE_SEQUENCE]!++
  assert.equal(reader.snapshot().report.get('x')?.message, 'ok')
  assert.equal(reader.glance([watch('x')]).statuses[0]?.message, 'ok')
  assert.equal(reader.restingSequence(), undefined)
})

test('the status of one component is read beside a batch without a look at the others', (t) => {
  const { bench, attachment } = rig()
  bench.register(attachment, 'a').healthy('one')
  bench.register(attachment, 'b').healthy('two')
  bench.drain.run()
  const { words, layout } = bench.region
  words[TABLE_SEQUENCE]!++
  const reader = new HealthReader(bench.region, TEST_POLICY, 0)
  const { load } = Atomics
  const looked = new Set<number>()
  t.mock.method(Atomics, 'load', (array: typeof words, index: number) => {
    if (index >= layout.sequences && index < layout.slots) looked.add(index - layout.sequences)
    return load(array, index)
  })
  assert.equal(reader.getStatus('a')?.message, 'one')
  assert.deepEqual([...looked], [0])
  assert.equal(reader.getStatus('none'), undefined)
  assert.deepEqual([...looked], [0])
})

test('the status of a component whose slot never rests is asked of a manager that pauses', () => {
  const { bench, attachment, reader } = rig()
  bench.register(attachment, 'x').healthy('ok')
  bench.drain.run()
  const { words, layout } = bench.region
  const slots = new SlotWriter(new SlotMap(bench.region))
  const { load } = Atomics
  Atomics.load = ((array: typeof words, index: number) => {
    if (index === layout.sequences && words[SNAPSHOT_REQUESTS] === words[SNAPSHOT_DONES]) {
      slots.openWhole(0)
      slots.commit(0)
    }
    return load(array, index)
  }) as typeof Atomics.load
  try {
    assert.equal(reader.one(watch('x'))?.message, 'ok')
  } finally {
    Atomics.load = load
  }
  assert.equal(words[SNAPSHOT_REQUESTS], 1)
})

test('a reader that finds no snapshot beside a manager at work asks it to pause', () => {
  const { bench, attachment, reader } = rig()
  const reporter = bench.register(attachment, 'x')
  reporter.healthy('before')
  bench.drain.run()
  const { words } = bench.region
  const slots = new SlotWriter(new SlotMap(bench.region))
  // The manager applies a batch between any two looks at the table, until it is asked.
  const load = Atomics.load
  let isAsked = false
  Atomics.load = ((array: Int32Array, index: number) => {
    isAsked ||= words[SNAPSHOT_REQUESTS] !== words[SNAPSHOT_DONES]
    if (index === TABLE_SEQUENCE && !isAsked) {
      slots.openWhole(0)
      slots.commit(0)
      words[TABLE_SEQUENCE]! += 2
    }
    return load(array as Int32Array<SharedArrayBuffer>, index)
  }) as typeof Atomics.load
  try {
    assert.equal(reader.snapshot().report.get('x')?.message, 'before')
  } finally {
    Atomics.load = load
  }
  assert.ok(isAsked)
  assert.deepEqual([words[SNAPSHOT_REQUESTS], words[SNAPSHOT_DONES]], [1, 1])
})

test('a manager that never pauses costs a reader its bound and no more', () => {
  const { bench, attachment, reader } = rig()
  bench.register(attachment, 'x')
  const { words } = bench.region
  const slots = new SlotWriter(new SlotMap(bench.region))
  words[TABLE_SEQUENCE]!++
  const load = Atomics.load
  Atomics.load = ((array: Int32Array, index: number) => {
    if (array === words && index === bench.region.layout.sequences) {
      slots.openWhole(0)
      slots.commit(0)
    }
    return load(array as Int32Array<SharedArrayBuffer>, index)
  }) as typeof Atomics.load
  try {
    assert.throws(() => reader.snapshot(), { code: 'ERR_HEALTH_UNAVAILABLE' })
  } finally {
    Atomics.load = load
  }
  assert.equal(words[SNAPSHOT_REQUESTS], words[SNAPSHOT_DONES])
})
