// What observers and readers of the history are told. Types only.
import type { HealthStatus } from './health-status.js'

/** A change of a component's status. */
export interface Transition {
  /** Counts all transitions of the runtime from 1, in the order in which they were applied. */
  readonly number: number
  readonly component: string
  readonly oldStatus: HealthStatus
  readonly newStatus: HealthStatus
  /** The component's message with the new status. */
  readonly message: string
  /** The component's metadata after the update: what it gave, or else what was there before. Null prototype. */
  readonly metadata: Readonly<Record<string, string>>
  /** Epoch ms at which it was applied. */
  readonly at: number
}

/** Transitions that were overwritten in the journal before this reader got to them. */
export interface Gap {
  /** How many. The next transition's number is that much further. */
  readonly missed: number
}
