// The manager's side of a mailbox; see mailbox.ts. Runs in the manager actor alone.
import {
  CLOSED_BIT,
  HASH_MASK,
  KIND_MASK,
  MAILBOX_HEAD,
  MAILBOX_TAIL,
  METADATA_HASH_SHIFT,
  RECORD_GENERATION,
  RECORD_HEADER_WORDS,
  RECORD_KIND,
  RECORD_METADATA,
  RECORD_PREVIOUS_TICKET,
  RECORD_SLOT,
  RECORD_TEXT,
  STATUS_MASK,
  STATUS_SHIFT,
  TEXT_HASH_SHIFT,
  type Words,
} from './layout.js'
import { mailboxHeader, ringBase } from './mailbox.js'
import type { Region } from './region.js'
import { contentWords } from './text.js'

/** One mailbox, and a view of the record at its head. */
export class MailboxReader {
  readonly words: Words
  readonly header: number
  readonly capacity: number
  /** First word of the ring, and the mask for positions in it. */
  readonly ring: number
  readonly mask: number
  /** Words consumed. */
  head: number
  /** collectSecond: records below this are complete. */
  limit: number

  /** The record at the head; valid after `load`. */
  ticket = 0
  kind = 0
  status = 0
  textHash = 0
  metadataHash = 0
  slot = 0
  generation = 0
  previousTicket = 0
  textHeader = 0
  metadataHeader = 0
  #length = 0
  #isLoaded = false

  constructor(region: Region, index: number) {
    this.words = region.words
    this.header = mailboxHeader(region, index)
    this.capacity = region.layout.mailboxWords
    this.ring = ringBase(region, index)
    this.mask = region.layout.mailboxWords - 1
    this.head = Atomics.load(this.words, this.header + MAILBOX_HEAD)
    this.limit = this.head
  }

  /** Pairs with MailboxWriter.publish. */
  loadTail(): number {
    return Atomics.load(this.words, this.header + MAILBOX_TAIL) & ~CLOSED_BIT
  }

  /** Freezes the tail: what is below it was accepted, everything after is refused. Pairs with the exchange in publish. */
  close(): number {
    return Atomics.or(this.words, this.header + MAILBOX_TAIL, CLOSED_BIT) & ~CLOSED_BIT
  }

  /** The word before a tail: the ticket of the last record below it. */
  ticketBefore(tail: number): number {
    return this.words[this.ring + ((tail - 1) & this.mask)]!
  }

  /** Reads the header of the record at the head, once; false if there is none below the limit. */
  load(): boolean {
    if (this.#isLoaded) return true
    const { words, ring, mask, head } = this
    if (((this.limit - head) | 0) <= 0) return false
    const at = ring + (head & mask)
    const length = words[at]!
    this.#length = length
    const kind = words[at + RECORD_KIND]!
    this.kind = kind & KIND_MASK
    this.status = (kind >> STATUS_SHIFT) & STATUS_MASK
    this.textHash = (kind >> TEXT_HASH_SHIFT) & HASH_MASK
    this.metadataHash = (kind >> METADATA_HASH_SHIFT) & HASH_MASK
    this.slot = words[at + RECORD_SLOT]!
    this.generation = words[at + RECORD_GENERATION]!
    this.previousTicket = words[at + RECORD_PREVIOUS_TICKET]!
    this.textHeader = words[at + RECORD_TEXT]!
    this.metadataHeader = words[at + RECORD_METADATA]!
    this.ticket = words[ring + ((head + length - 1) & mask)]!
    this.#isLoaded = true
    return true
  }

  /** Where the text, and behind it the metadata, of the record at the head begin, as ring positions. */
  textAt(): number {
    return this.head + RECORD_HEADER_WORDS
  }

  metadataAt(): number {
    return this.head + RECORD_HEADER_WORDS + contentWords(this.textHeader)
  }

  /** Whether the ring holds, from a position on, the same words as the region from `at` on. */
  equals(position: number, at: number, count: number): boolean {
    const { words } = this
    const start = position & this.mask
    const from = this.ring + start
    const wrapsAt = Math.min(count, this.capacity - start)
    for (let i = 0; i < wrapsAt; i++) if (words[from + i] !== words[at + i]) return false
    for (let i = wrapsAt; i < count; i++) {
      if (words[this.ring + i - wrapsAt] !== words[at + i]) return false
    }
    return true
  }

  /** Copies words of the ring into the thread's own array. */
  copy(position: number, target: Int32Array): void {
    for (let i = 0; i < target.length; i++)
      target[i] = this.words[this.ring + ((position + i) & this.mask)]!
  }

  /**
   * advanceHead, after every record: a manager that takes over meets at most one record again. Pairs with the
   * producer's look for room and with the readers' waitApplied: what the record did happens before.
   */
  advance(): void {
    this.#isLoaded = false
    this.head = (this.head + this.#length) | 0
    Atomics.store(this.words, this.header + MAILBOX_HEAD, this.head)
  }
}
