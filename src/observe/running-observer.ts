// What the thread that has set an observer keeps of it, wherever it runs.
import type { AppliedListener } from '../memory/applied-listener.js'
import type { Words } from '../memory/layout.js'
import type { ActorStats } from '../runtime/stats.js'
import { LOOK_MS } from './observe-loop.js'
import { findTerm, isRuntimeStopped, type OwnTerm, type TermNotice } from './term-journal.js'

export interface RunningObserver {
  /** Resolves when it has been told of the last transition of its term, or was abandoned. Never rejects. */
  readonly ended: Promise<void>
  /** The thread of its own, if it has one. */
  readonly actor?: ActorStats
  /** Ends it behind this transition, wherever its term ends. */
  finishAt(number: number): void
  /** Ends it where it is. Gives how many transitions it has not been told of. */
  abandon(): Promise<number>
}

/** Waits until the record of an observer is applied; undefined after the stop. */
export async function awaitTerm(
  words: Words,
  ticket: number,
  notice: TermNotice,
  listener: AppliedListener,
  isStopped: () => boolean,
): Promise<OwnTerm | undefined> {
  for (;;) {
    const heard = listener.listen()
    // Before the look: what is applied by the stop is found.
    const isOver = isRuntimeStopped(words) || isStopped()
    const term = findTerm(words, ticket, notice)
    if (term !== undefined || isOver) return term
    await listener.changed(heard, LOOK_MS)
  }
}
