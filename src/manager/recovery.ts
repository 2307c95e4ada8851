// A manager's first act: finish what its predecessor left half done, and rebuild the private books (names, free
// slots, reference counts) from the region. On a fresh region the same code finds nothing to do.

import { controlBlocks } from '../memory/control.js'
import { DirectoryReader, DirectoryWriter } from '../memory/directory.js'
import {
  JournalWriter,
  journalBlocks,
  lastTransition,
  repairJournalTail,
} from '../memory/journal.js'
import {
  BLOCK_CONTENT,
  COPY_MESSAGE,
  COPY_METADATA,
  COPY_METADATA_TICKET,
  COPY_NAME,
  COPY_SINCE,
  COPY_STATUS,
  COPY_TICKET,
  COPY_UPDATED_AT,
  isAfter,
  SLOT_HIGH_WATER,
  TABLE_SEQUENCE,
} from '../memory/layout.js'
import { PayloadHeap } from '../memory/payload-heap.js'
import { put, type Region } from '../memory/region.js'
import {
  generationOf,
  isRegistered,
  type SlotWriter,
  statusOf,
  statusWordOf,
  toldOf,
} from '../memory/slot-latch.js'
import { contentWords, type Encoded, encodedOf } from '../memory/text.js'

/** The manager's private books; everything in them can be found again in the region. */
export class Recovered {
  readonly heap: PayloadHeap
  readonly journal: JournalWriter
  /** Components registered. */
  componentCount = 0
  /** Free slots below the high water; the ones above are all free. */
  readonly #freeSlots: number[] = []
  readonly #region: Region
  readonly #slots: SlotWriter
  readonly #directory: DirectoryWriter
  readonly #lookUp: DirectoryReader

  constructor(region: Region, slots: SlotWriter, heap: PayloadHeap, journal: JournalWriter) {
    this.#region = region
    this.#slots = slots
    this.heap = heap
    this.journal = journal
    this.#directory = new DirectoryWriter(region)
    this.#lookUp = new DirectoryReader(region, slots.map)
    for (let slot = 0; slot < this.slotHighWater; slot++) {
      if (isRegistered(slots.get(slot, COPY_STATUS))) this.componentCount++
      else {
        this.#freeSlots.push(slot)
        // A predecessor may have died between the end of a registration and this.
        slots.expireReporters(slot)
      }
    }
    // A predecessor may have died between a slot and its directory entry, in either order of events.
    if (this.slotHighWater > 0) this.#directory.rebuild(this.#entries())
  }

  get slotHighWater(): number {
    return this.#region.words[SLOT_HIGH_WATER]!
  }

  /** A slot for a new component; undefined if all are taken. */
  takeSlot(): number | undefined {
    const free = this.#freeSlots.pop()
    if (free !== undefined) return free
    const { words, layout } = this.#region
    const fresh = this.slotHighWater
    if (fresh === layout.maxComponents) return undefined
    // Before the slot is committed. Pairs with TableReader.#draftAll and #isUnmoved: a look at the slots that comes after a
    // registration does not end below it.
    Atomics.store(words, SLOT_HIGH_WATER, fresh + 1)
    return fresh
  }

  giveSlotBack(slot: number): void {
    this.#freeSlots.push(slot)
  }

  isRegistered(name: Encoded): boolean {
    return this.#lookUp.find(name) !== undefined
  }

  enter(name: Encoded, slot: number): void {
    this.componentCount++
    this.#directory.add(slot, name.hash)
  }

  leave(slot: number): void {
    this.componentCount--
    this.#freeSlots.push(slot)
    this.#directory.remove(slot, () => this.#entries())
  }

  *#entries(): Iterable<readonly [slot: number, hash: number]> {
    for (let slot = 0; slot < this.slotHighWater; slot++) {
      if (isRegistered(this.#slots.get(slot, COPY_STATUS))) yield [slot, this.#nameAt(slot).hash]
    }
  }

  #nameAt(slot: number): Encoded {
    const block = this.#slots.get(slot, COPY_NAME)
    const header = this.heap.header(block)
    const content = block + BLOCK_CONTENT
    const words = this.#region.words.slice(content, content + contentWords(header))
    return encodedOf(header, words)
  }
}

export function recover(region: Region, slots: SlotWriter): Recovered {
  repairJournalTail(region.words)
  redo(region, slots)
  const heap = new PayloadHeap(region, liveBlocks(region, slots))
  const recovered = new Recovered(region, slots, heap, new JournalWriter(region, heap))
  // A predecessor that died in a batch has left the sequence odd, which readers take for a batch in progress. Last of
  // all: a name whose slot was registered is in the directory only now. Pairs with TableReader.#attempt, as endBatch does.
  const tableSequence = region.words[TABLE_SEQUENCE]!
  if ((tableSequence & 1) === 1)
    Atomics.store(region.words, TABLE_SEQUENCE, (tableSequence + 1) | 0)
  return recovered
}

/**
 * The last journaled transition goes into its slot, if the slot is older. It must come first of all: a record with a
 * smaller ticket that arrives meanwhile would else be applied before it, and the transition journaled twice.
 */
function redo(region: Region, slots: SlotWriter): void {
  const { words } = region
  const last = lastTransition(region)
  if (last === undefined) return
  const statusWord = slots.get(last.slot, COPY_STATUS)
  if (!isRegistered(statusWord) || generationOf(statusWord) !== last.generation) return
  const ticket = slots.get(last.slot, COPY_TICKET)
  // One of an overlay has the ticket that the slot had. As nothing was journaled after it, it is in the slot if, and only if,
  // its new status is the told one.
  const isMissing = last.isOverlay
    ? last.ticket === ticket && last.newStatus !== toldOf(statusWord)
    : isAfter(last.ticket, ticket)
  if (!isMissing) return
  // Counted between journal and slot: the predecessor may have come as far as that, or not.
  const isCountOdd = (slots.transitions(last.slot, last.newStatus) & 1) === 1
  if (isCountOdd !== last.isCountOdd) slots.countTransition(last.slot, last.newStatus)
  const copy = slots.openWhole(last.slot)
  const { newStatus } = last
  const status = last.isOverlay ? statusOf(statusWord) : newStatus
  put(words, copy + COPY_STATUS, statusWordOf(status, newStatus, last.generation))
  put(words, copy + COPY_SINCE, last.atLow)
  put(words, copy + COPY_SINCE + 1, last.atHigh)
  if (!last.isOverlay) {
    put(words, copy + COPY_TICKET, last.ticket)
    put(words, copy + COPY_MESSAGE, last.message)
    put(words, copy + COPY_METADATA, last.metadata)
    if (last.givesMetadata) put(words, copy + COPY_METADATA_TICKET, last.ticket)
    put(words, copy + COPY_UPDATED_AT, last.atLow)
    put(words, copy + COPY_UPDATED_AT + 1, last.atHigh)
  }
  slots.commit(last.slot)
}

function* liveBlocks(region: Region, slots: SlotWriter): Iterable<number> {
  for (let slot = 0; slot < region.words[SLOT_HIGH_WATER]!; slot++) {
    if (!isRegistered(slots.get(slot, COPY_STATUS))) continue
    yield slots.get(slot, COPY_NAME)
    yield slots.get(slot, COPY_MESSAGE)
    yield slots.get(slot, COPY_METADATA)
    yield region.words[slots.map.options(slot)]!
  }
  yield* controlBlocks(region.words)
  yield* journalBlocks(region)
}
