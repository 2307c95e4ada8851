// One thread's way into the region: its mailbox, its tickets, and the updates it publishes. Belongs to the thread
// that made it. Nothing here waits for another thread but for room in a full mailbox, and, where a component is gone or
// going, for what was published before; both within bounds.

import { AppliedWait, ring } from '../memory/applied-wait.js'
import { BreadcrumbWriter } from '../memory/breadcrumb.js'
import { endingOf, isRaised } from '../memory/ending.js'
import {
  CLOSED_BIT,
  isAfter,
  KIND_DEREGISTER,
  KIND_REGISTER,
  KIND_UPDATE,
  MAILBOX_CUTS,
  MAILBOX_ENDING,
  MAILBOX_IGNORED,
  MAILBOX_REFUSED_COUNT,
  MAILBOX_REFUSED_TICKET,
  MAILBOX_TAIL,
  PARKED,
  PHASE,
  PHASE_RUNNING,
  STATUS_SHIFT,
  WORD_BYTES,
  type Words,
} from '../memory/layout.js'
import { mailboxHeader } from '../memory/mailbox.js'
import { MailboxWriter, type RecordHeader } from '../memory/mailbox-writer.js'
import type { Region } from '../memory/region.js'
import { SlotMap } from '../memory/slot-latch.js'
import type { Encoded } from '../memory/text.js'
import type { ComponentRules } from '../model/component-rules.js'
import { stopped } from '../model/errors.js'
import { Bindings } from './bindings.js'
import { abandonMailbox, claimMailbox, ownerWord } from './mailbox-claims.js'

export class Attachment {
  readonly region: Region
  readonly words: Words
  readonly #map: SlotMap
  readonly bindings: Bindings
  readonly #index: number
  readonly #header: number
  readonly #mailbox: MailboxWriter
  readonly #breadcrumb: BreadcrumbWriter
  readonly #publishTimeoutMs: number
  readonly #settleTimeoutMs: number
  readonly #applied: AppliedWait
  readonly #ring: () => void
  readonly #record: RecordHeader = { kind: 0, slot: 0, generation: 0 }
  /** The park for which this thread has rung already. */
  #rungPark = 0
  /** The mailbox's tail after this thread's last registration. */
  #registeredUpTo = 0
  #isDetached = false
  readonly #threadId: number
  /** Of the last update or deregistration: its ticket, and whether nobody else had published about the slot since `expected`. */
  ticket = 0
  isUndisturbed = false

  /** @throws HealthError `ERR_HEALTH_CAPACITY` if every mailbox is taken, `ERR_HEALTH_STOPPED` after the stop. */
  constructor(
    region: Region,
    threadId: number,
    publishTimeoutMs: number,
    settleTimeoutMs = publishTimeoutMs,
  ) {
    this.region = region
    this.words = region.words
    this.#map = new SlotMap(region)
    this.bindings = new Bindings(region)
    this.#threadId = threadId
    this.#publishTimeoutMs = publishTimeoutMs
    this.#settleTimeoutMs = settleTimeoutMs
    this.#applied = new AppliedWait(region)
    this.#ring = () => ring(this.words)
    this.#index = claimMailbox(region, threadId)
    this.#header = mailboxHeader(region, this.#index)
    this.#mailbox = new MailboxWriter(region, this.#index)
    this.#registeredUpTo = this.#mailbox.tail
    this.#breadcrumb = new BreadcrumbWriter(region, this.#index)
    if (this.#isClosed()) {
      this.detach()
      throw stopped()
    }
  }

  /** Of its mailbox. */
  get index(): number {
    return this.#index
  }

  /** What rules say of a component that tells of this thread. */
  get identity(): Pick<ComponentRules, 'mailbox' | 'owner'> {
    return { mailbox: this.#index, owner: ownerWord(this.#threadId) }
  }

  /** Leaves a breadcrumb; the caller has checked that the attachment `isRunning`. */
  breadcrumb(text: string): void {
    this.#breadcrumb.set(text)
  }

  /**
   * Publishes an update. `expected` is the slot's latest ticket as this thread last saw it. False if the component was
   * deregistered meanwhile, or registered anew, or, unless `isSettled`, if a deregistration is under way: then nothing
   * was published. Call `settle`, look the name up again, and come back with `isSettled`.
   */
  update(
    slot: number,
    generation: number,
    status: number,
    text: Encoded,
    metadata: Encoded | undefined,
    expected: number,
    isSettled: boolean,
  ): boolean {
    this.#write(KIND_UPDATE | (status << STATUS_SHIFT), slot, generation, text, metadata)
    return this.#publishFor(slot, generation, expected, isSettled)
  }

  /** Publishes a deregistration; false as for `update`. Say `endDeregistration` when nothing is to be published any more. */
  deregister(slot: number, generation: number, expected: number, isSettled: boolean): boolean {
    // Before the mark is ours. One that comes after this look is of somebody who deregisters at the same time as we do.
    if (!isSettled && this.bindings.isEnding(slot, generation)) return false
    this.#write(KIND_DEREGISTER, slot, generation, undefined, undefined)
    // Before raiseEnding. Pairs with Endings.tryClear, which takes no mark back that a thread may still publish for.
    Atomics.store(this.words, this.#header + MAILBOX_ENDING, slot + 1)
    // Before raiseLatest: whoever finds our ticket there finds this, too.
    this.#raiseEnding(slot, generation)
    // Published, unless the registration is gone: a mark that nothing follows would hold up all that report the component.
    return this.#publishFor(slot, generation, expected, true)
  }

  endDeregistration(): void {
    if (!this.#isDetached) Atomics.store(this.words, this.#header + MAILBOX_ENDING, 0)
  }

  /**
   * Waits, within `readTimeoutMs`, until all that is published is applied. An update that finds its component gone, or
   * going, must not be ignored on the strength of an old look: a registration that comes before it may still be in a
   * mailbox, and a reader could see that one applied and this update neither before nor after it. False if by then not even
   * a registration of this thread is applied, which may be the component's.
   */
  settle(): boolean {
    if (this.#applied.note() || this.#applied.wait(this.#settleTimeoutMs)) return true
    const publishedSince = (this.#mailbox.tail - this.#registeredUpTo) >>> 0
    return this.backlog() <= publishedSince * WORD_BYTES
  }

  /** Publishes a registration; gives its ticket, with which `wasRefused` tells what became of it. */
  register(name: Encoded, rules?: Encoded): { ticket: number; refusedCount: number } {
    const refusedCount = Atomics.load(this.words, this.#header + MAILBOX_REFUSED_COUNT)
    const ticket = this.#order(KIND_REGISTER, 0, 0, name, rules)
    this.#registeredUpTo = this.#mailbox.tail
    return { ticket, refusedCount }
  }

  /** Whether the manager had no room for this registration. Ask when it is applied. */
  wasRefused({ ticket, refusedCount }: { ticket: number; refusedCount: number }): boolean {
    const words = this.words
    // Pairs with Drain.#count, which tells of a refusal before the head moves.
    return (
      Atomics.load(words, this.#header + MAILBOX_REFUSED_COUNT) !== refusedCount &&
      Atomics.load(words, this.#header + MAILBOX_REFUSED_TICKET) === ticket
    )
  }

  /** Publishes a record that belongs to no slot; gives its ticket. */
  control(kind: number, first: number, second: number, text?: Encoded, callTick?: number): number {
    return this.#order(kind, first, second, text, undefined, callTick)
  }

  #order(
    kind: number,
    first: number,
    second: number,
    text: Encoded | undefined,
    rules: Encoded | undefined,
    callTick?: number,
  ): number {
    this.#write(kind, first, second, text, rules)
    const ticket = this.#mailbox.drawTicket()
    this.#publish(ticket, callTick ?? ticket)
    return ticket
  }

  /**
   * Counts an update or deregistration of a name that is not registered.
   * @throws HealthError `ERR_HEALTH_STOPPED` after the stop, as for any other.
   */
  countIgnored(): void {
    if (this.#isDetached || this.#isClosed()) throw stopped()
    Atomics.add(this.words, this.#header + MAILBOX_IGNORED, 1)
  }

  /** Counts a message or metadata that was longer than allowed. */
  countCut(): void {
    Atomics.add(this.words, this.#header + MAILBOX_CUTS, 1)
  }

  /** Bytes that this thread has published and that are not applied yet. */
  backlog(): number {
    return this.#mailbox.backlog()
  }

  get isDetached(): boolean {
    return this.#isDetached
  }

  /** Neither this thread has detached nor the runtime been stopped. */
  isRunning(): boolean {
    // Pairs with Supervisor.stop. A publication that a stop overtakes after this look is refused by its mailbox.
    return !this.#isDetached && Atomics.load(this.words, PHASE) === PHASE_RUNNING
  }

  /** @throws HealthError `ERR_HEALTH_STOPPED` unless it `isRunning`. */
  checkRunning(): void {
    if (!this.isRunning()) throw stopped()
  }

  /** Refuses everything from now on and gives the mailbox back; the manager frees it when it is drained. */
  detach(): void {
    if (this.#isDetached) return
    this.#isDetached = true
    abandonMailbox(this.region, this.#index, this.#threadId)
    ring(this.words)
  }

  #isClosed(): boolean {
    // Pairs with MailboxReader.close.
    return (Atomics.load(this.words, this.#header + MAILBOX_TAIL) & CLOSED_BIT) !== 0
  }

  #write(
    kind: number,
    slot: number,
    generation: number,
    text: Encoded | undefined,
    metadata: Encoded | undefined,
  ): void {
    // The mailbox may belong to another thread by now.
    if (this.#isDetached) throw stopped()
    this.#record.kind = kind
    this.#record.slot = slot
    this.#record.generation = generation
    this.#mailbox.write(this.#record, text, metadata, this.#publishTimeoutMs, this.#ring)
  }

  /** Never back: a deregistration through an outdated binding must not hide one that was begun later. */
  #raiseEnding(slot: number, generation: number): void {
    const index = this.#map.ending(slot)
    for (;;) {
      const known = Atomics.load(this.words, index)
      // Pairs with Endings.tryClear: one that is doubted goes unless it is raised anew.
      if (isRaised(known, generation)) return
      if (Atomics.compareExchange(this.words, index, known, endingOf(generation)) === known) return
    }
  }

  /**
   * drawTicket, raiseLatest. A ticket that is older than the slot's latest is given up for a new one, so that in each
   * slot tickets are raised in their order, and the value that ours replaced is the ticket before it. Nothing is raised
   * for a registration that is gone: the next update of the slot would wait in vain for what we then do not publish.
   */
  #publishFor(slot: number, generation: number, expected: number, isSettled: boolean): boolean {
    const words = this.words
    const index = this.#map.latestTicket(slot)
    let ticket = this.#mailbox.drawTicket()
    let previous = expected
    for (;;) {
      // Pairs with the same exchange of other publishers, and with checkUnchanged: from here on no other thread
      // takes its last update of this component for the last of all.
      const found = Atomics.compareExchange(words, index, previous, ticket)
      if (found === previous) break
      // Somebody else has published about this slot, perhaps a deregistration, or the manager has ended the
      // registration. Pairs with SlotWriter.expireReporters: what ends after this look fails our next exchange.
      if (!this.bindings.isCurrent(slot, generation)) return false
      if (!isSettled && this.bindings.isEnding(slot, generation)) return false
      previous = found
      if (isAfter(found, ticket)) ticket = this.#mailbox.drawTicket()
    }
    this.ticket = ticket
    this.isUndisturbed = previous === expected
    this.#publish(ticket, previous)
    return true
  }

  /**
   * publishTail, ringDoorbell. The manager parks after it has stored PARKED and found nothing; here the tail comes
   * first and PARKED is looked at after it. So one of the two sees the other. Each thread rings once a park.
   */
  #publish(ticket: number, previous: number): void {
    this.#mailbox.publish(ticket, previous)
    const park = Atomics.load(this.words, PARKED)
    if (park !== 0 && park !== this.#rungPark) {
      this.#rungPark = park
      ring(this.words)
    }
  }
}
