// Runs a program of reports, beats, steps of the clock and deaths of the manager on the real region beside the model. One thread,
// and clocks that stand still in between, so that each step is exact.
import assert from 'node:assert/strict'
import { encodeRules } from '../../src/memory/rules-block.js'
import { TableReader, watch } from '../../src/memory/table-reader.js'
import { encodeText } from '../../src/memory/text.js'
import { NO_RULES } from '../../src/model/component-rules.js'
import type { HealthStatus } from '../../src/model/health-status.js'
import type { ComponentStatus } from '../../src/model/report.js'
import { HealthReader } from '../../src/runtime/health-reader.js'
import { assertSound, transitionsOf } from '../model/harness/audit.js'
import { type Producer, Rig } from '../model/harness/rig.js'
import { kill, simulation } from '../model/harness/simulation.js'
import { OverlayModel, type Rules } from './overlay-model.js'

export type Step =
  | { kind: 'update'; thread: number; name: string; status: HealthStatus; message: string }
  | { kind: 'beat'; thread: number; name: string }
  | { kind: 'progress'; name: string; input: number; output: number }
  | { kind: 'register'; name: string; rules: Rules | undefined }
  | { kind: 'deregister'; name: string }
  | { kind: 'pass'; ms: number }
  | { kind: 'apply' }
  /** The manager does all that is due, and dies at the last of these points that it comes to. */
  | { kind: 'settle'; deaths: readonly number[] }
  | { kind: 'read' }

const EPOCH_MS = 1_700_000_000_000
/** Beats ring no bell: from then on a look is due in any case. */
const LOOK_MS = 250
const POLICY = { liveness: ['a', 'b'], readiness: ['b', 'a'], unregistered: 'skip' } as const

/** To be made, and used, within a simulation. */
export class OverlayWorld {
  readonly #rig = new Rig({ journalBytes: 128 * 1024, heapBytes: 512 * 1024 })
  readonly #model: OverlayModel
  readonly #threads: readonly Producer[]
  readonly #pending: (() => void)[] = []
  readonly #totals: Readonly<Record<string, { input: number; output: number }>> = {
    a: { input: 0, output: 0 },
    b: { input: 0, output: 0 },
    c: { input: 0, output: 0 },
  }
  readonly #reader: TableReader
  readonly #health: HealthReader

  constructor() {
    this.#model = new OverlayModel(simulation.monotonicMs, EPOCH_MS)
    Date.now = () => this.#model.epochMs
    this.#threads = [this.#rig.producer(), this.#rig.producer()]
    this.#reader = new TableReader(this.#rig.region, 0)
    this.#health = new HealthReader(this.#rig.region, POLICY, 0)
  }

  do(step: Step): void {
    switch (step.kind) {
      case 'update':
        this.#update(step)
        break
      case 'beat':
        this.#threads[step.thread]!.reporter(step.name).beat()
        this.#model.beat(step.name)
        break
      case 'progress':
        this.#progress(step)
        break
      case 'register':
        this.#register(step)
        break
      case 'deregister':
        this.#deregister(step.name)
        break
      case 'pass':
        this.#pass(step.ms)
        break
      case 'apply':
        this.#apply()
        break
      case 'settle':
        this.#settle(step.deaths)
        break
      case 'read':
        this.#read()
    }
  }

  finish(): void {
    this.#settle([])
    this.#read()
    assertSound(this.#rig.region)
  }

  #update({ thread, name, status, message }: Step & { kind: 'update' }): void {
    const producer = this.#threads[thread]!
    const before = producer.attachment.backlog()
    producer.reporter(name).update(status, message)
    this.#model.beat(name)
    if (producer.attachment.backlog() === before) return
    this.#pending.push(() => this.#model.update(name, status, message))
  }

  #progress({ name, input, output }: Step & { kind: 'progress' }): void {
    const total = this.#totals[name]!
    total.input += input
    total.output += output
    this.#threads[0]!.reporter(name).progress(total.input, total.output)
    this.#model.progress(name, total.input, total.output)
  }

  #register({ name, rules }: Step & { kind: 'register' }): void {
    const encoded = rules && encodeRules({ ...NO_RULES, ...rules })
    this.#threads[0]!.attachment.register(encodeText(name, 255), encoded)
    this.#pending.push(() => this.#model.register(name, rules))
    this.#apply()
  }

  /** Nothing else is under way beside it: what becomes of that is not what this is about. */
  #deregister(name: string): void {
    this.#apply()
    this.#threads[0]!.reporter(name).deregister()
    this.#pending.push(() => this.#model.deregister(name))
    this.#apply()
  }

  #pass(ms: number): void {
    this.#rig.pass(ms)
    this.#model.monotonicMs += ms
  }

  #apply(): void {
    this.#rig.drain()
    for (const apply of this.#pending.splice(0)) apply()
  }

  #settle(deaths: readonly number[]): void {
    this.#pass(LOOK_MS)
    for (const point of deaths) {
      // Time stands still over it, so that its successors must come to what it would have come to.
      kill(point, () => {
        this.#rig.restart()
        this.#rig.settleAll()
      })
    }
    if (deaths.length > 0) this.#rig.restart()
    this.#rig.settleAll()
    for (const apply of this.#pending.splice(0)) apply()
    this.#model.look()
    this.#readJournal()
  }

  #read(): void {
    const shown = this.#model.shown()
    const fresh = new TableReader(this.#rig.region, 0).snapshot().report
    const sinceOf = (status: ComponentStatus) => ({ ...shownOf(status), since: status.since })
    assert.deepEqual(byName(fresh, sinceOf), shown)
    const { report } = this.#reader.snapshot()
    assert.deepEqual(byName(report, shownOf), byName(fresh, shownOf))
    const names = ['a', 'b', 'c']
    const { statuses } = this.#reader.glance(names.map(watch))
    for (const [i, name] of names.entries()) assert.equal(statuses[i], report.get(name))
    assert.deepEqual(byName(this.#reader.tryPeek()!.report, shownOf), byName(fresh, shownOf))
    const isAlive = POLICY.liveness.every((name) => shown[name]?.status !== 3)
    for (const error of [this.#health.livenessCheck(), this.#health.checkLiveness().error]) {
      assert.equal(error === undefined, isAlive)
    }
    const isReady = POLICY.readiness.every((name) => [1, 2].includes(shown[name]?.status ?? 1))
    for (const error of [this.#health.readinessCheck(), this.#health.checkReadiness().error]) {
      assert.equal(error === undefined, isReady)
    }
  }

  /** In order; of components that a single look finds silent, in any. */
  #readJournal(): void {
    const told = transitionsOf(this.#rig.region).map(
      ({ component, oldStatus, newStatus, message, at }) => {
        return { component, oldStatus, newStatus, message, at }
      },
    )
    for (const name of ['a', 'b', 'c']) {
      const of = ({ component }: { component: string }) => component === name
      assert.deepEqual(told.filter(of), this.#model.told.filter(of))
    }
    assert.equal(told.length, this.#model.told.length)
  }
}

function shownOf({ status, message }: ComponentStatus) {
  return { status, message }
}

function byName<T>(
  report: Iterable<[string, ComponentStatus]>,
  of: (status: ComponentStatus) => T,
) {
  return Object.fromEntries([...report].map(([name, status]) => [name, of(status)]))
}
