// What the runtime has to show, as a plain sequential model: what is told takes effect at once, one after the other.
// Model tests compare the region with it. Pure.
import type { HealthStatus } from '../../../src/model/health-status.js'
import { isReady } from '../../../src/model/policy.js'
import { TEST_POLICY } from '../../policy.js'

export type Metadata = Readonly<Record<string, string>>

/** Something that a thread says. */
export type Told =
  | { readonly kind: 'register'; readonly name: string }
  | { readonly kind: 'deregister'; readonly name: string }
  | {
      readonly kind: 'update'
      readonly name: string
      readonly status: 0 | 1 | 2 | 3
      readonly message: string
      /** Null: kept. */
      readonly metadata: Metadata | null
    }
  | { readonly kind: 'standby'; readonly isStandby: boolean }
  /** A deadline of 0 clears. */
  | {
      readonly kind: 'suppress'
      readonly check: 'liveness' | 'readiness'
      readonly deadline: number
      readonly reason: string
    }

export interface Shown {
  readonly status: number
  readonly message: string
  readonly metadata: Metadata
}

export interface Change {
  readonly component: string
  readonly oldStatus: number
  readonly newStatus: number
  readonly message: string
  readonly metadata: Metadata
}

/** Everything that readers can see but times. */
export interface State {
  readonly components: Readonly<Record<string, Shown>>
  readonly isStandby: boolean
  readonly deadlines: { readonly liveness: number; readonly readiness: number }
}

export class PlainModel {
  #components: Record<string, Shown> = {}
  #isStandby = false
  readonly #deadlines = { liveness: 0, readiness: 0 }
  readonly changes: Change[] = []
  /** Of each component since its registration, by new status. */
  readonly transitions: Record<string, Record<number, number>> = {}
  /** By the policy of these tests; a suppression changes nothing in it. */
  hasBeenReady = false

  constructor(told: Iterable<Told> = []) {
    for (const each of told) this.tell(each)
  }

  tell(told: Told): void {
    this.#take(told)
    this.hasBeenReady ||= this.#isStandby || this.#areReady()
  }

  #take(told: Told): void {
    switch (told.kind) {
      case 'register':
        this.#components[told.name] ??= { status: 0, message: '', metadata: {} }
        this.transitions[told.name] ??= { 0: 0, 1: 0, 2: 0, 3: 0 }
        return
      case 'deregister':
        delete this.#components[told.name]
        delete this.transitions[told.name]
        return
      case 'standby':
        this.#isStandby = told.isStandby
        return
      case 'suppress':
        this.#deadlines[told.check] = told.deadline
        return
      case 'update':
        this.#update(told)
    }
  }

  get state(): State {
    return {
      components: { ...this.#components },
      isStandby: this.#isStandby,
      deadlines: { ...this.#deadlines },
    }
  }

  #areReady(): boolean {
    const { readiness, unregistered } = TEST_POLICY
    const statusOf = (name: string) => this.#components[name]?.status as HealthStatus | undefined
    return readiness.every((name) => isReady(statusOf(name), unregistered))
  }

  #update(told: Extract<Told, { kind: 'update' }>): void {
    const { name: component, status: newStatus, message } = told
    const before = this.#components[component]
    if (before === undefined) return
    const metadata = told.metadata ?? before.metadata
    this.#components[component] = { status: newStatus, message, metadata }
    if (newStatus === before.status) return
    this.transitions[component]![newStatus]!++
    this.changes.push({ component, oldStatus: before.status, newStatus, message, metadata })
  }
}

export const register = (name: string): Told => ({ kind: 'register', name })
export const deregister = (name: string): Told => ({ kind: 'deregister', name })
export const update = (
  name: string,
  status: 0 | 1 | 2 | 3,
  message: string,
  metadata: Metadata | null = null,
): Told => ({ kind: 'update', name, status, message, metadata })
export const standby = (isStandby: boolean): Told => ({ kind: 'standby', isStandby })
export const suppress = (check: 'liveness' | 'readiness', deadline: number, reason = ''): Told => ({
  kind: 'suppress',
  check,
  deadline,
  reason,
})

/** Every order in which the steps of several threads may take effect, each thread's own order kept. */
export function* interleavings<T>(threads: readonly (readonly T[])[]): Iterable<readonly T[]> {
  if (threads.every((thread) => thread.length === 0)) yield []
  for (const [i, thread] of threads.entries()) {
    if (thread.length === 0) continue
    const rest = threads.map((other, j) => (j === i ? other.slice(1) : other))
    for (const order of interleavings(rest)) yield [thread[0]!, ...order]
  }
}
