// A runtime made by hand for tests of the gRPC hub: a table, a journal and gates that move only when the test says so, at any
// point of a round.
import type { HealthStatus } from '../src/model/health-status.js'
import type { Gate, Policy } from '../src/model/policy.js'
import type { HealthReport } from '../src/model/report.js'
import { servingOf } from '../src/probe/grpc-health.js'
import { ServingStatus, targetOf } from '../src/probe/grpc-service-names.js'
import type { SeenTransition, WatchSource } from '../src/probe/grpc-source.js'
import type { Watcher } from '../src/probe/grpc-topics.js'
import type { Look } from '../src/runtime/health-reader.js'
import { componentStatus } from './fake-reader.js'

export const OPEN_GATE: Gate = {
  isStandby: false,
  isLivenessSuppressed: false,
  isReadinessSuppressed: false,
}

export class FakeWatchSource implements WatchSource {
  policy: Policy = { liveness: ['main'], readiness: ['main', 'link'], unregistered: 'fail' }
  gate = OPEN_GATE
  isStopped = false
  /** A look cannot be had. */
  isUnreadable = false
  /** Runs before every step of a round, so that a test can have something happen between any two. */
  onStep: () => void = () => {}
  readonly #table = new Map<string, HealthStatus>()
  /** What the journal says of each, which may be behind the table. */
  readonly #told = new Map<string, HealthStatus>()
  readonly #journal: SeenTransition[] = []
  #oldest = 0
  #cursor = 0
  #uncommitted: SeenTransition | undefined
  #report: HealthReport | undefined

  register(component: string): void {
    if (this.#table.has(component)) return
    this.#told.set(component, 0)
    this.#set(component, 0)
  }

  deregister(component: string): void {
    this.commit()
    this.#table.delete(component)
    this.#told.delete(component)
    this.#report = undefined
  }

  /** A transition as the manager applies it. An update of what is not registered, or changes nothing, is none. */
  move(component: string, newStatus: HealthStatus): void {
    this.journal(component, newStatus)
    this.commit()
  }

  /** The first half of it: in the journal, not in the table yet. */
  journal(component: string, newStatus: HealthStatus): void {
    this.commit()
    const oldStatus = this.#told.get(component)
    if (oldStatus === undefined || oldStatus === newStatus) return
    this.#told.set(component, newStatus)
    this.#uncommitted = { number: this.#journal.length + 1, component, oldStatus, newStatus }
    this.#journal.push(this.#uncommitted)
  }

  commit(): void {
    if (this.#uncommitted === undefined) return
    const { component, newStatus } = this.#uncommitted
    this.#uncommitted = undefined
    this.#set(component, newStatus)
  }

  /** What every look shows from now on, as when a deadline runs out; the manager journals it when it comes to it. */
  show(component: string, status: HealthStatus): void {
    this.#set(component, status)
  }

  /** Overwrites all of the journal but its last `kept` transitions. */
  overwrite(kept: number): void {
    this.#oldest = Math.max(0, this.#journal.length - kept)
  }

  statusOf(component: string): HealthStatus | undefined {
    return this.#table.get(component)
  }

  isStopping(): boolean {
    this.onStep()
    return this.isStopped
  }

  skipToNow(): void {
    this.onStep()
    this.#cursor = this.#journal.length
  }

  next(): SeenTransition | 'gap' | undefined {
    this.onStep()
    if (this.#cursor < this.#oldest) {
      this.#cursor = this.#oldest
      return 'gap'
    }
    const transition = this.#journal[this.#cursor]
    if (transition !== undefined) this.#cursor++
    return transition
  }

  transitionCount(): number {
    this.onStep()
    return this.#journal.length
  }

  shownCount(): number {
    this.onStep()
    return this.#uncommitted === undefined ? this.#journal.length : this.#journal.length - 1
  }

  tryPeek(): Look | undefined {
    this.onStep()
    return this.isUnreadable ? undefined : this.#look()
  }

  /** What a service is for who asks now, as whoever begins to watch has done. */
  current(service: string): ServingStatus {
    const target = targetOf(service)
    return this.isStopped ? ServingStatus.NotServing : servingOf(target, this.policy, this.#look())
  }

  #look(): Look {
    this.#report ??= new Map(
      [...this.#table].map(([name, status]) => [name, componentStatus([status])]),
    )
    return { report: this.#report, gate: this.gate }
  }

  listen(): number {
    return 0
  }

  /** Nothing ever rings: tests make the rounds themselves. */
  changed(): Promise<void> {
    return new Promise(() => {})
  }

  #set(component: string, status: HealthStatus): void {
    this.#table.set(component, status)
    this.#report = undefined
  }
}

const NAMES = {
  [ServingStatus.Serving]: 'serving',
  [ServingStatus.NotServing]: 'not serving',
  [ServingStatus.ServiceUnknown]: 'unknown',
} as const

/** A watcher that notes what it is told, and takes only so much. */
export class FakeWatcher implements Watcher {
  readonly told: string[] = []
  /** Why its stream was ended. */
  readonly ended: Promise<string>
  isEnded = false
  #end: (reason: string) => void = () => {}
  readonly #room: number

  constructor(room = Number.POSITIVE_INFINITY) {
    this.#room = room
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  send(status: ServingStatus): boolean {
    if (this.told.length >= this.#room) return false
    this.told.push(NAMES[status])
    return true
  }

  end(reason: string): void {
    this.isEnded = true
    this.#end(reason)
  }
}
