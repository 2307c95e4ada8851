// The shape of what `stats()` returns. All figures live in the shared region, so they outlive every actor.

export type ActorState = 'running' | 'restarting' | 'failed' | 'stopped'

/** One actor thread as the supervisor sees it. */
export interface ActorStats {
  /** `manager`, or `probe` for a probe server. */
  readonly name: string
  /** `failed`: restarted too often and given up. */
  readonly state: ActorState
  /** Restarts since the start. */
  readonly restarts: number
}

/** One attachment's mailbox. */
export interface MailboxStats {
  readonly index: number
  /** `threadId` of the attached thread. */
  readonly threadId: number
  /** Bytes published and not applied yet. */
  readonly depthBytes: number
  /** How often the thread had to wait for room. */
  readonly waits: number
  /** Updates refused with `ERR_HEALTH_BACKPRESSURE`. */
  readonly refusals: number
  /** Updates and deregistrations of names that were not registered. */
  readonly ignored: number
}

/** A snapshot of the runtime's counters. Counters count from the start of the runtime and wrap at 2^32. */
export interface RuntimeStats {
  /** Components registered now. */
  readonly components: number
  /** Transitions journaled. */
  readonly transitions: number
  /** Records applied, of every kind. */
  readonly applied: number
  /** Updates and deregistrations of components that were not registered, by name or by an outdated reporter. */
  readonly ignored: number
  /** Records that a concurrent one with a later ticket had overwritten before they arrived. */
  readonly superseded: number
  /** Messages and metadata cut to `maxPayloadBytes` or to the room left. */
  readonly truncated: number
  /** Reads that were answered with the last applied state because the manager did not apply in time. */
  readonly staleReads: number
  /** Waits for room in a full mailbox, of all attachments. */
  readonly waits: number
  /** Updates refused with `ERR_HEALTH_BACKPRESSURE`, of all attachments. */
  readonly refusals: number
  /** Bytes of the payload heap in use. */
  readonly heapUsedBytes: number
  readonly mailboxes: readonly MailboxStats[]
  readonly actors: readonly ActorStats[]
}
