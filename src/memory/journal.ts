// The journal: a broadcast ring of transitions. The manager writes each transition here before it writes the slot,
// so the last record is also the redo log of a manager that died between the two. Any number of readers follow
// with cursors of their own; the writer never waits for them, and a reader that was lapped is told how many it missed.
import {
  isAfter,
  JOURNAL_AT,
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
  type Words,
} from './layout.js'
import type { PayloadHeap } from './payload-heap.js'
import { put, type Region } from './region.js'

const HALF = 2 ** 32
/** In a record's word of statuses; see layout.ts. */
export const NEW_STATUS_SHIFT = 8
export const STATUS_BYTE = 0xff
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
