// Runs a program of calls on the real region beside the model: up to four attachments, a manager that applies some
// records at a time and may crash, and readers. All in one thread, so that each step is exact.
import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { Drain } from '../../src/manager/drain.js'
import {
  APPLIED_COUNT,
  COMPONENT_COUNT,
  CONTROL_SEQUENCE,
  CUT_COUNT,
  IGNORED_COUNT,
  MAILBOX_HEAD,
  MAILBOX_TAIL,
  SUPERSEDED_COUNT,
  TABLE_SEQUENCE,
  TICKET_COUNTER,
} from '../../src/memory/layout.js'
import { mailboxHeader } from '../../src/memory/mailbox.js'
import type { Region } from '../../src/memory/region.js'
import type { HealthError } from '../../src/model/errors.js'
import { TEST_POLICY } from '../policy.js'
import { smallRegion } from './support.js'
import { TableModel } from './table-model.js'
import { type Books, type Call, type Pending, TableThread } from './table-thread.js'
import { TableViews } from './table-views.js'

export type Step =
  | Call
  | { kind: 'reattach'; thread: number }
  | { kind: 'run'; count: number }
  | { kind: 'crash'; at: 'rest' | 'batch' | 'beforeCommit' | 'beforeAdvance' }
  | { kind: 'jump'; times: number }
  | { kind: 'read' }
  | { kind: 'glance'; names: readonly string[] }

/** More records than a program can leave pending. */
const ALL = 10_000
const MAX_COMPONENTS = 5
const TICKER = 'ticker'
/** One more than tickets may run on before idle slots must be swept. */
const JUMP = 2 ** 28 + 1

export class TableWorld {
  readonly region: Region
  readonly model = new TableModel(MAX_COMPONENTS)
  #drain: Drain
  readonly #threads: TableThread[]
  readonly #pending: Pending[] = []
  readonly #views: TableViews
  readonly #books: Books
  /** A record that is met again after a crash may be counted twice. */
  #areCountsExact = true

  constructor(threads: number, firstTicket: number) {
    this.region = smallRegion(
      { maxComponents: MAX_COMPONENTS, maxThreads: 8, mailboxBytes: 2048 },
      firstTicket,
    )
    // Mailbox positions are counters, too; they are multiples of 8.
    for (let i = 0; i < this.region.layout.maxThreads; i++) {
      const header = mailboxHeader(this.region, i)
      this.region.words[header + MAILBOX_TAIL] = firstTicket & ~7
      this.region.words[header + MAILBOX_HEAD] = firstTicket & ~7
    }
    this.#drain = new Drain(this.region, TEST_POLICY)
    this.#books = { model: this.model, now: 1_700_000_000_000, applied: 0, ignored: 0 }
    this.#threads = Array.from(
      { length: threads },
      (_, id) => new TableThread(this.region, this.#books, id),
    )
    this.#views = new TableViews(this.region, this.model)
    this.do({ kind: 'register', thread: 0, name: TICKER })
    this.#run(1)
  }

  do(step: Step): void {
    this.#books.now++
    switch (step.kind) {
      case 'reattach':
        this.#reattach(step.thread % this.#threads.length)
        return
      case 'run':
        this.#run(step.count)
        return
      case 'crash':
        this.#crash(step.at)
        return
      case 'jump':
        this.#jump(step.times)
        return
      case 'read':
        this.#views.read()
        return
      case 'glance':
        this.#views.glance(step.names)
        return
      default:
        this.#call(this.#threads[step.thread % this.#threads.length]!, step)
    }
  }

  /** Applies what is left and compares everything. */
  finish(): void {
    this.#run(ALL)
    this.#views.read()
    this.#views.readJournal()
    this.#checkCounts()
    this.#crash('rest')
    this.#views.read()
  }

  #call(thread: TableThread, call: Call): void {
    if (thread.isBlocked) return
    const pending = thread.call(call)
    if (pending === undefined) return
    this.#pending.push(pending)
    this.#settleClaims()
  }

  #reattach(index: number): void {
    const thread = this.#threads[index]!
    if (thread.isBlocked) return
    thread.detach()
    try {
      this.#threads[index] = new TableThread(this.region, this.#books, index)
    } catch (error) {
      // The manager frees a mailbox when it has drained it.
      assert.equal((error as HealthError).code, 'ERR_HEALTH_CAPACITY')
      this.#run(ALL)
      this.#threads[index] = new TableThread(this.region, this.#books, index)
    }
  }

  #run(count: number): void {
    const records = this.#pending.filter(({ isRecord }) => isRecord).length
    const now = mock.method(Date, 'now', () => this.#books.now)
    const result = this.#drain.run(count)
    now.mock.restore()
    assert.equal(result, records < count ? 'empty' : 'more')
    let left = Math.min(count, records)
    while (left > 0) {
      const next = this.#pending.shift()!
      next.apply()
      if (next.isRecord) left--
    }
    this.#settleClaims()
  }

  /** A call that published nothing claims that the model says so already, once what came before it is applied. */
  #settleClaims(): void {
    while (this.#pending[0]?.isRecord === false) this.#pending.shift()!.apply()
  }

  #crash(at: (Step & { kind: 'crash' })['at']): void {
    const { words } = this.region
    const isRecordPending = this.#pending.length > 0
    if (at === 'batch') words[TABLE_SEQUENCE]!++
    if (isRecordPending && (at === 'beforeCommit' || at === 'beforeAdvance')) {
      this.#dieAfter(at)
      // The record is met again. A transition that was journaled is in its slot by now.
      const now = mock.method(Date, 'now', () => this.#books.now)
      this.#drain.run(1)
      now.mock.restore()
      return
    }
    this.#drain = new Drain(this.region, TEST_POLICY)
  }

  /** Applies one record and takes back what a manager that died just before it would not have written. */
  #dieAfter(at: 'beforeCommit' | 'beforeAdvance'): void {
    const takeBack = rememberCommits(this.region, at === 'beforeCommit')
    this.#run(1)
    takeBack()
    this.#areCountsExact = false
    this.#drain = new Drain(this.region, TEST_POLICY)
  }

  /** Lets the ticket counter run on, as if others had published as much, with a sweep in each round. */
  #jump(times: number): void {
    this.#run(ALL)
    const thread = this.#threads.find(({ isBlocked }) => !isBlocked)!
    for (let round = 0; round < times; round++) {
      this.region.words[TICKET_COUNTER]! += JUMP
      const message = `tick ${this.#books.now++}`
      this.#call(thread, {
        kind: 'update',
        thread: 0,
        name: TICKER,
        status: 1,
        message,
        metadata: null,
      })
      this.#run(ALL)
    }
  }

  #checkCounts(): void {
    const { words } = this.region
    assert.equal(words[COMPONENT_COUNT], this.model.components.size)
    assert.equal(words[CUT_COUNT], 0)
    if (!this.#areCountsExact) return
    assert.equal(words[APPLIED_COUNT], this.#books.applied)
    assert.equal(words[IGNORED_COUNT], this.#books.ignored)
    assert.equal(words[SUPERSEDED_COUNT], 0)
  }
}

/** Gives a function that makes what was committed since into what a dead manager leaves behind. */
function rememberCommits(region: Region, areSlotsTakenBack: boolean): () => void {
  const { words, layout } = region
  const indexes: number[] = []
  for (let i = 0; i < layout.maxThreads; i++) indexes.push(mailboxHeader(region, i) + MAILBOX_HEAD)
  if (areSlotsTakenBack) {
    for (let i = 0; i < layout.maxComponents; i++) indexes.push(layout.sequences + i)
    indexes.push(CONTROL_SEQUENCE)
  }
  const values = indexes.map((index) => words[index]!)
  return () => {
    for (const [i, index] of indexes.entries()) words[index] = values[i]!
    // It died in a batch.
    words[TABLE_SEQUENCE]!--
  }
}
