// Applies one record to the status table, the journal and the control words. Runs in the manager actor alone: the
// sole writer of all three. Every step leaves a state that a new manager can go on from.

import { ControlWriter } from '../memory/control.js'
import {
  CONTROL_LIVENESS,
  CONTROL_READINESS,
  COPY_MESSAGE,
  COPY_METADATA,
  COPY_METADATA_TICKET,
  COPY_NAME,
  COPY_SINCE,
  COPY_STATUS,
  COPY_TICKET,
  COPY_UPDATED_AT,
  isAfter,
  KIND_DEREGISTER,
  KIND_OBSERVER,
  KIND_REGISTER,
  KIND_STANDBY,
  KIND_SUPPRESS_LIVENESS,
  KIND_SUPPRESS_READINESS,
  KIND_UPDATE,
  METADATA_KEPT,
  TICKET_COUNTER,
} from '../memory/layout.js'
import type { MailboxReader } from '../memory/mailbox-reader.js'
import { put, type Region } from '../memory/region.js'
import {
  generationOf,
  highWord,
  isRegistered,
  lowWord,
  SlotMap,
  SlotWriter,
  statusWordOf,
  toldOf,
} from '../memory/slot-latch.js'
import { ControlRecords } from './control-records.js'
import { Interner } from './interner.js'
import type { Outcome } from './outcome.js'
import { Overlays } from './overlays.js'
import { type Recovered, recover } from './recovery.js'
import { Registrations } from './registrations.js'

export class Applier {
  readonly #region: Region
  readonly #slots: SlotWriter
  readonly #control: ControlWriter
  readonly #interner: Interner
  readonly #state: Recovered
  readonly #registrations: Registrations
  readonly #controls: ControlRecords
  readonly overlays: Overlays
  /** Reused, so that a transition allocates nothing. */
  readonly #transition = {
    slot: 0,
    generation: 0,
    oldStatus: 0,
    newStatus: 0,
    ticket: 0,
    name: 0,
    message: 0,
    metadata: 0,
    givesMetadata: false,
    isOverlay: false,
    isCountOdd: false,
    atLow: 0,
    atHigh: 0,
    observer: 0,
  }
  /** Epoch ms of the batch, as words. */
  #nowLow = 0
  #nowHigh = 0

  /** Takes over the region: repairs what an earlier manager left half done. */
  constructor(region: Region) {
    this.#region = region
    this.#slots = new SlotWriter(new SlotMap(region))
    this.#control = new ControlWriter(region.words)
    this.#state = recover(region, this.#slots)
    const { heap, journal } = this.#state
    this.#interner = new Interner(region, heap, () => journal.evict())
    this.overlays = new Overlays(region, this.#slots, this.#control, this.#interner, this.#state)
    this.#registrations = new Registrations(
      region.words,
      this.#slots,
      this.#interner,
      this.#state,
      this.overlays,
    )
    this.#controls = new ControlRecords(region.words, this.#control, this.#interner, heap)
  }

  get componentCount(): number {
    return this.#state.componentCount
  }

  get heapUsedBytes(): number {
    return this.#state.heap.usedBytes
  }

  get cutCount(): number {
    return this.#interner.cutCount
  }

  /** Epoch ms at which the records of a batch count as applied. */
  setTime(epochMs: number): void {
    this.#nowLow = lowWord(epochMs)
    this.#nowHigh = highWord(epochMs)
  }

  /**
   * Whether a record that must be applied before this one has not been seen yet. Only an update that keeps metadata
   * asks: all others overwrite their predecessors whole.
   */
  lacksPredecessor(record: MailboxReader): boolean {
    if (record.kind !== KIND_UPDATE) return false
    if (record.metadataHeader !== METADATA_KEPT) return false
    const { slot, previousTicket } = record
    if (!isAfter(previousTicket, this.#slots.get(slot, COPY_TICKET))) return false
    const statusWord = this.#slots.get(slot, COPY_STATUS)
    if (!isRegistered(statusWord) || generationOf(statusWord) !== record.generation) return false
    return true
  }

  /** Applies the record at the head. A record that was applied before a crash is recognised and left. */
  apply(record: MailboxReader): Outcome {
    switch (record.kind) {
      case KIND_UPDATE:
        return this.#update(record, record.status)
      case KIND_REGISTER:
        return this.#registrations.register(record, this.#nowLow, this.#nowHigh)
      case KIND_DEREGISTER:
        return this.#registrations.deregister(record)
      case KIND_STANDBY:
        return this.#controls.standby(record)
      case KIND_SUPPRESS_LIVENESS:
        return this.#controls.suppress(record, CONTROL_LIVENESS)
      case KIND_SUPPRESS_READINESS:
        return this.#controls.suppress(record, CONTROL_READINESS)
      case KIND_OBSERVER:
        return this.#controls.observe(record)
      default:
        throw new Error(`mailbox record of unknown kind ${record.kind}`)
    }
  }

  /** Lifts the tickets of idle slots, the last transition and control words to `mark`; see SlotWriter.sweep. */
  sweep(mark: number): void {
    for (let slot = 0; slot < this.#state.slotHighWater; slot++) this.#slots.sweep(slot, mark)
    // Behind the slots: a redo compares the two.
    this.#state.journal.sweep(mark)
    this.#control.sweep(mark)
  }

  /** After the stop no component's unchanged fast path may be taken any more. */
  expireFastPaths(): void {
    const { words } = this.#region
    const ticket = Atomics.add(words, TICKET_COUNTER, 1)
    for (let slot = 0; slot < this.#state.slotHighWater; slot++) {
      Atomics.store(words, this.#slots.map.latestTicket(slot), ticket)
    }
  }

  #update(record: MailboxReader, status: number): Outcome {
    const { words } = this.#region
    const slots = this.#slots
    const { slot, ticket, generation } = record
    slots.open(slot)
    const { from, to } = slots
    const statusWord = words[from + COPY_STATUS]!
    if (!isRegistered(statusWord) || generationOf(statusWord) !== generation) return 'ignored'
    if (!isAfter(ticket, words[from + COPY_TICKET]!)) return this.#late(record)

    const name = words[from + COPY_NAME]!
    const oldMessage = words[from + COPY_MESSAGE]!
    const oldMetadata = words[from + COPY_METADATA]!
    const message = this.#interner.internText(record, oldMessage)
    const metadata = this.#metadataOf(record, oldMetadata)
    const givesMetadata = record.metadataHeader !== METADATA_KEPT
    const oldStatus = toldOf(statusWord)
    const hasRules = words[slots.map.options(slot)] !== 0
    const told = hasRules ? this.overlays.toldAfter(slot, oldStatus, status) : status
    const isTransition = told !== oldStatus
    if (isTransition) {
      const transition = this.#transition
      transition.slot = slot
      transition.generation = generation
      transition.oldStatus = oldStatus
      transition.newStatus = status
      transition.ticket = ticket
      transition.name = name
      transition.message = message
      transition.metadata = metadata
      transition.givesMetadata = givesMetadata
      transition.isCountOdd = (slots.transitions(slot, status) & 1) === 0
      transition.atLow = this.#nowLow
      transition.atHigh = this.#nowHigh
      transition.observer = this.#control.termTicket
      // Before the slot: a manager that dies between the two is finished by its successor's redo.
      this.#state.journal.append(transition)
      // Behind it, and before the commit: the redo counts what is not counted yet.
      slots.countTransition(slot, status)
    }
    // writeSlot
    put(words, to + COPY_STATUS, statusWordOf(status, told, generation))
    put(words, to + COPY_TICKET, ticket)
    put(words, to + COPY_NAME, name)
    put(words, to + COPY_MESSAGE, message)
    put(words, to + COPY_METADATA, metadata)
    put(words, to + COPY_UPDATED_AT, this.#nowLow)
    put(words, to + COPY_UPDATED_AT + 1, this.#nowHigh)
    put(words, to + COPY_SINCE, isTransition ? this.#nowLow : words[from + COPY_SINCE]!)
    put(words, to + COPY_SINCE + 1, isTransition ? this.#nowHigh : words[from + COPY_SINCE + 1]!)
    put(
      words,
      to + COPY_METADATA_TICKET,
      givesMetadata ? ticket : words[from + COPY_METADATA_TICKET]!,
    )
    if (hasRules) this.overlays.writeStreak(slot, status)
    slots.commit(slot)
    // Only now, as readers of the old copy may have looked at them until the commit.
    this.#state.heap.release(oldMessage)
    this.#state.heap.release(oldMetadata)
    return 'applied'
  }

  #metadataOf(record: MailboxReader, current: number): number {
    if (record.metadataHeader === METADATA_KEPT) return this.#state.heap.retain(current)
    return this.#interner.internMetadata(record, current)
  }

  /** An update that a later one has overtaken counts as overwritten at once, except metadata that the later one only kept. */
  #late(record: MailboxReader): Outcome {
    const { slot, ticket } = record
    // Met again after a crash between commitSlot and advanceHead.
    if (ticket === this.#slots.get(slot, COPY_TICKET)) return 'applied'
    const metadataTicket = this.#slots.get(slot, COPY_METADATA_TICKET)
    if (record.metadataHeader !== METADATA_KEPT && isAfter(ticket, metadataTicket)) {
      const oldMetadata = this.#slots.get(slot, COPY_METADATA)
      const metadata = this.#metadataOf(record, oldMetadata)
      const { words } = this.#region
      const copy = this.#slots.openWhole(slot)
      put(words, copy + COPY_METADATA, metadata)
      put(words, copy + COPY_METADATA_TICKET, ticket)
      this.#slots.commit(slot)
      this.#state.heap.release(oldMetadata)
    }
    return 'superseded'
  }
}
