// Applies registrations and deregistrations: which component is in which slot, under which generation. Runs in the manager
// actor alone.
import {
  COPY_MESSAGE,
  COPY_METADATA,
  COPY_METADATA_TICKET,
  COPY_NAME,
  COPY_SINCE,
  COPY_STATUS,
  COPY_TICKET,
  COPY_UPDATED_AT,
  isAfter,
  METADATA_KEPT,
  type Words,
} from '../memory/layout.js'
import type { MailboxReader } from '../memory/mailbox-reader.js'
import { put } from '../memory/region.js'
import {
  freeWordOf,
  generationOf,
  isRegistered,
  type SlotWriter,
  statusWordOf,
} from '../memory/slot-latch.js'
import { contentWords, encodedOf } from '../memory/text.js'
import type { Interner } from './interner.js'
import type { Outcome } from './outcome.js'
import type { Overlays } from './overlays.js'
import type { Recovered } from './recovery.js'

export class Registrations {
  readonly #words: Words
  readonly #slots: SlotWriter
  readonly #interner: Interner
  readonly #books: Recovered
  readonly #overlays: Overlays

  constructor(
    words: Words,
    slots: SlotWriter,
    interner: Interner,
    books: Recovered,
    overlays: Overlays,
  ) {
    this.#words = words
    this.#slots = slots
    this.#interner = interner
    this.#books = books
    this.#overlays = overlays
  }

  /** The time of the batch, as words, becomes that of the registration. */
  register(record: MailboxReader, nowLow: number, nowHigh: number): Outcome {
    const header = record.textHeader
    const content = new Int32Array(contentWords(header))
    record.copy(record.textAt(), content)
    const name = encodedOf(header, content)
    if (this.#books.isRegistered(name)) return 'applied'
    const slot = this.#books.takeSlot()
    if (slot === undefined) return 'refused'
    const block = this.#interner.internName(content, header)
    if (block === 0) {
      this.#books.giveSlotBack(slot)
      return 'refused'
    }
    const options = this.#copyOptions(record)
    if (options === undefined) {
      this.#books.heap.release(block)
      this.#books.giveSlotBack(slot)
      return 'refused'
    }
    const words = this.#words
    // Before the commit: every update of the new registration gets a later ticket than this. The record's own would
    // leave tickets of an earlier registration after it, and updates that keep metadata waiting for them.
    const first = this.#slots.expireReporters(slot)
    this.#slots.open(slot)
    const { to: copy } = this.#slots
    const generation = this.#slots.freshGeneration()
    // Before the status word. Pairs with DirectoryReader.#match: who finds the generation finds no other name under it.
    put(words, copy + COPY_NAME, block)
    put(words, copy + COPY_STATUS, statusWordOf(0, 0, generation))
    put(words, copy + COPY_TICKET, first)
    put(words, copy + COPY_METADATA_TICKET, first)
    put(words, copy + COPY_MESSAGE, 0)
    put(words, copy + COPY_METADATA, 0)
    for (const field of [COPY_UPDATED_AT, COPY_SINCE]) {
      put(words, copy + field, nowLow)
      put(words, copy + field + 1, nowHigh)
    }
    this.#slots.resetTransitions(slot)
    this.#overlays.enter(slot, options)
    // Before the commit, which makes the slot appear in reports and its name in the directory at the same instant.
    this.#books.enter(name, slot)
    this.#slots.commit(slot)
    return 'applied'
  }

  /** The block of the registration's rules, 0 if it has none; undefined if there is no room for it. */
  #copyOptions(record: MailboxReader): number | undefined {
    const header = record.metadataHeader
    if (header === METADATA_KEPT) return 0
    const content = new Int32Array(contentWords(header))
    record.copy(record.metadataAt(), content)
    return this.#interner.internWords(content, header) || undefined
  }

  /** However late: with an update of the same generation it could have come after or before, both end unregistered. */
  deregister(record: MailboxReader): Outcome {
    const { slot, ticket } = record
    const words = this.#words
    const statusWord = this.#slots.get(slot, COPY_STATUS)
    const generation = generationOf(statusWord)
    if (generation !== record.generation) return 'ignored'
    if (!isRegistered(statusWord)) {
      // Met again after a crash, or the second of two.
      return ticket === this.#slots.get(slot, COPY_TICKET) ? 'applied' : 'ignored'
    }
    const copy = this.#slots.openWhole(slot)
    const { from } = this.#slots
    const blocks = [COPY_NAME, COPY_MESSAGE, COPY_METADATA].map((field) => words[from + field]!)
    put(words, copy + COPY_STATUS, freeWordOf(generation))
    if (isAfter(ticket, words[from + COPY_TICKET]!)) put(words, copy + COPY_TICKET, ticket)
    put(words, copy + COPY_NAME, 0)
    put(words, copy + COPY_MESSAGE, 0)
    put(words, copy + COPY_METADATA, 0)
    this.#slots.commit(slot)
    this.#books.heap.release(this.#overlays.leave(slot))
    // Behind the commit: whoever finds its ticket gone finds the registration gone, too.
    this.#slots.expireReporters(slot)
    this.#books.leave(slot)
    for (const block of blocks) this.#books.heap.release(block)
    return 'applied'
  }
}
