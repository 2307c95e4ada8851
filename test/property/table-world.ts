// Runs a program of calls on the real region beside the model: up to four attachments, a manager that applies some
// records at a time and may crash, and readers. All in one thread, so that each step is exact.
import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { Drain } from '../../src/manager/drain.js'
import { toFloatWords } from '../../src/memory/control.js'
import { type JournalEntry, JournalReader } from '../../src/memory/journal.js'
import {
  APPLIED_COUNT,
  COMPONENT_COUNT,
  CONTROL_SEQUENCE,
  CUT_COUNT,
  IGNORED_COUNT,
  KIND_STANDBY,
  KIND_SUPPRESS_LIVENESS,
  KIND_SUPPRESS_READINESS,
  MAILBOX_HEAD,
  SUPERSEDED_COUNT,
  TABLE_SEQUENCE,
  TICKET_COUNTER,
} from '../../src/memory/layout.js'
import { mailboxHeader } from '../../src/memory/mailbox.js'
import type { Region } from '../../src/memory/region.js'
import { TableReader, watch } from '../../src/memory/table-reader.js'
import { encodeText } from '../../src/memory/text.js'
import { HealthError } from '../../src/model/errors.js'
import type { HealthStatus } from '../../src/model/health-status.js'
import type { ComponentStatus } from '../../src/model/report.js'
import { Attachment } from '../../src/runtime/attachment.js'
import { HealthReader } from '../../src/runtime/health-reader.js'
import { Reporter, TextCache } from '../../src/runtime/reporter.js'
import { pairsOf, smallRegion } from './support.js'
import { TableModel } from './table-model.js'

type Metadata = Readonly<Record<string, string>> | null | undefined

export type Step =
  | {
      kind: 'update'
      thread: number
      name: string
      status: HealthStatus
      message: string
      metadata: Metadata
    }
  | { kind: 'register' | 'deregister'; thread: number; name: string }
  | { kind: 'standby'; thread: number; isOn: boolean }
  | { kind: 'suppress'; thread: number; isLiveness: boolean; deadline: number }
  | { kind: 'reattach'; thread: number }
  | { kind: 'run'; count: number }
  | { kind: 'crash'; at: 'rest' | 'batch' | 'beforeCommit' | 'beforeAdvance' }
  | { kind: 'jump'; times: number }
  | { kind: 'read' }
  | { kind: 'glance'; names: readonly string[] }

type Call = Extract<Step, { thread: number }>

/** What was published and is not applied: the effect on the model. A claim takes no record. */
interface Pending {
  readonly isRecord: boolean
  apply(): void
}

interface Thread {
  attachment: Attachment
  reporters: Map<string, Reporter>
  /** A registration returns when it is applied; until then its thread does nothing else. */
  isBlocked: boolean
}

/** More records than a program can leave pending. */
const ALL = 10_000
const MAX_COMPONENTS = 5
const TICKER = 'ticker'
/** One more than tickets may run on before idle slots must be swept. */
const JUMP = 2 ** 28 + 1
const POLICY = {
  liveness: ['collector_manager'],
  readiness: ['collector_manager', 'dakr_transport'],
  unregistered: 'fail',
} as const

export class TableWorld {
  readonly region: Region
  readonly model = new TableModel(MAX_COMPONENTS)
  #drain: Drain
  readonly #threads: Thread[]
  readonly #pending: Pending[] = []
  readonly #reader: TableReader
  readonly #health: HealthReader
  readonly #journal: JournalReader
  #transitionsRead = 0
  #clock = 1_700_000_000_000
  /** Calls that took the unchanged fast path. */
  fastPaths = 0
  #applied = 0
  #ignored = 0
  /** A record that is met again after a crash may be counted twice. */
  #areCountsExact = true

  constructor(threads: number, firstTicket: number) {
    this.region = smallRegion(
      { maxComponents: MAX_COMPONENTS, maxThreads: 8, mailboxBytes: 2048 },
      firstTicket,
    )
    this.#drain = new Drain(this.region)
    this.#threads = Array.from({ length: threads }, (_, id) => this.#newThread(id))
    this.#reader = new TableReader(this.region, 0)
    this.#health = new HealthReader(this.region, POLICY, 0)
    this.#journal = new JournalReader(this.region, 'oldest')
    this.do({ kind: 'register', thread: 0, name: TICKER })
    this.#run(1)
  }

  do(step: Step): void {
    this.#clock++
    if ('thread' in step) {
      const thread = this.#threads[step.thread % this.#threads.length]!
      if (!thread.isBlocked) this.#call(thread, step)
      return
    }
    switch (step.kind) {
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
        this.#read()
        return
      case 'glance':
        this.#glance(step.names)
        return
    }
  }

  /** Applies what is left and compares everything. */
  finish(): void {
    this.#run(ALL)
    this.#read()
    this.#readJournal()
    this.#checkCounts()
    this.#crash('rest')
    this.#read()
  }

  #call(thread: Thread, step: Call): void {
    const before = thread.attachment.backlog()
    try {
      const effect = this.#publish(thread, step)
      if (effect === undefined) return
      const isRecord = thread.attachment.backlog() > before
      if (!isRecord) this.fastPaths++
      this.#pending.push({ isRecord, apply: isRecord ? effect.apply : effect.claim })
      this.#settleClaims()
    } catch (error) {
      // Nothing was published; the caller may try again.
      if (!(error instanceof HealthError) || error.code !== 'ERR_HEALTH_BACKPRESSURE') throw error
      assert.equal(thread.attachment.backlog(), before)
    }
  }

  /**
   * Makes the call; gives what it does to the model once it is applied, and what must be true by then if it was not
   * published at all.
   */
  #publish(thread: Thread, step: Call): { apply(): void; claim(): void } | undefined {
    const mustPublish = () => assert.fail(`${step.kind} was not published`)
    switch (step.kind) {
      case 'update':
        return this.#update(thread, step)
      case 'register': {
        const receipt = thread.attachment.register(encodeText(step.name, 255))
        thread.isBlocked = true
        const apply = () => {
          const isEntered = this.model.register(step.name, this.#clock)
          assert.equal(thread.attachment.wasRefused(receipt), !isEntered)
          if (isEntered) this.#applied++
          thread.isBlocked = false
        }
        return { apply, claim: mustPublish }
      }
      case 'deregister': {
        const id = this.model.components.get(step.name)?.id
        this.#reporter(thread, step.name).deregister()
        // Without a registration there is nothing to publish; with one there is.
        const isCurrent = () => id !== undefined && this.model.components.get(step.name)?.id === id
        const apply = () => {
          if (this.#countKnown(isCurrent())) this.model.deregister(step.name)
        }
        return { apply, claim: id === undefined ? () => {} : mustPublish }
      }
      case 'standby': {
        thread.attachment.control(KIND_STANDBY, step.isOn ? 1 : 0, 0)
        const apply = () => {
          this.model.isStandby = step.isOn
          this.#applied++
        }
        return { apply, claim: mustPublish }
      }
      case 'suppress': {
        const { isLiveness, deadline } = step
        const [low, high] = toFloatWords(deadline)
        const kind = isLiveness ? KIND_SUPPRESS_LIVENESS : KIND_SUPPRESS_READINESS
        const reason = deadline === 0 ? undefined : encodeText(`until ${deadline}`, 512)
        thread.attachment.control(kind, low, high, reason)
        const apply = () => {
          if (isLiveness) this.model.livenessDeadline = deadline
          else this.model.readinessDeadline = deadline
          this.#applied++
        }
        return { apply, claim: mustPublish }
      }
      case 'reattach': {
        thread.attachment.detach()
        // As many attachments may be waiting to be drained as there are mailboxes left.
        if (this.#pending.length > 3) this.#run(ALL)
        Object.assign(thread, this.#newThread(this.#threads.indexOf(thread)))
        return undefined
      }
    }
  }

  /**
   * An update belongs to the registration that its reporter can see: one that is published but not applied has not
   * returned yet, so the update may come before it.
   */
  #update(thread: Thread, { name, status, message, metadata }: Call & { kind: 'update' }) {
    const id = this.model.components.get(name)?.id
    this.#reporter(thread, name).update(status, message, metadata)
    const current = () => {
      const component = this.model.components.get(name)
      return component !== undefined && component.id === id ? component : undefined
    }
    const apply = () => {
      if (!this.#countKnown(current() !== undefined)) return
      this.model.update(name, status, message, metadata, this.#clock)
    }
    const claim = () => {
      const component = current()
      if (component === undefined) return
      assert.equal(component.status, status, 'an update that was not published is missing')
      assert.equal(component.message, message, 'an update that was not published is missing')
      if (metadata !== null && metadata !== undefined)
        assert.deepEqual(component.metadata, pairsOf(metadata))
    }
    return { apply, claim }
  }

  #countKnown(isKnown: boolean): boolean {
    if (isKnown) this.#applied++
    else this.#ignored++
    return isKnown
  }

  #reporter(thread: Thread, name: string): Reporter {
    const known = thread.reporters.get(name)
    if (known !== undefined) return known
    const reporter = new Reporter(name, thread.attachment, new TextCache(512))
    thread.reporters.set(name, reporter)
    return reporter
  }

  #newThread(id: number): Thread {
    return {
      attachment: new Attachment(this.region, id, 0),
      reporters: new Map(),
      isBlocked: false,
    }
  }

  #run(count: number): void {
    const records = this.#pending.filter(({ isRecord }) => isRecord).length
    const now = mock.method(Date, 'now', () => this.#clock)
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
      const now = mock.method(Date, 'now', () => this.#clock)
      this.#drain.run(1)
      now.mock.restore()
      return
    }
    this.#drain = new Drain(this.region)
  }

  /** Applies one record and takes back what a manager that died just before it would not have written. */
  #dieAfter(at: 'beforeCommit' | 'beforeAdvance'): void {
    const { words, layout } = this.region
    const heads = Array.from(
      { length: layout.maxThreads },
      (_, i) => mailboxHeader(this.region, i) + MAILBOX_HEAD,
    )
    const sequences = Array.from({ length: layout.maxComponents }, (_, i) => layout.sequences + i)
    const commits = [...sequences, CONTROL_SEQUENCE]
    const before = new Map([...heads, ...commits].map((index) => [index, words[index]!]))
    this.#run(1)
    for (const index of at === 'beforeCommit' ? [...heads, ...commits] : heads) {
      words[index] = before.get(index)!
    }
    words[TABLE_SEQUENCE]!--
    this.#areCountsExact = false
    this.#drain = new Drain(this.region)
  }

  /** Lets the ticket counter run on, as if others had published as much, with a sweep in each round. */
  #jump(times: number): void {
    this.#run(ALL)
    const thread = this.#threads.find(({ isBlocked }) => !isBlocked)!
    for (let round = 0; round < times; round++) {
      this.region.words[TICKET_COUNTER]! += JUMP
      const message = `tick ${this.#clock++}`
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

  #read(): void {
    const { report, control } = this.#reader.snapshot()
    assert.deepEqual([...report].map(toComparable), this.model.report())
    assert.equal(report.size, this.model.components.size)
    const { isStandby, livenessDeadline, readinessDeadline } = this.model
    assert.equal(control.isStandby, isStandby)
    assert.equal(control.livenessDeadline, livenessDeadline)
    assert.equal(control.readinessDeadline, readinessDeadline)
    const fresh = new TableReader(this.region, 0).snapshot()
    assert.deepEqual([...fresh.report].map(toComparable), [...report].map(toComparable))
    this.#readVerdicts()
    this.#readJournal()
  }

  /** Deadlines of the programs are long past or far away, so any time in between gives the same verdict. */
  #readVerdicts(): void {
    const liveness = this.model.livenessError(1e6)
    const readiness = this.model.readinessError(1e6)
    assert.equal(this.#health.livenessCheck()?.message, liveness)
    assert.equal(this.#health.readinessCheck()?.message, readiness)
    assert.equal(this.#health.checkLiveness().error?.message, liveness)
    assert.equal(this.#health.checkReadiness().error?.message, readiness)
  }

  #glance(names: readonly string[]): void {
    const { statuses, control } = this.#reader.glance(names.map(watch))
    assert.equal(control.isStandby, this.model.isStandby)
    const report = new Map(this.model.report())
    for (const [i, name] of names.entries()) {
      const status = statuses[i]
      assert.deepEqual(status && toComparable([name, status])[1], report.get(name), name)
    }
  }

  #readJournal(): void {
    const { transitions } = this.model
    for (let next = this.#journal.next(); next !== undefined; next = this.#journal.next()) {
      if ('missed' in next) {
        this.#transitionsRead += next.missed
        continue
      }
      const expected = { ...transitions[this.#transitionsRead++], number: this.#transitionsRead }
      assert.deepEqual(toComparableEntry(next), expected)
    }
    assert.equal(this.#transitionsRead, transitions.length)
  }

  #checkCounts(): void {
    const { words } = this.region
    assert.equal(words[COMPONENT_COUNT], this.model.components.size)
    assert.equal(words[CUT_COUNT], 0)
    if (!this.#areCountsExact) return
    assert.equal(words[APPLIED_COUNT], this.#applied)
    assert.equal(words[IGNORED_COUNT], this.#ignored)
    assert.equal(words[SUPERSEDED_COUNT], 0)
  }
}

function toComparable([name, status]: readonly [string, ComponentStatus]) {
  return [name, { ...status, metadata: pairsOf(status.metadata) }]
}

function toComparableEntry(entry: JournalEntry) {
  return { ...entry, metadata: pairsOf(entry.metadata) }
}
