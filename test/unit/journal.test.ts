import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JournalReader, journalCount, repairJournalTail } from '../../src/memory/journal.js'
import {
  JOURNAL_GAPS,
  JOURNAL_OLDEST,
  JOURNAL_TAIL,
  JOURNAL_TAIL_HIGH_FIRST,
  JOURNAL_TAIL_HIGH_SECOND,
} from '../../src/memory/layout.js'
import { readStats } from '../../src/runtime/stats.js'
import { Bench, smallRegion } from './core-support.js'

function rig(sizes = {}) {
  const bench = new Bench(sizes)
  return { bench, reporter: bench.register(bench.attach(), 'x') }
}

test('a change of status is journaled, a change of message alone is not', () => {
  const { bench, reporter } = rig()
  reporter.healthy('one')
  reporter.healthy('two')
  reporter.healthy('two', { a: '1' })
  reporter.degraded('three')
  bench.drain.run()
  const reader = new JournalReader(bench.region, 'oldest')
  const entries = [reader.next(), reader.next(), reader.next()]
  assert.deepEqual(
    entries.map((entry) => entry && 'number' in entry && [entry.number, entry.message]),
    [[1, 'one'], [2, 'three'], undefined],
  )
})

test('an entry says what was before, what is after, and the metadata after the update', () => {
  const { bench, reporter } = rig()
  reporter.degraded('slow', { queue: '7' })
  reporter.healthy('')
  bench.drain.run()
  const reader = new JournalReader(bench.region, 2)
  const entry = reader.next()
  assert.ok(entry !== undefined && 'number' in entry)
  const { at, metadata, ...rest } = entry
  assert.deepEqual(rest, { number: 2, component: 'x', oldStatus: 2, newStatus: 1, message: '' })
  assert.deepEqual({ ...metadata }, { queue: '7' })
  assert.ok(Math.abs(at - Date.now()) < 60_000)
})

test('a reader from now on gets only what comes after it', () => {
  const { bench, reporter } = rig()
  reporter.healthy('before')
  bench.drain.run()
  const reader = new JournalReader(bench.region, 'now')
  assert.equal(reader.next(), undefined)
  reporter.degraded('after')
  bench.drain.run()
  const entry = reader.next()
  assert.ok(entry !== undefined && 'number' in entry)
  assert.equal(entry.message, 'after')
})

test('a reader that was lapped is told how many it missed, and goes on with the oldest left', () => {
  const { bench, reporter } = rig({ journalBytes: 4 * 64 })
  const reader = new JournalReader(bench.region, 'oldest')
  for (let i = 0; i < 3; i++) {
    reporter.healthy(`h${i}`)
    reporter.degraded(`d${i}`)
  }
  bench.drain.run()
  assert.deepEqual(reader.next(), { missed: 2 })
  const entry = reader.next()
  assert.ok(entry !== undefined && 'number' in entry)
  assert.deepEqual([entry.number, entry.message], [3, 'h1'])
})

test('a gap is counted once, however much was missed, and no reader without one is', () => {
  const { bench, reporter } = rig({ journalBytes: 4 * 64 })
  const lapped = new JournalReader(bench.region, 'oldest')
  for (let i = 0; i < 4; i++) {
    reporter.healthy()
    reporter.degraded()
  }
  bench.drain.run()
  for (let next = lapped.next(); next !== undefined; next = lapped.next());
  assert.equal(bench.word(JOURNAL_GAPS), 1)
  const inTime = new JournalReader(bench.region, 'oldest')
  for (let next = inTime.next(); next !== undefined; next = inTime.next());
  assert.equal(bench.word(JOURNAL_GAPS), 1)
  assert.equal(readStats(bench.region, [], undefined).journalGaps, 1)
})

test('the longest name is journaled whole also where payloads may only be short', () => {
  const bench = new Bench({ maxPayloadBytes: 64 })
  const name = 'n'.repeat(255)
  bench.register(bench.attach(), name).healthy('m'.repeat(64))
  bench.drain.run()
  const entry = new JournalReader(bench.region, 'oldest').next()
  assert.ok(entry !== undefined && 'number' in entry)
  assert.equal(entry.component, name)
  assert.equal(entry.message, 'm'.repeat(64))
})

test('a reader that falls more than 2^31 transitions behind is told so, too', () => {
  const { bench, reporter } = rig({ journalBytes: 4 * 64 })
  const reader = new JournalReader(bench.region, 'oldest')
  const { words } = bench.region
  words[JOURNAL_TAIL] = (3 * 2 ** 30) | 0
  words[JOURNAL_OLDEST] = (3 * 2 ** 30) | 0
  reporter.healthy('late')
  bench.drain.run()
  assert.deepEqual(reader.next(), { missed: 3 * 2 ** 30 })
  const entry = reader.next()
  assert.ok(entry !== undefined && 'number' in entry)
  assert.deepEqual([entry.number, entry.message], [3 * 2 ** 30 + 1, 'late'])
})

/** The three words of the tail, and the count that they mean. */
const tails: [state: string, low: number, first: number, second: number, count: number][] = [
  ['at the start', 0, 0, 0, 0],
  ['below 2^31', 2 ** 31 - 1, 0, 0, 2 ** 31 - 1],
  ['above 2^31', -(2 ** 31), 0, 0, 2 ** 31],
  ['before the wrap', -1, 0, 0, 2 ** 32 - 1],
  ['dead before the low word wrapped', -1, 1, 0, 2 ** 32 - 1],
  ['dead after the low word wrapped', 0, 1, 0, 2 ** 32],
  ['after the wrap', 0, 1, 1, 2 ** 32],
  ['after the third wrap', 5, 3, 3, 3 * 2 ** 32 + 5],
]

for (const [state, low, first, second, count] of tails) {
  test(`the count is right, repaired or not: ${state}`, () => {
    const { words } = smallRegion()
    words[JOURNAL_TAIL] = low
    words[JOURNAL_TAIL_HIGH_FIRST] = first
    words[JOURNAL_TAIL_HIGH_SECOND] = second
    assert.equal(journalCount(words), count)
    repairJournalTail(words)
    assert.equal(journalCount(words), count)
    assert.equal(words[JOURNAL_TAIL_HIGH_FIRST], words[JOURNAL_TAIL_HIGH_SECOND])
  })
}
