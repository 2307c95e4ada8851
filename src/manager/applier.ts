// Applies one record to the status table, the journal and the control words. Runs in the manager actor alone: the
// sole writer of all three. Every step leaves a state that a new manager can go on from.

import { ControlWriter, type SuppressionField } from '../memory/control.js'
import type { TransitionWords } from '../memory/journal.js'
import {
  CONTROL_LIVENESS,
  CONTROL_READINESS,
  COPY_MESSAGE,
  COPY_METADATA,
  COPY_NAME,
  COPY_SINCE,
  COPY_STATUS,
  COPY_TICKET,
  COPY_TRANSITIONS,
  COPY_UPDATED_AT,
  isAfter,
  KIND_DEREGISTER,
  KIND_MASK,
  KIND_REGISTER,
  KIND_STANDBY,
  KIND_SUPPRESS_LIVENESS,
  KIND_SUPPRESS_READINESS,
  KIND_UPDATE,
  METADATA_KEPT,
  RECORD_GENERATION,
  RECORD_HEADER_WORDS,
  RECORD_KIND,
  RECORD_METADATA,
  RECORD_PREVIOUS_TICKET,
  RECORD_SLOT,
  RECORD_TEXT,
  STATUS_SHIFT,
  SUPPRESSION_REASON,
  TICKET_COUNTER,
} from '../memory/layout.js'
import type { MailboxReader } from '../memory/mailbox.js'
import { put, type Region } from '../memory/region.js'
import {
  generationOf,
  isRegistered,
  nextGeneration,
  SlotMap,
  SlotWriter,
  statusOf,
  statusWordOf,
  writeTime,
} from '../memory/slot-latch.js'
import { contentWords, decodeText } from '../memory/text.js'
import { Interner } from './interner.js'
import { type Recovered, recover } from './recovery.js'

/** What became of a record. */
export type Outcome = 'applied' | 'ignored' | 'superseded' | 'refused'

const UNREGISTERED = 0

export class Applier {
  readonly #region: Region
  readonly #map: SlotMap
  readonly #slots: SlotWriter
  readonly #control: ControlWriter
  readonly #interner: Interner
  readonly #state: Recovered
  /** Predecessors that a metadata-keeping update has not waited for any longer, by slot. */
  readonly #overdue = new Map<number, number>()
  readonly #transition: TransitionWords = {
    slot: 0,
    generation: 0,
    oldStatus: 0,
    newStatus: 0,
    ticket: 0,
    name: 0,
    message: 0,
    metadata: 0,
    at: 0,
  }
  /** Epoch ms; the drain loop sets it once a batch. */
  now = Date.now()

  /** Takes over the region: repairs what an earlier manager left half done. */
  constructor(region: Region) {
    this.#region = region
    this.#map = new SlotMap(region)
    this.#slots = new SlotWriter(this.#map)
    this.#control = new ControlWriter(region.words)
    this.#state = recover(region, this.#slots)
    const { heap, journal } = this.#state
    this.#interner = new Interner(region, heap, () => journal.evict())
  }

  get componentCount(): number {
    return this.#state.slotOfName.size
  }

  get heapUsedBytes(): number {
    return this.#state.heap.usedBytes
  }

  get cutCount(): number {
    return this.#interner.cutCount
  }

  get slotHighWater(): number {
    return this.#state.slotHighWater
  }

  /**
   * The ticket of a record that must be applied before this one, and has not been seen yet; undefined if this one can
   * be applied. Only an update that keeps metadata asks: all others overwrite their predecessors whole.
   */
  missingPredecessor(record: MailboxReader): number | undefined {
    if (!record.needsPredecessor()) return undefined
    const slot = record.get(RECORD_SLOT)
    const previous = record.get(RECORD_PREVIOUS_TICKET)
    const statusWord = this.#slots.get(slot, COPY_STATUS)
    if (!isRegistered(statusWord) || generationOf(statusWord) !== record.get(RECORD_GENERATION))
      return undefined
    if (!isAfter(previous, this.#slots.get(slot, COPY_TICKET))) return undefined
    return this.#overdue.get(slot) === previous ? undefined : previous
  }

  /** Goes on without the predecessor: its producer was most likely killed between its draw and its publication. */
  giveUpPredecessor(record: MailboxReader): void {
    this.#overdue.set(record.get(RECORD_SLOT), record.get(RECORD_PREVIOUS_TICKET))
  }

  /** Applies the record at the head. A record that was applied before a crash is recognised and left. */
  apply(record: MailboxReader, ticket: number): Outcome {
    const kind = record.get(RECORD_KIND)
    switch (kind & KIND_MASK) {
      case KIND_UPDATE:
        return this.#update(record, kind >> STATUS_SHIFT, ticket)
      case KIND_REGISTER:
        return this.#register(record, ticket)
      case KIND_DEREGISTER:
        return this.#deregister(record, ticket)
      case KIND_STANDBY:
        return this.#control.setStandby(record.get(RECORD_SLOT) === 1, ticket)
          ? 'applied'
          : 'superseded'
      case KIND_SUPPRESS_LIVENESS:
        return this.#suppress(record, CONTROL_LIVENESS, ticket)
      case KIND_SUPPRESS_READINESS:
        return this.#suppress(record, CONTROL_READINESS, ticket)
      default:
        throw new Error(`mailbox record of unknown kind ${kind}`)
    }
  }

  /** Lifts the tickets of idle slots and control words to `mark`; see SlotWriter.sweep. */
  sweep(mark: number): void {
    for (let slot = 0; slot < this.#state.slotHighWater; slot++) this.#slots.sweep(slot, mark)
    this.#control.sweep(mark)
  }

  /** After the stop no component's unchanged fast path may be taken any more. */
  expireFastPaths(): void {
    const { words } = this.#region
    const ticket = Atomics.add(words, TICKET_COUNTER, 1)
    for (let slot = 0; slot < this.#state.slotHighWater; slot++) {
      Atomics.store(words, this.#map.latestTicket(slot), ticket)
    }
  }

  #update(record: MailboxReader, status: number, ticket: number): Outcome {
    const slots = this.#slots
    const slot = record.get(RECORD_SLOT)
    const statusWord = slots.get(slot, COPY_STATUS)
    const generation = generationOf(statusWord)
    if (!isRegistered(statusWord) || generation !== record.get(RECORD_GENERATION)) return 'ignored'
    if (!isAfter(ticket, slots.get(slot, COPY_TICKET))) return this.#late(record, slot, ticket)

    const oldMessage = slots.get(slot, COPY_MESSAGE)
    const oldMetadata = slots.get(slot, COPY_METADATA)
    const oldStatus = statusOf(statusWord)
    const message = this.#interner.intern(
      record,
      RECORD_HEADER_WORDS,
      record.get(RECORD_TEXT),
      oldMessage,
      'text',
    )
    const metadata = this.#metadataOf(record, oldMetadata)
    let since = slots.getTime(slot, COPY_SINCE)
    let transitions = slots.get(slot, COPY_TRANSITIONS)
    if (status !== oldStatus) {
      since = this.now
      transitions = (transitions + 1) | 0
      const transition = this.#transition
      transition.slot = slot
      transition.generation = generation
      transition.oldStatus = oldStatus
      transition.newStatus = status
      transition.ticket = ticket
      transition.name = slots.get(slot, COPY_NAME)
      transition.message = message
      transition.metadata = metadata
      transition.at = this.now
      // Before the slot: a manager that dies between the two is finished by its successor's redo.
      this.#state.journal.append(transition)
    }
    this.#write(
      slot,
      statusWordOf(status, generation, true),
      ticket,
      message,
      metadata,
      since,
      transitions,
    )
    this.#state.heap.release(oldMessage)
    this.#state.heap.release(oldMetadata)
    return 'applied'
  }

  #metadataOf(record: MailboxReader, current: number): number {
    const header = record.get(RECORD_METADATA)
    if (header === METADATA_KEPT) return this.#state.heap.retain(current)
    return this.#interner.intern(record, record.metadataWords(), header, current, 'metadata')
  }

  /** writeSlot, commitSlot. The references that it stores pass to the slot. */
  #write(
    slot: number,
    statusWord: number,
    ticket: number,
    message: number,
    metadata: number,
    since: number,
    transitions: number,
  ): void {
    const { words } = this.#region
    const name = this.#slots.get(slot, COPY_NAME)
    const copy = this.#slots.next(slot)
    put(words, copy + COPY_STATUS, statusWord)
    put(words, copy + COPY_TICKET, ticket)
    put(words, copy + COPY_NAME, name)
    put(words, copy + COPY_MESSAGE, message)
    put(words, copy + COPY_METADATA, metadata)
    writeTime(words, copy + COPY_UPDATED_AT, this.now)
    writeTime(words, copy + COPY_SINCE, since)
    put(words, copy + COPY_TRANSITIONS, transitions)
    this.#slots.commit(slot)
  }

  /** An update that a later one has overtaken counts as overwritten at once, except metadata that the later one only kept. */
  #late(record: MailboxReader, slot: number, ticket: number): Outcome {
    // Met again after a crash between commitSlot and advanceHead.
    if (ticket === this.#slots.get(slot, COPY_TICKET)) return 'applied'
    if (this.#overdue.get(slot) === ticket && record.get(RECORD_METADATA) !== METADATA_KEPT) {
      const oldMetadata = this.#slots.get(slot, COPY_METADATA)
      const metadata = this.#metadataOf(record, oldMetadata)
      put(this.#region.words, this.#slots.carryOver(slot) + COPY_METADATA, metadata)
      this.#slots.commit(slot)
      this.#state.heap.release(oldMetadata)
      this.#overdue.delete(slot)
    }
    return 'superseded'
  }

  #register(record: MailboxReader, ticket: number): Outcome {
    const header = record.get(RECORD_TEXT)
    const words = new Int32Array(contentWords(header))
    record.copy(RECORD_HEADER_WORDS, words.length, words)
    const name = decodeText(words, 0, header)
    if (this.#state.slotOfName.has(name)) return 'applied'
    const slot = this.#state.takeSlot(ticket)
    if (slot === undefined) return 'refused'
    const block = this.#interner.internWords(words, header)
    if (block === 0) {
      this.#state.giveSlotBack(slot)
      return 'refused'
    }
    const generation = nextGeneration(generationOf(this.#slots.get(slot, COPY_STATUS)))
    const shared = this.#region.words
    const copy = this.#slots.carryOver(slot)
    put(shared, copy + COPY_STATUS, statusWordOf(0, generation, true))
    put(shared, copy + COPY_TICKET, ticket)
    put(shared, copy + COPY_NAME, block)
    put(shared, copy + COPY_MESSAGE, 0)
    put(shared, copy + COPY_METADATA, 0)
    writeTime(shared, copy + COPY_UPDATED_AT, this.now)
    writeTime(shared, copy + COPY_SINCE, this.now)
    put(shared, copy + COPY_TRANSITIONS, 0)
    this.#slots.commit(slot)
    // Behind the commit: whoever finds the name finds a whole slot.
    this.#state.enter(name, slot)
    return 'applied'
  }

  /** However late: with an update of the same generation it could have come after or before, both end unregistered. */
  #deregister(record: MailboxReader, ticket: number): Outcome {
    const slot = record.get(RECORD_SLOT)
    const statusWord = this.#slots.get(slot, COPY_STATUS)
    const generation = generationOf(statusWord)
    if (!isRegistered(statusWord) || generation !== record.get(RECORD_GENERATION)) return 'ignored'
    const blocks = [COPY_NAME, COPY_MESSAGE, COPY_METADATA].map((field) =>
      this.#slots.get(slot, field),
    )
    const name = this.#state.nameAt(slot)
    const { words } = this.#region
    const copy = this.#slots.carryOver(slot)
    put(words, copy + COPY_STATUS, statusWordOf(UNREGISTERED, generation, false))
    if (isAfter(ticket, this.#slots.get(slot, COPY_TICKET))) put(words, copy + COPY_TICKET, ticket)
    put(words, copy + COPY_NAME, 0)
    put(words, copy + COPY_MESSAGE, 0)
    put(words, copy + COPY_METADATA, 0)
    this.#slots.commit(slot)
    this.#overdue.delete(slot)
    this.#state.leave(name, slot)
    for (const block of blocks) this.#state.heap.release(block)
    return 'applied'
  }

  #suppress(record: MailboxReader, field: SuppressionField, ticket: number): Outcome {
    const old = this.#control.get(field + SUPPRESSION_REASON)
    const header = record.get(RECORD_TEXT)
    const reason = this.#interner.intern(record, RECORD_HEADER_WORDS, header, old, 'text')
    const isApplied = this.#control.suppress(
      field,
      record.get(RECORD_SLOT),
      record.get(RECORD_GENERATION),
      reason,
      ticket,
    )
    this.#state.heap.release(isApplied ? old : reason)
    return isApplied ? 'applied' : 'superseded'
  }
}
