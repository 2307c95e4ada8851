import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DirectoryReader } from '../../src/memory/directory.js'
import { JournalReader } from '../../src/memory/journal-reader.js'
import {
  HEAP_USED_BYTES,
  JOURNAL_TAIL,
  JOURNAL_TAIL_HIGH_FIRST,
  JOURNAL_TAIL_HIGH_SECOND,
  KIND_SUPPRESS_LIVENESS,
  MAILBOX_HEAD,
  TABLE_SEQUENCE,
} from '../../src/memory/layout.js'
import { mailboxHeader } from '../../src/memory/mailbox.js'
import { SlotMap, SlotWriter } from '../../src/memory/slot-latch.js'
import { encodeText } from '../../src/memory/text.js'
import { Bench } from './core-support.js'

function rig() {
  const bench = new Bench()
  const attachment = bench.attach()
  return { bench, attachment, reporter: bench.register(attachment, 'x') }
}

/** The manager applies one record, and dies before its slot's commit and all that comes after. */
function dieBeforeCommit(bench: Bench, slot: number): void {
  const { words, layout } = bench.region
  const head = mailboxHeader(bench.region, 0) + MAILBOX_HEAD
  const before = [words[layout.sequences + slot]!, words[head]!, words[TABLE_SEQUENCE]!] as const
  bench.drain.run(1)
  words[layout.sequences + slot] = before[0]
  words[head] = before[1]
  words[TABLE_SEQUENCE] = before[2] + 1
}

function transitionsOf(bench: Bench): string[] {
  const reader = new JournalReader(bench.region, 'oldest')
  const messages: string[] = []
  for (let next = reader.next(); next !== undefined; next = reader.next()) {
    messages.push('missed' in next ? `missed ${next.missed}` : next.message)
  }
  return messages
}

test('a fresh region needs no repair', () => {
  const bench = new Bench()
  assert.equal(bench.report().size, 0)
  assert.equal(bench.word(TABLE_SEQUENCE), 0)
})

test('a transition that was journaled and not written is in its slot before anything else is applied', () => {
  const { bench, reporter } = rig()
  reporter.unhealthy('broken', { a: '1' })
  dieBeforeCommit(bench, 0)
  assert.equal(bench.report().get('x')?.message, '')
  bench.restart()
  const { status, message, metadata } = bench.report().get('x')!
  assert.deepEqual([status, message, { ...metadata }], [3, 'broken', { a: '1' }])
})

test('a transition is journaled once, although its record is met again', () => {
  const { bench, reporter } = rig()
  reporter.unhealthy('broken')
  dieBeforeCommit(bench, 0)
  bench.restart()
  bench.drain.run()
  assert.deepEqual(transitionsOf(bench), ['broken'])
  assert.equal(bench.report().get('x')?.message, 'broken')
})

test('a transition is counted once, whether its manager died before or after it had counted', () => {
  for (const isCounted of [true, false]) {
    const { bench, reporter } = rig()
    const slots = new SlotWriter(new SlotMap(bench.region))
    for (const status of [3, 1, 3] as const) reporter.update(status, `${status}`)
    bench.drain.run(2)
    dieBeforeCommit(bench, 0)
    if (!isCounted) bench.region.words[slots.map.transitions(0) + 3]!--
    for (let i = 0; i < 3; i++) bench.restart()
    bench.drain.run()
    const counts = [0, 1, 2, 3].map((status) => slots.transitions(0, status))
    assert.deepEqual(counts, [0, 1, 0, 2])
  }
})

test('a transition that was written already is not written again', () => {
  const { bench, reporter } = rig()
  reporter.unhealthy('broken')
  reporter.unhealthy('still broken')
  bench.drain.run()
  bench.restart()
  assert.equal(bench.report().get('x')?.message, 'still broken')
})

test('a transition of an earlier registration is not written into the slot of a later one', () => {
  const { bench, attachment, reporter } = rig()
  reporter.unhealthy('of x')
  reporter.deregister()
  bench.register(attachment, 'y')
  bench.restart()
  const { status, message } = bench.report().get('y')!
  assert.deepEqual([status, message], [0, ''])
})

test('a table left in the middle of a batch is at rest again', () => {
  const { bench } = rig()
  const sequence = bench.word(TABLE_SEQUENCE)
  bench.region.words[TABLE_SEQUENCE] = sequence + 1
  bench.restart()
  assert.equal(bench.word(TABLE_SEQUENCE), sequence + 2)
  bench.restart()
  assert.equal(bench.word(TABLE_SEQUENCE), sequence + 2)
})

test('a slot whose name did not get into the directory is found', () => {
  const { bench, attachment } = rig()
  const { words, layout } = bench.region
  const before = words.slice(layout.directory, layout.directory + 2 * layout.directoryBuckets)
  bench.register(attachment, 'y')
  // The manager died between the slot and its entry.
  words.set(before, layout.directory)
  const reader = new DirectoryReader(bench.region, new SlotMap(bench.region))
  assert.equal(reader.find(encodeText('y', 255)), undefined)
  bench.restart()
  assert.deepEqual(reader.find(encodeText('y', 255)), { slot: 1, generation: 1 })
  assert.deepEqual(reader.find(encodeText('x', 255)), { slot: 0, generation: 1 })
})

test('slots that are free are given to new components, and to one each', () => {
  const { bench, attachment, reporter } = rig()
  bench.register(attachment, 'y')
  reporter.deregister()
  bench.drain.run()
  bench.restart()
  for (const name of ['a', 'b', 'c']) bench.register(attachment, name).healthy(name)
  bench.drain.run()
  const shown = [...bench.report()].map(([name, { message }]) => [name, message])
  assert.deepEqual(shown, [
    ['a', 'a'],
    ['b', 'b'],
    ['c', 'c'],
    ['y', ''],
  ])
})

test('what slots, control words and transitions hold stays theirs, and nothing else is in use', () => {
  const { bench, attachment, reporter } = rig()
  attachment.control(KIND_SUPPRESS_LIVENESS, 1, 1, encodeText('reason', 255))
  reporter.degraded('in the journal', { j: '1' })
  reporter.degraded('in the slot', { s: '1' })
  bench.drain.run()
  bench.restart()
  const used = bench.word(HEAP_USED_BYTES)
  // Name, two messages, two metadata, a reason.
  assert.equal(used, 6 * 32)
  for (let i = 0; i < 300; i++) {
    reporter.degraded(`other ${i}`)
    bench.drain.run()
  }
  assert.deepEqual(transitionsOf(bench), ['in the journal'])
})

test('the count of transitions is repaired if a manager died in the middle of its wrap', () => {
  const { bench } = rig()
  const { words } = bench.region
  words[JOURNAL_TAIL] = -1
  words[JOURNAL_TAIL_HIGH_FIRST] = 1
  bench.restart()
  assert.deepEqual([words[JOURNAL_TAIL_HIGH_FIRST], words[JOURNAL_TAIL_HIGH_SECOND]], [0, 0])
})
