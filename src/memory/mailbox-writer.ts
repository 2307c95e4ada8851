// The producer's side of a mailbox; see mailbox.ts. Belongs to the thread that owns the mailbox.
import { HealthError, stopped } from '../model/errors.js'
import {
  CLOSED_BIT,
  HASH_MASK,
  MAILBOX_HEAD,
  MAILBOX_REFUSALS,
  MAILBOX_ROOM_SEQUENCE,
  MAILBOX_ROOM_WAITING,
  MAILBOX_TAIL,
  MAILBOX_WAITS,
  METADATA_HASH_SHIFT,
  METADATA_KEPT,
  RECORD_ALIGN_WORDS,
  RECORD_GENERATION,
  RECORD_HEADER_WORDS,
  RECORD_KIND,
  RECORD_METADATA,
  RECORD_PREVIOUS_TICKET,
  RECORD_SLOT,
  RECORD_TEXT,
  TEXT_HASH_SHIFT,
  TICKET_COUNTER,
  WORD_BYTES,
  type Words,
} from './layout.js'
import { mailboxHeader, ringBase } from './mailbox.js'
import { hasManagerFailed } from './manager-state.js'
import type { Region } from './region.js'
import type { Encoded } from './text.js'

/** The bits of the contents' hashes in a record's kind word. */
function hashesOf(text: Encoded | undefined, metadata: Encoded | undefined): number {
  const textHash = text === undefined ? 0 : text.hash & HASH_MASK
  const metadataHash = metadata === undefined ? 0 : metadata.hash & HASH_MASK
  return (textHash << TEXT_HASH_SHIFT) | (metadataHash << METADATA_HASH_SHIFT)
}

/** What a record says, besides its text and metadata. */
export interface RecordHeader {
  /** A KIND_ constant, with the status above STATUS_SHIFT. */
  kind: number
  slot: number
  generation: number
}

/** Longest slice of a wait for room: a producer notices a lost notify (its manager was killed) this late, in ms. */
const ROOM_SLICE_MS = 50

export class MailboxWriter {
  readonly #words: Words
  readonly #header: number
  readonly #ring: number
  readonly #mask: number
  /** Words published, and the last head seen. */
  #tail: number
  #head: number
  /** Where the record being written begins and how long it is. */
  #length = 0

  constructor(region: Region, index: number) {
    this.#words = region.words
    this.#header = mailboxHeader(region, index)
    this.#ring = ringBase(region, index)
    this.#mask = region.layout.mailboxWords - 1
    this.#tail = Atomics.load(this.#words, this.#header + MAILBOX_TAIL) & ~CLOSED_BIT
    this.#head = Atomics.load(this.#words, this.#header + MAILBOX_HEAD)
  }

  get tail(): number {
    return this.#tail
  }

  /**
   * waitForRoom, writeRecord: puts everything but the tickets into the ring. Nothing is visible yet, and calling
   * it again instead of `publish` starts over. `ring` wakes the manager if it is parked.
   * @throws HealthError `ERR_HEALTH_BACKPRESSURE` if there is no room within `timeoutMs`.
   */
  write(
    record: RecordHeader,
    text: Encoded | undefined,
    metadata: Encoded | undefined,
    timeoutMs: number,
    ring: () => void,
  ): void {
    const words = this.#words
    const textWords = text?.words
    const metadataWords = metadata?.words
    const payload = (textWords?.length ?? 0) + (metadataWords?.length ?? 0)
    const length = (RECORD_HEADER_WORDS + payload + RECORD_ALIGN_WORDS) & -RECORD_ALIGN_WORDS
    if (this.#mask + 1 - ((this.#tail - this.#head) | 0) < length)
      this.#waitForRoom(length, timeoutMs, ring)
    const at = this.#ring + (this.#tail & this.#mask)
    words[at] = length
    words[at + RECORD_KIND] = record.kind | hashesOf(text, metadata)
    words[at + RECORD_SLOT] = record.slot
    words[at + RECORD_GENERATION] = record.generation
    words[at + RECORD_TEXT] = text === undefined ? 0 : text.header
    words[at + RECORD_METADATA] = metadata === undefined ? METADATA_KEPT : metadata.header
    const payloadAt = this.#tail + RECORD_HEADER_WORDS
    if (textWords !== undefined) this.#put(payloadAt, textWords)
    if (metadataWords !== undefined) this.#put(payloadAt + (textWords?.length ?? 0), metadataWords)
    this.#length = length
  }

  /** Copies content to a position of the ring, around its end if it must be. */
  #put(position: number, content: Int32Array): void {
    const words = this.#words
    const start = position & this.#mask
    const at = this.#ring + start
    const wrapsAt = Math.min(content.length, this.#mask + 1 - start)
    for (let i = 0; i < wrapsAt; i++) words[at + i] = content[i]!
    for (let i = wrapsAt; i < content.length; i++) words[this.#ring + i - wrapsAt] = content[i]!
  }

  /** drawTicket. */
  drawTicket(): number {
    return Atomics.add(this.#words, TICKET_COUNTER, 1)
  }

  /**
   * publishTail: makes the written record visible. From here on it is accepted: whatever happens to this thread,
   * the manager applies it.
   * @throws HealthError `ERR_HEALTH_STOPPED` if the runtime has stopped; then the record was not accepted.
   */
  publish(ticket: number, previousTicket: number): void {
    const words = this.#words
    const tail = this.#tail
    words[this.#ring + (tail & this.#mask) + RECORD_PREVIOUS_TICKET] = previousTicket
    words[this.#ring + ((tail + this.#length - 1) & this.#mask)] = ticket
    // Pairs with the tail loads of the manager (collectFirst, collectSecond) and of readers (noteTails): the
    // record's words happen before. A compare-exchange, not a store: it fails on the mark of a closing manager,
    // so a closed tail never moves again.
    const next = (tail + this.#length) | 0
    if (Atomics.compareExchange(words, this.#header + MAILBOX_TAIL, tail, next) !== tail) {
      throw stopped()
    }
    this.#tail = next
  }

  /** Bytes published and not applied yet. */
  backlog(): number {
    // Pairs with advanceHead.
    if (this.#head !== this.#tail)
      this.#head = Atomics.load(this.#words, this.#header + MAILBOX_HEAD)
    return ((this.#tail - this.#head) | 0) * WORD_BYTES
  }

  #waitForRoom(length: number, timeoutMs: number, ring: () => void): void {
    const words = this.#words
    const header = this.#header
    const hasRoom = () => {
      // Pairs with advanceHead: the manager has read the words that are overwritten next.
      this.#head = Atomics.load(words, header + MAILBOX_HEAD)
      return this.#mask + 1 - ((this.#tail - this.#head) | 0) >= length
    }
    if (hasRoom()) return
    // Pairs with close: nobody waits for room for what would be refused.
    if ((Atomics.load(words, header + MAILBOX_TAIL) & CLOSED_BIT) !== 0) {
      throw stopped()
    }
    Atomics.add(words, header + MAILBOX_WAITS, 1)
    const deadline = performance.now() + timeoutMs
    let isInTime = false
    for (;;) {
      const sequence = Atomics.load(words, header + MAILBOX_ROOM_SEQUENCE)
      Atomics.store(words, header + MAILBOX_ROOM_WAITING, 1)
      // Pairs with Drain.#settle, which looks at the flag after the heads have moved: either it sees the flag,
      // or this sees the head, or the sequence has moved and the wait returns at once.
      isInTime = hasRoom()
      const leftMs = deadline - performance.now()
      if (isInTime || leftMs <= 0 || hasManagerFailed(words)) break
      ring()
      Atomics.wait(words, header + MAILBOX_ROOM_SEQUENCE, sequence, Math.min(leftMs, ROOM_SLICE_MS))
    }
    Atomics.store(words, header + MAILBOX_ROOM_WAITING, 0)
    if (isInTime) return
    Atomics.add(words, header + MAILBOX_REFUSALS, 1)
    throw new HealthError(
      'ERR_HEALTH_BACKPRESSURE',
      `publishTimeoutMs=${timeoutMs}: the mailbox stayed full, depthBytes=${this.backlog()}`,
    )
  }
}
