// What gRPC watchers are told from: transitions from the journal, and looks at the table for what is not in it. gRPC
// actor's thread.
import { AppliedListener } from '../memory/applied-listener.js'
import { journalCount } from '../memory/journal.js'
import { JournalReader } from '../memory/journal-reader.js'
import { PHASE, PHASE_RUNNING, TABLE_SEQUENCE } from '../memory/layout.js'
import { openRegion, type Region } from '../memory/region.js'
import type { SuspensionWatch } from '../memory/suspensions.js'
import type { HealthStatus } from '../model/health-status.js'
import type { Policy } from '../model/policy.js'
import type { HealthHandle } from '../runtime/health-handle.js'
import { HealthReader, type Look } from '../runtime/health-reader.js'

/** What watchers need of a transition. */
export interface SeenTransition {
  readonly number: number
  readonly component: string
  readonly oldStatus: HealthStatus
  readonly newStatus: HealthStatus
}

/** The runtime, as the hub of the watchers sees it. */
export interface WatchSource {
  readonly policy: Policy
  /** Whether `stop()` has begun. */
  isStopping(): boolean
  /** Forgets what is in the journal: the next transition is the next one that is journaled. */
  skipToNow(): void
  /** The next transition; `'gap'` where some were overwritten unread; undefined where there is none yet. */
  next(): SeenTransition | 'gap' | undefined
  /** How many transitions are journaled. */
  transitionCount(): number
  /** How many of them every look from now on shows. */
  shownCount(): number
  /** Report and gates of one instant not before the call; undefined where that could not be had. */
  tryPeek(): Look | undefined
  /** Begins to listen for changes; what is given is for `changed`. */
  listen(): number
  /** Resolves when something was applied since the `listen` that gave `heard`, at the latest after `timeoutMs`. */
  changed(heard: number, timeoutMs: number): Promise<void>
}

export class RegionSource implements WatchSource {
  readonly policy: Policy
  readonly #region: Region
  readonly #reader: HealthReader
  readonly #listener: AppliedListener
  #journal: JournalReader

  /**
   * `suspensions` is the watch of this thread, where it keeps one.
   * @throws HealthError `ERR_HEALTH_LAYOUT` if the handle is of another version.
   */
  constructor(handle: HealthHandle, suspensions?: SuspensionWatch) {
    this.policy = handle.policy
    this.#region = openRegion(handle.region)
    // Of its own: what it peeks must not be mistaken for what a probe has waited for.
    this.#reader = new HealthReader(this.#region, handle.policy, 0, { suspensions })
    this.#listener = new AppliedListener(this.#region.words)
    this.#journal = new JournalReader(this.#region, 'now')
  }

  isStopping(): boolean {
    return Atomics.load(this.#region.words, PHASE) !== PHASE_RUNNING
  }

  skipToNow(): void {
    this.#journal = new JournalReader(this.#region, 'now')
  }

  next(): SeenTransition | 'gap' | undefined {
    const entry = this.#journal.next()
    if (entry === undefined) return undefined
    if ('missed' in entry) return 'gap'
    return entry
  }

  transitionCount(): number {
    return journalCount(this.#region.words)
  }

  /** A transition is in the journal before it is in its slot, so in the middle of a batch the last one may not be there yet. */
  shownCount(): number {
    const count = this.transitionCount()
    // Pairs with beginBatch and endBatch: at rest, everything journaled is in its slot.
    const isAtRest = (Atomics.load(this.#region.words, TABLE_SEQUENCE) & 1) === 0
    return isAtRest ? count : count - 1
  }

  tryPeek(): Look | undefined {
    return this.#reader.tryPeek()
  }

  listen(): number {
    return this.#listener.listen()
  }

  changed(heard: number, timeoutMs: number): Promise<void> {
    return this.#listener.changed(heard, timeoutMs)
  }
}
