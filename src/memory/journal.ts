// The journal: a broadcast ring of transitions. The manager writes each transition here before it writes the slot,
// so the last record is also the redo log of a manager that died between the two. Any number of readers follow
// with cursors of their own; the writer never waits for them, and a reader that was lapped is told how many it missed.
import type { HealthStatus } from '../model/health-status.js'
import type { Gap, Transition } from '../model/transition.js'
import {
  isAfter,
  JOURNAL_AT,
  JOURNAL_FIELDS,
  JOURNAL_GAPS,
  JOURNAL_GENERATION,
  JOURNAL_MESSAGE,
  JOURNAL_METADATA,
  JOURNAL_NAME,
  JOURNAL_OBSERVER,
  JOURNAL_OLDEST,
  JOURNAL_RECORD_WORDS,
  JOURNAL_SLOT,
  JOURNAL_STATUSES,
  JOURNAL_TAIL,
  JOURNAL_TAIL_HIGH_FIRST,
  JOURNAL_TAIL_HIGH_SECOND,
  JOURNAL_TICKET,
  maxBlockWords,
  type Words,
} from './layout.js'
import { copyBlock, type PayloadHeap } from './payload-heap.js'
import { put, type Region } from './region.js'
import { readTime } from './slot-latch.js'
import { contentWords, decodeMetadata, decodeText } from './text.js'

const HALF = 2 ** 32
const NEW_STATUS_SHIFT = 8
const STATUS_BYTE = 0xff
const METADATA_GIVEN = 1 << 16
const COUNT_ODD = 1 << 17
const OVERLAY = 1 << 18

/** A transition in terms of slots and blocks, as the manager writes it. */
export interface TransitionWords {
  readonly slot: number
  readonly generation: number
  readonly oldStatus: number
  readonly newStatus: number
  readonly ticket: number
  readonly name: number
  readonly message: number
  readonly metadata: number
  /** The update gave metadata, rather than keep what was there. */
  readonly givesMetadata: boolean
  /** Nobody has reported it: a deadline has run out, or life has come back. */
  readonly isOverlay: boolean
  /** Whether the slot has an odd number of transitions to the new status, this one included. */
  readonly isCountOdd: boolean
  /** Epoch ms, as two words. */
  readonly atLow: number
  readonly atHigh: number
  /** Ticket of the record that began the term of observers that it belongs to. */
  readonly observer: number
}

/** The manager's side. */
export class JournalWriter {
  readonly #words: Words
  readonly #base: number
  readonly #records: number
  readonly #heap: PayloadHeap

  constructor(region: Region, heap: PayloadHeap) {
    this.#words = region.words
    this.#base = region.layout.journal
    this.#records = region.layout.journalRecords
    this.#heap = heap
  }

  /** Transitions journaled since the start, modulo 2^32. */
  get tail(): number {
    return this.#words[JOURNAL_TAIL]!
  }

  /** journal: writes the transition and publishes it. The record holds its three blocks until it is overwritten. */
  append(transition: TransitionWords): void {
    const words = this.#words
    const heap = this.#heap
    const tail = words[JOURNAL_TAIL]!
    if (((tail - words[JOURNAL_OLDEST]!) | 0) >= this.#records) this.evict()
    const record = this.#record(tail)
    const { name, message, metadata } = transition
    heap.retain(name)
    heap.retain(message)
    heap.retain(metadata)
    put(words, record + JOURNAL_SLOT, transition.slot)
    put(words, record + JOURNAL_GENERATION, transition.generation)
    put(
      words,
      record + JOURNAL_STATUSES,
      transition.oldStatus |
        (transition.newStatus << NEW_STATUS_SHIFT) |
        (transition.givesMetadata ? METADATA_GIVEN : 0) |
        (transition.isCountOdd ? COUNT_ODD : 0) |
        (transition.isOverlay ? OVERLAY : 0),
    )
    put(words, record + JOURNAL_TICKET, transition.ticket)
    put(words, record + JOURNAL_NAME, name)
    put(words, record + JOURNAL_MESSAGE, message)
    put(words, record + JOURNAL_METADATA, metadata)
    put(words, record + JOURNAL_AT, transition.atLow)
    put(words, record + JOURNAL_AT + 1, transition.atHigh)
    put(words, record + JOURNAL_OBSERVER, transition.observer)
    const next = (tail + 1) | 0
    if (next === 0) Atomics.add(words, JOURNAL_TAIL_HIGH_FIRST, 1)
    // Pairs with the tail load in JournalReader.next: the record is whole before it is counted.
    Atomics.store(words, JOURNAL_TAIL, next)
    if (next === 0) Atomics.store(words, JOURNAL_TAIL_HIGH_SECOND, words[JOURNAL_TAIL_HIGH_FIRST]!)
  }

  /** Gives up the oldest records, so that their places and blocks can be used again; false if there are none. */
  evict(): boolean {
    const oldest = this.#words[JOURNAL_OLDEST]!
    const count = Math.min(Math.max(1, this.#records >> 6), (this.tail - oldest) | 0)
    if (count === 0) return false
    // Pairs with the second load of the word in JournalReader.next: a reader that copies one of these records,
    // or one of their blocks, finds out before it believes the copy.
    Atomics.store(this.#words, JOURNAL_OLDEST, (oldest + count) | 0)
    for (let i = 0; i < count; i++) this.#release((oldest + i) | 0)
    return true
  }

  /**
   * Lifts the ticket of the last transition. Else, once tickets have run on by 2^31 without another transition, it
   * would look later than its slot's, and a redo put the component back to what it was then.
   */
  sweep(mark: number): void {
    if (this.tail === this.#words[JOURNAL_OLDEST]) return
    const index = this.#record(this.tail - 1) + JOURNAL_TICKET
    if (isAfter(mark, this.#words[index]!)) put(this.#words, index, mark)
  }

  #record(position: number): number {
    return this.#base + (position & (this.#records - 1)) * JOURNAL_RECORD_WORDS
  }

  #release(position: number): void {
    const record = this.#record(position)
    for (const field of BLOCK_FIELDS) this.#heap.release(this.#words[record + field]!)
  }
}

const BLOCK_FIELDS = [JOURNAL_NAME, JOURNAL_MESSAGE, JOURNAL_METADATA] as const

/** The last transition, for a redo; undefined if there is none, or none that is still kept. */
export function lastTransition({ words, layout }: Region): TransitionWords | undefined {
  const tail = words[JOURNAL_TAIL]!
  if (tail === words[JOURNAL_OLDEST]) return undefined
  const record = layout.journal + ((tail - 1) & (layout.journalRecords - 1)) * JOURNAL_RECORD_WORDS
  const statuses = words[record + JOURNAL_STATUSES]!
  return {
    slot: words[record + JOURNAL_SLOT]!,
    generation: words[record + JOURNAL_GENERATION]!,
    oldStatus: statuses & STATUS_BYTE,
    newStatus: (statuses >> NEW_STATUS_SHIFT) & STATUS_BYTE,
    givesMetadata: (statuses & METADATA_GIVEN) !== 0,
    isCountOdd: (statuses & COUNT_ODD) !== 0,
    isOverlay: (statuses & OVERLAY) !== 0,
    ticket: words[record + JOURNAL_TICKET]!,
    name: words[record + JOURNAL_NAME]!,
    message: words[record + JOURNAL_MESSAGE]!,
    metadata: words[record + JOURNAL_METADATA]!,
    atLow: words[record + JOURNAL_AT]!,
    atHigh: words[record + JOURNAL_AT + 1]!,
    observer: words[record + JOURNAL_OBSERVER]!,
  }
}

/** Every block that a record of the journal holds, for a manager that takes over; once for each holder. */
export function* journalBlocks(region: Region): Iterable<number> {
  const { words, layout } = region
  const tail = words[JOURNAL_TAIL]!
  for (let at = words[JOURNAL_OLDEST]!; isAfter(tail, at); at = (at + 1) | 0) {
    const record = layout.journal + (at & (layout.journalRecords - 1)) * JOURNAL_RECORD_WORDS
    for (const field of BLOCK_FIELDS) yield words[record + field]!
  }
}

/** Completes the wrap of the tail's high word, if a manager died in the middle of it. */
export function repairJournalTail(words: Words): void {
  const first = words[JOURNAL_TAIL_HIGH_FIRST]!
  if (first === words[JOURNAL_TAIL_HIGH_SECOND]) return
  // A low word that is still large has not wrapped yet; its wrap will count the high word again.
  const isWrapped = words[JOURNAL_TAIL]! >= 0
  if (isWrapped) Atomics.store(words, JOURNAL_TAIL_HIGH_SECOND, first)
  else Atomics.store(words, JOURNAL_TAIL_HIGH_FIRST, words[JOURNAL_TAIL_HIGH_SECOND]!)
}

/** Transitions journaled since the start. Any thread. */
export function journalCount(words: Words): number {
  const second = Atomics.load(words, JOURNAL_TAIL_HIGH_SECOND)
  const low = Atomics.load(words, JOURNAL_TAIL)
  const first = Atomics.load(words, JOURNAL_TAIL_HIGH_FIRST)
  // The three differ only around a wrap of the low word: below zero (as a signed word) it has not wrapped yet.
  return (low < 0 ? second : first) * HALF + (low >>> 0)
}

/** Where a block is in a reader's copy. */
interface BlockCopy {
  readonly at: number
  readonly end: number
  readonly header: number
}

interface RecordCopy {
  readonly name: BlockCopy
  readonly message: BlockCopy
  readonly metadata: BlockCopy
}

/** A reader with its own cursor, in any thread. */
export class JournalReader {
  readonly #words: Words
  readonly #base: number
  readonly #records: number
  readonly #maxBlockWords: number
  readonly #record = new Int32Array(JOURNAL_FIELDS)
  #copy = new Int32Array(0)
  /** Number of the next transition to read, counted from 0. */
  #cursor: number

  /** Transitions are numbered from 1; `from` is the first number to read. */
  constructor(region: Region, from: 'now' | 'oldest' | number) {
    this.#words = region.words
    this.#base = region.layout.journal
    this.#records = region.layout.journalRecords
    this.#maxBlockWords = maxBlockWords(region.layout)
    const count = journalCount(this.#words)
    this.#cursor = from === 'now' ? count : from === 'oldest' ? this.#oldest(count) : from - 1
  }

  /** Number of the next transition to read. */
  get nextNumber(): number {
    return this.#cursor + 1
  }

  /** Goes on with the transition of this number, back or ahead. */
  seek(number: number): void {
    this.#cursor = number - 1
  }

  /** The next transition, or a gap where some were overwritten before they were read; undefined if there is none yet. */
  next(): Transition | Gap | undefined {
    // Pairs with the tail store in JournalWriter.append. Whole counts, as positions tell nothing of a reader that is
    // more than 2^31 behind.
    const count = journalCount(this.#words)
    if (count <= this.#cursor) return undefined
    const gap = this.#gap(count)
    if (gap !== undefined) return gap
    const copy = this.#copyRecord(this.#cursor)
    // Pairs with JournalWriter.evict: only now is the copy known to be of this record and its blocks.
    const lapped = this.#gap(count)
    if (lapped !== undefined) return lapped
    this.#cursor++
    return this.#decode(copy, this.#cursor)
  }

  /**
   * The transition of this number, wherever the cursor is; `'other'` where it is of another component than the one that is
   * asked for, and undefined where it is not kept, or not there yet.
   */
  at(number: number, component?: string): Transition | 'other' | undefined {
    const count = journalCount(this.#words)
    const position = number - 1
    if (position >= count || position < this.#oldest(count)) return undefined
    const copy = this.#copyRecord(position)
    // As in `next`.
    if (position < this.#oldest(count)) return undefined
    if (component !== undefined && this.#nameOf(copy) !== component) return 'other'
    return this.#decode(copy, number)
  }

  /** Copies the record of the transition at this position, and its blocks. */
  #copyRecord(position: number): RecordCopy {
    const base = this.#base + (position & (this.#records - 1)) * JOURNAL_RECORD_WORDS
    for (let i = 0; i < JOURNAL_FIELDS; i++) {
      this.#record[i] = Atomics.load(this.#words, base + i)
    }
    const name = this.#copyBlock(JOURNAL_NAME, 0)
    const message = this.#copyBlock(JOURNAL_MESSAGE, name.end)
    const metadata = this.#copyBlock(JOURNAL_METADATA, message.end)
    return { name, message, metadata }
  }

  #nameOf({ name }: RecordCopy): string {
    return decodeText(this.#copy, name.at, name.header)
  }

  #decode(copy: RecordCopy, number: number): Transition {
    const { message, metadata } = copy
    const statuses = this.#record[JOURNAL_STATUSES]!
    return {
      number,
      component: this.#nameOf(copy),
      // The manager writes the statuses of updates, and those were checked.
      oldStatus: (statuses & STATUS_BYTE) as HealthStatus,
      newStatus: ((statuses >> NEW_STATUS_SHIFT) & STATUS_BYTE) as HealthStatus,
      message: decodeText(this.#copy, message.at, message.header),
      metadata: decodeMetadata(this.#copy, metadata.at, metadata.header),
      at: readTime(this.#record, JOURNAL_AT),
    }
  }

  /** Whose the transition is that was given last: ticket of the record that began the term of observers. */
  get observer(): number {
    return this.#record[JOURNAL_OBSERVER]!
  }

  #gap(count: number): Gap | undefined {
    const missed = this.#oldest(count) - this.#cursor
    if (missed <= 0) return undefined
    this.#cursor += missed
    Atomics.add(this.#words, JOURNAL_GAPS, 1)
    return { missed }
  }

  /** Transitions given up so far; `count` is any recent count of all. */
  #oldest(count: number): number {
    return count - ((count - Atomics.load(this.#words, JOURNAL_OLDEST)) | 0)
  }

  #copyBlock(field: number, at: number): BlockCopy {
    const block = this.#record[field]!
    if (block === 0) return { at, end: at, header: 0 }
    if (this.#copy.length < at + this.#maxBlockWords) {
      const larger = new Int32Array(at + this.#maxBlockWords)
      larger.set(this.#copy)
      this.#copy = larger
    }
    const header = copyBlock(this.#words, block, this.#copy, at, this.#maxBlockWords)
    return { at, end: at + Math.min(contentWords(header), this.#maxBlockWords), header }
  }
}
