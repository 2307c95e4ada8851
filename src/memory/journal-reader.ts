// A reader of the journal with a cursor of its own, in any thread. It copies, and believes the copy only if the record was not
// given up meanwhile; the writer never waits for it. See journal.ts.
import type { HealthStatus } from '../model/health-status.js'
import type { Gap, Transition } from '../model/transition.js'
import { journalCount, NEW_STATUS_SHIFT, STATUS_BYTE } from './journal.js'
import {
  JOURNAL_AT,
  JOURNAL_FIELDS,
  JOURNAL_GAPS,
  JOURNAL_MESSAGE,
  JOURNAL_METADATA,
  JOURNAL_NAME,
  JOURNAL_OBSERVER,
  JOURNAL_OLDEST,
  JOURNAL_RECORD_WORDS,
  JOURNAL_STATUSES,
  maxBlockWords,
  type Words,
} from './layout.js'
import { copyBlock } from './payload-heap.js'
import type { Region } from './region.js'
import { readTime } from './slot-latch.js'
import { contentWords, decodeMetadata, decodeText } from './text.js'

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
