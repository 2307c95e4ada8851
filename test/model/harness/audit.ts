// Looks at a region at rest with fresh readers and holds it to the plain model, and to the invariants of its own.
import assert from 'node:assert/strict'
import { Drain } from '../../../src/manager/drain.js'
import { DirectoryReader } from '../../../src/memory/directory.js'
import { JournalReader, journalCount } from '../../../src/memory/journal.js'
import * as layout from '../../../src/memory/layout.js'
import { mailboxHeader } from '../../../src/memory/mailbox.js'
import type { Region } from '../../../src/memory/region.js'
import { isRegistered, SlotMap } from '../../../src/memory/slot-latch.js'
import { TableReader } from '../../../src/memory/table-reader.js'
import { contentWords, encodeText } from '../../../src/memory/text.js'
import type { ComponentStatus, HealthReport } from '../../../src/model/report.js'
import type { Transition } from '../../../src/model/transition.js'
import { TEST_POLICY } from '../../policy.js'
import type { Change, PlainModel, State } from './plain-model.js'

/** A report without times and prototypes, to compare with the model's. */
export function componentsOf(report: HealthReport): State['components'] {
  return Object.fromEntries([...report].map(([name, status]) => [name, shownOf(status)]))
}

export function shownOf({ status, message, metadata }: ComponentStatus) {
  return { status, message, metadata: { ...metadata } }
}

/** What a reader sees, as the model would say it. */
export function stateOf(reader: TableReader): State {
  const { report, control } = reader.snapshot()
  const { isStandby, livenessDeadline: liveness, readinessDeadline: readiness } = control
  return { components: componentsOf(report), isStandby, deadlines: { liveness, readiness } }
}

/** All transitions that the journal still has. */
export function transitionsOf(region: Region): Transition[] {
  const journal = new JournalReader(region, 'oldest')
  const entries: Transition[] = []
  for (;;) {
    const entry = journal.next()
    if (entry === undefined) return entries
    assert.ok('number' in entry, 'a journal at rest has no gaps')
    entries.push(entry)
  }
}

export function changeOf(entry: Transition): Change {
  const { component, oldStatus, newStatus, message, metadata } = entry
  return { component, oldStatus, newStatus, message, metadata: { ...metadata } }
}

/** Everything applied, everything at rest, everything as the model has it. */
export function assertShows(region: Region, model: PlainModel): void {
  assertSound(region)
  assert.deepEqual(stateOf(new TableReader(region, 0)), model.state)
  assertJournal(region, model.changes)
  assertTransitions(region, model)
}

/** Each component counts its own transitions since its registration, whatever the journal still has of them. */
function assertTransitions(region: Region, model: PlainModel): void {
  const reader = new TableReader(region, 0)
  const counted = [...reader.snapshot().report.keys()].map((name) => [
    name,
    reader.transitions(name),
  ])
  assert.deepEqual(Object.fromEntries(counted), model.transitions)
}

/** The journal has counted these changes, and still has the last ones of them. */
export function assertJournal(region: Region, changes: readonly Change[]): void {
  const entries = transitionsOf(region)
  assert.equal(journalCount(region.words), changes.length, 'transitions journaled')
  assert.deepEqual(entries.map(changeOf), changes.slice(changes.length - entries.length))
}

/** What holds at rest whatever was told: heads, sequences, directory, journal, heap. */
export function assertSound(region: Region): void {
  const { words } = region
  assert.equal(words[layout.TABLE_SEQUENCE]! & 1, 0, 'the table is at rest')
  for (let i = 0; i < region.layout.maxThreads; i++) {
    const header = mailboxHeader(region, i)
    const tail = words[header + layout.MAILBOX_TAIL]! & ~layout.CLOSED_BIT
    assert.equal(words[header + layout.MAILBOX_HEAD], tail, `mailbox ${i} is drained`)
  }
  const { report } = new TableReader(region, 0).snapshot()
  assert.equal(words[layout.COMPONENT_COUNT], report.size, 'components counted')
  const directory = new DirectoryReader(region, new SlotMap(region))
  for (const name of report.keys()) {
    assert.ok(directory.find(encodeText(name, 255)), `the directory finds ${name}`)
  }
  assertChain(transitionsOf(region), report)
  assertHeap(region)
}

/** Each transition of a component begins where the one before it ended; the last one is what the slot shows. */
function assertChain(entries: readonly Transition[], report: HealthReport): void {
  const last = new Map<string, Transition>()
  let number: number | undefined
  for (const entry of entries) {
    assert.notEqual(entry.oldStatus, entry.newStatus, 'a transition changes the status')
    if (number !== undefined) assert.equal(entry.number, number + 1, 'transitions are counted')
    number = entry.number
    const before = last.get(entry.component)
    // A registration in between begins at unspecified.
    if (before !== undefined && entry.oldStatus !== 0) {
      assert.equal(entry.oldStatus, before.newStatus, `the chain of ${entry.component}`)
    }
    last.set(entry.component, entry)
  }
  for (const [name, status] of report) {
    const entry = last.get(name)
    // What is registered anew is unspecified, too.
    if (entry === undefined || status.status === 0 || status.status !== entry.newStatus) continue
    assert.equal(status.since, entry.at, `since of ${name}`)
  }
}

/** No two live blocks overlap, and a new manager counts exactly the live ones as used. */
function assertHeap(region: Region): void {
  const usedBytes = liveBytes(region)
  const runningBytes = region.words[layout.HEAP_USED_BYTES]!
  assert.ok(runningBytes >= usedBytes, 'the running manager counts every live block')
  const copy = {
    layout: region.layout,
    words: new Int32Array(region.words.buffer.slice(0)) as layout.Words,
  }
  new Drain(copy, TEST_POLICY)
  assert.equal(copy.words[layout.HEAP_USED_BYTES], usedBytes, 'heap bytes of a new manager')
}

/** Bytes of the blocks that slots, control words and journal refer to. */
export function liveBytes(region: Region): number {
  const { words } = region
  let end = 0
  let bytes = 0
  const blocks = new Set(liveBlocks(region))
  blocks.delete(0)
  for (const block of [...blocks].sort((a, b) => a - b)) {
    assert.ok(
      block >= region.layout.heap && block < region.layout.totalWords,
      'a block in the heap',
    )
    assert.ok(block >= end, 'no block lies in another')
    const content = layout.BLOCK_CONTENT + contentWords(words[block + layout.BLOCK_HEADER]!)
    const size = layout.GRANULE_WORDS * 2 ** Math.ceil(Math.log2(content / layout.GRANULE_WORDS))
    const blockWords = Math.max(layout.GRANULE_WORDS, size)
    end = block + blockWords
    bytes += blockWords * layout.WORD_BYTES
  }
  return bytes
}

function* liveBlocks(region: Region): Iterable<number> {
  const { words } = region
  const map = new SlotMap(region)
  for (let slot = 0; slot < words[layout.SLOT_HIGH_WATER]!; slot++) {
    const copy = map.copy(slot, words[map.sequences + slot]!)
    if (!isRegistered(words[copy + layout.COPY_STATUS]!)) continue
    yield words[copy + layout.COPY_NAME]!
    yield words[copy + layout.COPY_MESSAGE]!
    yield words[copy + layout.COPY_METADATA]!
    yield words[map.options(slot)]!
  }
  const control =
    layout.CONTROL_COPIES + (words[layout.CONTROL_SEQUENCE]! & 1) * layout.CONTROL_COPY_WORDS
  yield words[control + layout.CONTROL_LIVENESS + layout.SUPPRESSION_REASON]!
  yield words[control + layout.CONTROL_READINESS + layout.SUPPRESSION_REASON]!
  const { journal, journalRecords } = region.layout
  const tail = words[layout.JOURNAL_TAIL]!
  for (let at = words[layout.JOURNAL_OLDEST]!; at !== tail; at = (at + 1) | 0) {
    const record = journal + (at & (journalRecords - 1)) * layout.JOURNAL_RECORD_WORDS
    yield words[record + layout.JOURNAL_NAME]!
    yield words[record + layout.JOURNAL_MESSAGE]!
    yield words[record + layout.JOURNAL_METADATA]!
  }
}
