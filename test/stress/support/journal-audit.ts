// Follows the journal of a test from its first record to its last: every transition once, in one order, each
// with the update that made it. Pure.
import type { HealthStatus } from '../../../src/index.js'
import { numberOfTransition, verifyEvidence } from './evidence.js'

export interface JournalEntry {
  readonly number: number
  readonly component: string
  readonly oldStatus: HealthStatus
  readonly newStatus: HealthStatus
  readonly message: string
  readonly metadata: Readonly<Record<string, string>>
}

export class JournalAudit {
  /** Transitions of each component so far. */
  readonly counts = new Map<string, number>()
  #lastNumber = 0
  readonly #prefix: string
  readonly #statuses = new Map<string, HealthStatus>()

  /** Components whose names begin with `prefix` carry evidence. */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** Transitions are numbered from 1; 0 if there was none yet. */
  get lastNumber(): number {
    return this.#lastNumber
  }

  /** @throws Error at the first entry that is out of order, or not the one that must come next. */
  add(entry: JournalEntry): void {
    const { number, component, oldStatus, newStatus } = entry
    const fail = (what: string) => {
      throw new Error(`${what}: last=${this.#lastNumber} entry=${JSON.stringify(entry)}`)
    }
    if (number !== this.#lastNumber + 1) fail('not consecutive')
    if (oldStatus !== (this.#statuses.get(component) ?? 0))
      fail('the old status is not the previous new one')
    if (newStatus === oldStatus) fail('not a change')
    const ordinal = this.counts.get(component) ?? 0
    if (component.startsWith(this.#prefix)) {
      const { status, message, metadata } = { ...entry, status: newStatus }
      const made = verifyEvidence(component, { status, message, metadata })
      if (made !== numberOfTransition(ordinal))
        fail(`lost or repeated, expected that of update ${numberOfTransition(ordinal)}`)
    }
    this.counts.set(component, ordinal + 1)
    this.#statuses.set(component, newStatus)
    this.#lastNumber = number
  }
}
