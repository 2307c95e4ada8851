// Applies what the mailboxes hold, in ticket order. Synchronous and without clocks of its own, so that tests run
// it step by step; the actor loop around it is manager-actor.ts.
import {
  APPLIED_COUNT,
  APPLIED_SEQUENCE,
  APPLY_WAITERS,
  COMPONENT_COUNT,
  CUT_COUNT,
  HEAP_USED_BYTES,
  IGNORED_COUNT,
  isAfter,
  MAILBOX_ABANDONED,
  MAILBOX_FREE,
  MAILBOX_HIGH_WATER,
  MAILBOX_OWNER,
  MAILBOX_REFUSED_COUNT,
  MAILBOX_REFUSED_TICKET,
  MAILBOX_ROOM_SEQUENCE,
  MAILBOX_ROOM_WAITING,
  SUPERSEDED_COUNT,
  SWEPT_TICKET,
  TABLE_SEQUENCE,
  type Words,
} from '../memory/layout.js'
import { MailboxReader } from '../memory/mailbox-reader.js'
import { put, type Region } from '../memory/region.js'
import type { ReadinessPolicy } from '../model/policy.js'
import { Applier } from './applier.js'
import { Endings } from './endings.js'
import type { Outcome } from './outcome.js'
import { ReadinessWatch } from './readiness-watch.js'
import { SnapshotPauses } from './snapshot-pauses.js'

/** Tickets are compared by serial numbers, so none that still counts may fall 2^31 behind: idle slots are lifted this often. */
const SWEEP_INTERVAL = 2 ** 28
/** How long a metadata-keeping update waits for a predecessor whose producer may have been killed, in ms. */
const PREDECESSOR_PATIENCE_MS = 10

/** A look at the request words costs as much as a tenth of a record, so it is taken between every so many. */
const RECORDS_BETWEEN_LOOKS = 16
const RECORDS_A_TURN = 4096

/** What a drain ended with: nothing left, more to do, or a record that waits for its predecessor. */
export type DrainResult = 'empty' | 'more' | 'waiting'

export class Drain {
  readonly #region: Region
  readonly #words: Words
  readonly #applier: Applier
  readonly #readiness: ReadinessWatch
  readonly #snapshots: SnapshotPauses
  readonly #endings: Endings
  readonly #mailboxes: MailboxReader[] = []
  readonly #counts = { applied: 0, ignored: 0, superseded: 0, cut: 0 }
  /** Mailboxes with records of this round. */
  readonly #pending: MailboxReader[] = []
  #servedWaiters = 0
  #giveUpAt = 0
  #patienceMs = PREDECESSOR_PATIENCE_MS

  constructor(region: Region, policy: ReadinessPolicy) {
    this.#region = region
    this.#words = region.words
    this.#applier = new Applier(region)
    this.#readiness = new ReadinessWatch(region, policy)
    const { words } = region
    this.#counts.applied = words[APPLIED_COUNT]!
    this.#counts.ignored = words[IGNORED_COUNT]!
    this.#counts.superseded = words[SUPERSEDED_COUNT]!
    this.#counts.cut = words[CUT_COUNT]!
    this.#snapshots = new SnapshotPauses(words)
    this.#endings = new Endings(region)
    this.#publishCounts()
    this.#wakeAll()
  }

  /** Applies up to `maxRecords` records. */
  run(maxRecords = RECORDS_A_TURN): DrainResult {
    let left = maxRecords
    while (left > 0) {
      const highest = this.#collect()
      if (highest === undefined) return 'empty'
      const before = left
      left -= this.#applyUpTo(highest, left)
      if (left === before) return 'waiting'
    }
    this.#reclaim(Atomics.load(this.#words, MAILBOX_HIGH_WATER))
    return 'more'
  }

  /** Journals what silence has made of components, if a look at them is due. Gives the ms until the next one is. */
  tellOverlays(): number {
    const { overlays } = this.#applier
    if (overlays.dueInMs() === 0 && overlays.look(() => this.#beginBatch()) > 0) {
      this.#readiness.noticeOverlays()
      this.#endBatch()
      this.#settle()
    }
    return overlays.dueInMs()
  }

  /** Closes every mailbox and applies all that was accepted. Waits for nobody: what is not published is refused. */
  close(): void {
    for (let i = 0; i < this.#region.layout.maxThreads; i++) this.#mailbox(i).close()
    Atomics.store(this.#words, MAILBOX_HIGH_WATER, this.#region.layout.maxThreads)
    // A predecessor that is not published by now never will be.
    this.#patienceMs = 0
    while (this.run(RECORDS_A_TURN) !== 'empty');
    this.#applier.expireFastPaths()
    // No reader may take what it has cached for the state after the stop.
    this.#beginBatch()
    this.#endBatch()
  }

  #mailbox(index: number): MailboxReader {
    const known = this.#mailboxes[index]
    if (known !== undefined) return known
    const mailbox = new MailboxReader(this.#region, index)
    this.#mailboxes[index] = mailbox
    return mailbox
  }

  /**
   * collectFirst, collectSecond: the highest ticket to apply now; undefined if there is nothing. If an update had
   * returned before another drew its ticket, and the second is within the bound, then the second was drawn before the
   * first collect ended, so the first was published by then, so the second collect sees it.
   */
  #collect(): number | undefined {
    const count = Atomics.load(this.#words, MAILBOX_HIGH_WATER)
    let highest: number | undefined
    for (let i = 0; i < count; i++) {
      const mailbox = this.#mailbox(i)
      const tail = mailbox.loadTail()
      if (tail === mailbox.head) continue
      const ticket = mailbox.ticketBefore(tail)
      if (highest === undefined || isAfter(ticket, highest)) highest = ticket
    }
    this.#pending.length = 0
    if (highest === undefined) {
      this.#reclaim(count)
      return undefined
    }
    const countNow = Atomics.load(this.#words, MAILBOX_HIGH_WATER)
    for (let i = 0; i < countNow; i++) {
      const mailbox = this.#mailbox(i)
      mailbox.limit = mailbox.loadTail()
      if (mailbox.limit !== mailbox.head) this.#pending.push(mailbox)
    }
    return highest
  }

  /** pickSmallest and apply, between beginBatch and endBatch. Gives the number of records consumed. */
  #applyUpTo(highest: number, maxRecords: number): number {
    let consumed = 0
    while (consumed < maxRecords) {
      if ((consumed & (RECORDS_BETWEEN_LOOKS - 1)) === 1 && this.#snapshots.isWanted()) {
        this.#endBatch()
        this.#snapshots.grant()
        this.#beginBatch()
      }
      const mailbox = this.#pickSmallest(highest)
      if (mailbox === undefined || !this.#hasPredecessor(mailbox)) break
      if (consumed === 0) this.#beginBatch()
      this.#count(this.#applier.apply(mailbox), mailbox)
      this.#readiness.notice(mailbox)
      mailbox.advance()
      consumed++
    }
    if (consumed > 0) {
      this.#sweepIfDue(highest)
      this.#endBatch()
    }
    this.#settle()
    return consumed
  }

  #pickSmallest(highest: number): MailboxReader | undefined {
    let best: MailboxReader | undefined
    for (let i = 0; i < this.#pending.length; i++) {
      const mailbox = this.#pending[i]!
      if (!mailbox.load() || isAfter(mailbox.ticket, highest)) continue
      if (best === undefined || isAfter(best.ticket, mailbox.ticket)) best = mailbox
    }
    return best
  }

  /**
   * An update that keeps metadata must find what its predecessor left. The predecessor has raised the slot's latest
   * ticket, so it publishes within a few instructions, unless its thread was killed or is kept from running.
   */
  #hasPredecessor(mailbox: MailboxReader): boolean {
    if (!this.#applier.lacksPredecessor(mailbox)) return true
    const now = performance.now()
    if (this.#giveUpAt === 0) this.#giveUpAt = now + this.#patienceMs
    if (now < this.#giveUpAt) return false
    this.#giveUpAt = 0
    return true
  }

  #count(outcome: Outcome, mailbox: MailboxReader): void {
    this.#giveUpAt = 0
    switch (outcome) {
      case 'applied':
        this.#counts.applied++
        return
      case 'ignored':
        this.#counts.ignored++
        return
      case 'superseded':
        this.#counts.superseded++
        return
      case 'refused':
        // Before the head moves: the register call that waits for it looks here next.
        put(this.#words, mailbox.header + MAILBOX_REFUSED_TICKET, mailbox.ticket)
        Atomics.add(this.#words, mailbox.header + MAILBOX_REFUSED_COUNT, 1)
        return
    }
  }

  /** The time of a batch is the time of its updates; a clock read costs as much as an update. */
  #beginBatch(): void {
    this.#applier.setTime(Date.now())
    // Pairs with the loads in TableReader: a snapshot that sees the same even value twice saw no batch at work.
    Atomics.store(this.#words, TABLE_SEQUENCE, (this.#words[TABLE_SEQUENCE]! + 1) | 0)
  }

  #endBatch(): void {
    Atomics.store(this.#words, TABLE_SEQUENCE, (this.#words[TABLE_SEQUENCE]! + 1) | 0)
  }

  /** settle: wakeReaders, those that wait for heads, and settleRoom: producers that wait for room. */
  #settle(): void {
    this.#publishCounts()
    const waiters = Atomics.load(this.#words, APPLY_WAITERS)
    if (waiters !== this.#servedWaiters) {
      this.#servedWaiters = waiters
      Atomics.add(this.#words, APPLIED_SEQUENCE, 1)
      Atomics.notify(this.#words, APPLIED_SEQUENCE)
    }
    for (const mailbox of this.#pending) {
      // A producer that goes on at the first free word would be woken for each record: half a ring is worth a wake.
      const used = (mailbox.limit - mailbox.head) | 0
      if (used > mailbox.capacity / 2) continue
      if (Atomics.load(this.#words, mailbox.header + MAILBOX_ROOM_WAITING) === 1)
        wakeProducer(mailbox)
    }
  }

  /** A predecessor may have died between the heads and the wake. */
  #wakeAll(): void {
    Atomics.add(this.#words, APPLIED_SEQUENCE, 1)
    Atomics.notify(this.#words, APPLIED_SEQUENCE)
    const count = Atomics.load(this.#words, MAILBOX_HIGH_WATER)
    for (let i = 0; i < count; i++) wakeProducer(this.#mailbox(i))
  }

  #publishCounts(): void {
    put(this.#words, APPLIED_COUNT, this.#counts.applied | 0)
    put(this.#words, IGNORED_COUNT, this.#counts.ignored | 0)
    put(this.#words, SUPERSEDED_COUNT, this.#counts.superseded | 0)
    put(this.#words, CUT_COUNT, (this.#counts.cut + this.#applier.cutCount) | 0)
    put(this.#words, COMPONENT_COUNT, this.#applier.componentCount)
    put(this.#words, HEAP_USED_BYTES, this.#applier.heapUsedBytes)
  }

  #sweepIfDue(latestTicket: number): void {
    const due = (this.#words[SWEPT_TICKET]! + SWEEP_INTERVAL) | 0
    if (!isAfter(latestTicket, due)) return
    const mark = (latestTicket - SWEEP_INTERVAL / 2) | 0
    this.#applier.sweep(mark)
    put(this.#words, SWEPT_TICKET, mark)
  }

  /** Mailboxes of threads that are gone are free again once they are drained. */
  #reclaim(count: number): void {
    for (let i = 0; i < count; i++) {
      const { header } = this.#mailbox(i)
      if (Atomics.load(this.#words, header + MAILBOX_OWNER) !== MAILBOX_ABANDONED) continue
      // Abandoned before this look, so nothing is published after it: an empty look means drained.
      const mailbox = this.#mailbox(i)
      if (mailbox.loadTail() !== mailbox.head || !this.#endings.tryClear(header)) continue
      Atomics.store(this.#words, header + MAILBOX_ROOM_WAITING, 0)
      Atomics.compareExchange(this.#words, header + MAILBOX_OWNER, MAILBOX_ABANDONED, MAILBOX_FREE)
    }
  }
}

function wakeProducer(mailbox: MailboxReader): void {
  Atomics.add(mailbox.words, mailbox.header + MAILBOX_ROOM_SEQUENCE, 1)
  Atomics.notify(mailbox.words, mailbox.header + MAILBOX_ROOM_SEQUENCE)
}
