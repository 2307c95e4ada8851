// What all observers of a runtime have been told, and how far the current one is. In the region, so that it outlives every
// thread that an observer runs in. Written by observers' threads.
import { readCurrentTerm, readTerm, type Term } from './control.js'
import { journalCount } from './journal.js'
import {
  OBSERVER_CURSOR,
  OBSERVER_DELIVERED,
  OBSERVER_ERRORS,
  OBSERVER_FUNCTION,
  OBSERVER_GAPS,
  OBSERVER_MISSED,
  OBSERVER_NONE,
  OBSERVER_RESTARTS,
  OBSERVER_TIMEOUTS,
  PHASE,
  PHASE_RUNNING,
  type Words,
} from './layout.js'
import { isThreadAttached, type MailboxTenant } from './mailbox.js'
import type { Region } from './region.js'

export class ObserverCounters {
  readonly #words: Words
  readonly #ticket: number

  /** `ticket` is of the record that began the observer's term. */
  constructor(words: Words, ticket: number) {
    this.#words = words
    this.#ticket = ticket
  }

  delivered(): void {
    Atomics.add(this.#words, OBSERVER_DELIVERED, 1)
  }

  failed(): void {
    Atomics.add(this.#words, OBSERVER_ERRORS, 1)
  }

  timedOut(): void {
    Atomics.add(this.#words, OBSERVER_TIMEOUTS, 1)
  }

  missed(count: number): void {
    Atomics.add(this.#words, OBSERVER_GAPS, 1)
    Atomics.add(this.#words, OBSERVER_MISSED, count | 0)
  }

  restarted(): void {
    Atomics.add(this.#words, OBSERVER_RESTARTS, 1)
  }

  /** Up to where the observer is done. One whose term is over goes on unseen. */
  doneUpTo(number: number): void {
    if (currentTerm(this.#words)?.ticket !== this.#ticket) return
    Atomics.store(this.#words, OBSERVER_CURSOR, number | 0)
    // Pairs with the wait in `caughtUp`.
    Atomics.notify(this.#words, OBSERVER_CURSOR)
  }
}

/** The observer of transitions, and what observers have been told since the start. Counters wrap at 2^32. */
export interface ObserverStats {
  /** Where the current one runs: on the loop of the thread that set it, or in a queue worker. */
  readonly kind: 'none' | 'function' | 'worker'
  /** Transitions that an observer was called with and is done with, whatever came of it. */
  readonly delivered: number
  /** Calls that threw or rejected, and transitions given up because the queue worker died of them. */
  readonly errors: number
  /** Calls that took longer than `timeoutMs`, and transitions given up because the queue worker hung in them. */
  readonly timeouts: number
  /** How often transitions were overwritten before the observer got to them, or left at a stop; and how many. */
  readonly gaps: number
  readonly missed: number
  /** Restarts of queue workers. */
  readonly restarts: number
  /** Number of the last transition up to which the current observer is done; of all transitions where there is none. */
  readonly cursor: number
  /** Transitions that the current observer has still to be told. */
  readonly lag: number
}

const MAILBOX_SHIFT = 8
const KIND_BITS = (1 << MAILBOX_SHIFT) - 1

/** Kind of observer and mailbox of the thread that sets it, as one word. */
export function ownedKind(kind: number, mailbox: number): number {
  return kind | (mailbox << MAILBOX_SHIFT)
}

function currentTerm(words: Words): Term | undefined {
  const current = readCurrentTerm(words)
  const term = current && readTerm(words, current.term)
  return term === 'gone' ? undefined : term
}

/** An observer, with the thread that has set it. */
interface CurrentObserver extends MailboxTenant {
  readonly kind: number
  readonly lag: number
}

/** The observer whose term it is; undefined if it is nobody's. Its thread may have ended. Any thread. */
export function currentObserver(words: Words): CurrentObserver | undefined {
  const term = currentTerm(words)
  if (term === undefined) return undefined
  const kind = term.kind & KIND_BITS
  if (kind === OBSERVER_NONE) return undefined
  const cursor = Atomics.load(words, OBSERVER_CURSOR)
  const count = journalCount(words)
  // Until it has begun, the cursor is another observer's.
  const lag = Math.min((count - cursor) >>> 0, Math.max(0, count - term.since))
  return { kind, mailbox: term.kind >> MAILBOX_SHIFT, owner: term.owner, lag }
}

/** Any thread. */
export function readObserverStats(region: Region): ObserverStats {
  const { words } = region
  const count = (index: number) => Atomics.load(words, index) >>> 0
  const found = currentObserver(words)
  // Who tells nobody any more is no observer. At the stop those are still told whose threads have let go of their mailboxes.
  const isGone =
    found !== undefined &&
    Atomics.load(words, PHASE) === PHASE_RUNNING &&
    !isThreadAttached(region, found)
  const current = isGone ? undefined : found
  const lag = current?.lag ?? 0
  return {
    kind:
      current === undefined ? 'none' : current.kind === OBSERVER_FUNCTION ? 'function' : 'worker',
    delivered: count(OBSERVER_DELIVERED),
    errors: count(OBSERVER_ERRORS),
    timeouts: count(OBSERVER_TIMEOUTS),
    gaps: count(OBSERVER_GAPS),
    missed: count(OBSERVER_MISSED),
    restarts: count(OBSERVER_RESTARTS),
    cursor: journalCount(words) - lag,
    lag,
  }
}

/** Looks again this often, in ms, should an observer's thread have ended between two calls. */
const SLICE_MS = 50

/** Waits until the current observer has been told of everything, its thread has let go, or the time is up. */
export async function caughtUp(
  words: Words,
  isAttached: (tenant: MailboxTenant) => boolean,
  deadlineMs: number,
): Promise<void> {
  for (;;) {
    const cursor = Atomics.load(words, OBSERVER_CURSOR)
    const current = currentObserver(words)
    const leftMs = deadlineMs - performance.now()
    if (current === undefined || current.lag === 0 || leftMs <= 0) return
    if (!isAttached(current)) return
    // Pairs with ObserverCounters.doneUpTo.
    const wait = Atomics.waitAsync(words, OBSERVER_CURSOR, cursor, Math.min(leftMs, SLICE_MS))
    if (wait.async) await wait.value
  }
}
