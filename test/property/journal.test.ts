import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  JournalReader,
  JournalWriter,
  journalBlocks,
  journalCount,
  repairJournalTail,
} from '../../src/memory/journal.js'
import {
  JOURNAL_OLDEST,
  JOURNAL_RECORD_WORDS,
  JOURNAL_TAIL,
  JOURNAL_TAIL_HIGH_FIRST,
  JOURNAL_TAIL_HIGH_SECOND,
  WORD_BYTES,
} from '../../src/memory/layout.js'
import { PayloadHeap } from '../../src/memory/payload-heap.js'
import type { Region } from '../../src/memory/region.js'
import { highWord, lowWord } from '../../src/memory/slot-latch.js'
import { type Encoded, encodeMetadata, encodeText } from '../../src/memory/text.js'
import { metadataPairs } from '../../src/model/arguments.js'
import type { Transition } from '../../src/model/transition.js'
import { anyMetadata, anyText, check, pairsOf, smallRegion } from './support.js'

const HALF = 2 ** 32

interface Told {
  component: string
  oldStatus: number
  newStatus: number
  message: string
  metadata: Record<string, string>
  at: number
}

type Step =
  | { kind: 'append'; told: Told }
  | { kind: 'evict' | 'restart' | 'dieBeforeWrap' | 'dieAfterWrap' }
  | { kind: 'read'; reader: number; count: number }
  | { kind: 'newReader'; reader: number; from: 'now' | 'oldest' | number }

/** The journal and some readers beside an array of all that was told. */
class JournalWorld {
  readonly #region: Region
  readonly #told: Told[] = []
  /** Transitions before the first of this run. */
  readonly #base: number
  readonly #records: number
  readonly #readers: { reader: JournalReader; cursor: number }[]
  #heap: PayloadHeap
  #writer: JournalWriter

  constructor(records: number, base: number) {
    this.#region = smallRegion({
      journalBytes: records * JOURNAL_RECORD_WORDS * WORD_BYTES,
      heapBytes: 8192,
    })
    const { words } = this.#region
    words[JOURNAL_TAIL] = base | 0
    words[JOURNAL_OLDEST] = base | 0
    words[JOURNAL_TAIL_HIGH_FIRST] = Math.floor(base / HALF)
    words[JOURNAL_TAIL_HIGH_SECOND] = Math.floor(base / HALF)
    this.#base = base
    this.#records = records
    this.#heap = new PayloadHeap(this.#region)
    this.#writer = new JournalWriter(this.#region, this.#heap)
    this.#readers = Array.from({ length: 3 }, () => ({
      reader: new JournalReader(this.#region, 'now'),
      cursor: base,
    }))
  }

  get #count(): number {
    return this.#base + this.#told.length
  }

  /** Transitions given up so far, as a reader would count them. */
  get #oldest(): number {
    return this.#count - ((this.#count - this.#region.words[JOURNAL_OLDEST]!) | 0)
  }

  do(step: Step): void {
    const { words } = this.#region
    switch (step.kind) {
      case 'append':
        this.#append(step.told)
        return
      case 'evict': {
        const oldest = this.#oldest
        assert.equal(this.#writer.evict(), oldest < this.#count)
        assert.ok(oldest === this.#count || this.#oldest > oldest)
        return
      }
      case 'restart':
        this.#restart()
        return
      case 'dieBeforeWrap':
        if (words[JOURNAL_TAIL] !== -1) return
        words[JOURNAL_TAIL_HIGH_FIRST]!++
        this.#restart()
        return
      case 'dieAfterWrap':
        if (words[JOURNAL_TAIL] !== 0 || this.#count === 0) return
        words[JOURNAL_TAIL_HIGH_SECOND]!--
        this.#restart()
        return
      case 'newReader': {
        const { from } = step
        const number = typeof from === 'number' ? Math.max(1, this.#count - from) : from
        const cursor =
          number === 'now' ? this.#count : number === 'oldest' ? this.#oldest : number - 1
        this.#readers[step.reader] = { reader: new JournalReader(this.#region, number), cursor }
        return
      }
      case 'read':
        for (let i = 0; i < step.count; i++) this.#read(step.reader)
        return
    }
  }

  check(): void {
    assert.equal(journalCount(this.#region.words), this.#count)
    const kept = this.#count - this.#oldest
    assert.ok(kept >= 0 && kept <= Math.min(this.#records, this.#told.length), `kept=${kept}`)
  }

  /** Gives everything up; then nothing may be left in the heap. */
  empty(): void {
    while (this.#writer.evict());
    assert.equal(this.#heap.usedBytes, 0)
  }

  #append(told: Told): void {
    const blocks = [
      this.#store(encodeText(told.component, 255)),
      this.#store(encodeText(told.message, 512)),
      this.#store(encodeMetadata(metadataPairs(told.metadata), 512)),
    ] as const
    const keptBefore = this.#count - this.#oldest
    this.#writer.append({
      slot: 0,
      generation: 1,
      oldStatus: told.oldStatus,
      newStatus: told.newStatus,
      ticket: 7,
      name: blocks[0],
      message: blocks[1],
      metadata: blocks[2],
      givesMetadata: true,
      isOverlay: false,
      isCountOdd: false,
      observer: told.at | 0,
      atLow: lowWord(told.at),
      atHigh: highWord(told.at),
    })
    this.#told.push(told)
    // Nothing is given up without need.
    if (keptBefore < this.#records) assert.equal(this.#count - this.#oldest, keptBefore + 1)
    // From here on only the journal holds them.
    for (const block of blocks) this.#heap.release(block)
  }

  #store(encoded: Encoded): number {
    if (encoded.header === 0) return 0
    let block = this.#heap.allocate(encoded.header)
    while (block === 0 && this.#writer.evict()) block = this.#heap.allocate(encoded.header)
    assert.notEqual(block, 0, 'the heap is full though the journal is empty')
    for (const [i, word] of encoded.words.entries()) this.#heap.write(block, i, word)
    return block
  }

  #restart(): void {
    assert.equal(journalCount(this.#region.words), this.#count, 'a reader in between')
    repairJournalTail(this.#region.words)
    this.#heap = new PayloadHeap(this.#region, journalBlocks(this.#region))
    this.#writer = new JournalWriter(this.#region, this.#heap)
  }

  #read(index: number): void {
    const each = this.#readers[index]!
    const next = each.reader.next()
    if (each.cursor >= this.#count) {
      assert.equal(next, undefined)
      return
    }
    const missed = this.#oldest - each.cursor
    if (missed > 0) {
      assert.deepEqual(next, { missed })
      each.cursor = this.#oldest
      return
    }
    const told = this.#told[each.cursor - this.#base]!
    each.cursor++
    const entry = next as Transition
    assert.deepEqual(
      { ...entry, metadata: pairsOf(entry.metadata) },
      { ...told, metadata: pairsOf(told.metadata), number: each.cursor },
    )
  }
}

const told = fc.record({
  component: anyText(12),
  oldStatus: fc.nat(3),
  newStatus: fc.nat(3),
  message: anyText(30),
  metadata: anyMetadata(2),
  at: fc.integer({ min: 0, max: 2 ** 45 }),
})
const readerIndex = fc.nat(2)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('append'), told }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('read'), reader: readerIndex, count: fc.nat(6) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('newReader'),
      reader: readerIndex,
      from: fc.oneof(fc.constantFrom('now', 'oldest'), fc.nat(20)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('evict', 'restart', 'dieBeforeWrap', 'dieAfterWrap'),
    }),
  },
)
const program = fc.array(step, { maxLength: 80, size: 'max' })
const base = fc
  .tuple(fc.nat(3), fc.constantFrom(0, 2 ** 31, HALF), fc.nat(20))
  .map(([high, low, back]) => Math.max(0, high * HALF + low - back))

test('each reader gets every transition in order, or a gap that counts exactly what it missed', () => {
  check(
    fc.property(fc.constantFrom(1, 2, 4, 16, 128), base, program, (records, count, steps) => {
      const world = new JournalWorld(records, count)
      for (const next of steps) {
        world.do(next)
        world.check()
      }
      world.empty()
    }),
    400,
  )
})
