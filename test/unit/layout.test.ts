import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as layout from '../../src/memory/layout.js'
import { LINE_WORDS, layoutFor, layoutOf } from '../../src/memory/layout.js'
import { resolveOptions } from '../../src/runtime/options.js'
import { SMALL, smallRegion } from './core-support.js'

const SIZES = [
  SMALL,
  { ...SMALL, maxComponents: 1, maxThreads: 2 },
  { ...SMALL, maxComponents: 1000, maxThreads: 7, heapBytes: 100_000 },
  resolveOptions(),
  resolveOptions({ maxComponents: 1_000_000, maxThreads: 1024 }),
]

test('sections follow each other without overlap, each at the start of a line', () => {
  for (const sizes of SIZES) {
    const {
      mailboxes,
      rings,
      breadcrumbs,
      sequences,
      slots,
      directory,
      directoryBuckets,
      journal,
      journalRecords,
      heap,
      heapWords,
      totalWords,
      maxThreads,
      mailboxWords,
      maxComponents,
    } = layoutFor(sizes)
    const sections: [start: number, words: number][] = [
      [0, mailboxes],
      [mailboxes, maxThreads * layout.MAILBOX_HEADER_WORDS],
      [rings, maxThreads * mailboxWords],
      [breadcrumbs, maxThreads * layout.BREADCRUMB_WORDS],
      [sequences, maxComponents],
      [slots, maxComponents * layout.SLOT_WORDS],
      [directory, 2 * directoryBuckets],
      [journal, journalRecords * layout.JOURNAL_RECORD_WORDS],
      [heap, heapWords],
      [totalWords, 0],
    ]
    for (const [i, [start, words]] of sections.slice(0, -1).entries()) {
      assert.equal(start % LINE_WORDS, 0, `section ${i}`)
      assert.ok(start + words <= sections[i + 1]![0], `section ${i} overlaps the next one`)
    }
  }
})

test('the words of the control block are different, and those of different writers lines apart', () => {
  const { words } = smallRegion()
  const writers: [name: string, indexes: number[]][] = [
    [
      'creator',
      [
        layout.MAGIC,
        layout.VERSION,
        layout.MAX_COMPONENTS,
        layout.MAX_PAYLOAD_BYTES,
        layout.MAX_SUPPRESSION_MS,
        layout.RUNTIME_ID,
        layout.RUNTIME_ID + 1,
      ],
    ],
    ['producers, tickets', [layout.TICKET_COUNTER]],
    ['producers, bell', [layout.DOORBELL]],
    ['manager, park', [layout.PARKED]],
    ['manager, table', [layout.TABLE_SEQUENCE, layout.APPLIED_SEQUENCE, layout.MANAGER_BEAT]],
    [
      'readers',
      [
        layout.APPLY_WAITERS,
        layout.SNAPSHOT_REQUESTS,
        layout.SNAPSHOT_DONES,
        layout.STALE_READS,
        layout.JOURNAL_GAPS,
      ],
    ],
    ['attachers', [layout.MAILBOX_HIGH_WATER, layout.PHASE]],
    [
      'manager, journal',
      [
        layout.JOURNAL_TAIL,
        layout.JOURNAL_TAIL_HIGH_FIRST,
        layout.JOURNAL_TAIL_HIGH_SECOND,
        layout.JOURNAL_OLDEST,
      ],
    ],
    [
      'manager, counters',
      [
        layout.DIRECTORY_VERSION,
        layout.SLOT_HIGH_WATER,
        layout.COMPONENT_COUNT,
        layout.APPLIED_COUNT,
        layout.IGNORED_COUNT,
        layout.SUPERSEDED_COUNT,
        layout.CUT_COUNT,
        layout.HEAP_USED_BYTES,
        layout.SWEPT_TICKET,
        layout.READINESS_SEEN,
      ],
    ],
    [
      'manager, control',
      [
        layout.CONTROL_SEQUENCE,
        layout.CONTROL_COPIES,
        layout.CONTROL_COPIES + 2 * layout.CONTROL_COPY_WORDS - 1,
      ],
    ],
    ['supervisor', [layout.MANAGER_STATE, layout.MANAGER_RESTARTS]],
    // Two lines.
    [
      'manager, one half of the terms of observers',
      [layout.OBSERVER_TERMS, layout.OBSERVER_TERMS + 31],
    ],
    [
      'manager, other half of the terms of observers',
      [
        layout.OBSERVER_TERMS + 32,
        layout.OBSERVER_TERMS + layout.OBSERVER_TERM_COUNT * layout.OBSERVER_TERM_WORDS - 1,
      ],
    ],
    [
      'observers',
      [
        layout.OBSERVER_DELIVERED,
        layout.OBSERVER_ERRORS,
        layout.OBSERVER_TIMEOUTS,
        layout.OBSERVER_GAPS,
        layout.OBSERVER_MISSED,
        layout.OBSERVER_RESTARTS,
        layout.OBSERVER_CURSOR,
      ],
    ],
    [
      'watchers',
      [
        layout.WATCHED_TICK,
        layout.SUSPENSION_COUNT,
        layout.SUSPENSIONS,
        layout.SUSPENSIONS + layout.MAX_SUSPENSIONS * layout.SUSPENSION_WORDS - 1,
      ],
    ],
  ]
  const all = writers.flatMap(([, indexes]) => indexes)
  assert.equal(new Set(all).size, all.length)
  assert.ok(Math.max(...all) < layoutOf(words).mailboxes)
  const lines = writers.map(([name, indexes]) => {
    const [line, ...others] = new Set(indexes.map((index) => Math.floor(index / LINE_WORDS)))
    assert.deepEqual(others, [], `${name} spreads over lines`)
    return line
  })
  assert.equal(new Set(lines).size, lines.length)
})

test('a slot holds two copies, the counts beside them and, a line away, the words of producers', () => {
  assert.ok(layout.COPY_FIELDS <= layout.SLOT_COPY_WORDS)
  assert.ok(layout.SLOT_COPY_WORDS + layout.COPY_FIELDS <= layout.SLOT_TRANSITIONS)
  assert.ok(layout.SLOT_TRANSITIONS + layout.STATUS_COUNT <= layout.SLOT_LATEST_TICKET)
  assert.ok(layout.SLOT_BEAT < layout.SLOT_WORDS)
  assert.equal(layout.SLOT_LATEST_TICKET % LINE_WORDS, 0)
})

test('a directory never fills: at least twice as many buckets as components, a power of two', () => {
  for (let maxComponents = 1; maxComponents <= 70; maxComponents++) {
    const { directoryBuckets } = layoutFor({ ...SMALL, maxComponents })
    assert.ok(directoryBuckets > 2 * maxComponents)
    assert.equal(directoryBuckets & (directoryBuckets - 1), 0)
  }
})

test('rings and journal have sizes that positions can be masked with', () => {
  for (const sizes of SIZES) {
    const { mailboxWords, journalRecords, heapWords } = layoutFor(sizes)
    assert.equal(mailboxWords & (mailboxWords - 1), 0)
    assert.equal(journalRecords & (journalRecords - 1), 0)
    assert.equal(heapWords % layout.GRANULE_WORDS, 0)
  }
})

test('the layout of a region is found again in its words', () => {
  const { words, layout: created } = smallRegion({ maxComponents: 17, maxThreads: 3 })
  assert.deepEqual(layoutOf(words), created)
  assert.equal(words.length, created.totalWords)
})

test('serial numbers are compared around the wrap', () => {
  const { isAfter } = layout
  assert.ok(isAfter(1, 0))
  assert.ok(!isAfter(0, 0))
  assert.ok(isAfter(-(2 ** 31), 2 ** 31 - 1))
  assert.ok(isAfter(0, -1))
  assert.ok(!isAfter(-1, 0))
  assert.ok(isAfter(2 ** 31 - 1, 0))
})
