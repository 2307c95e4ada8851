// The part of the journal that belongs to one observer: what was journaled in its term. In the thread that the observer
// runs in; no other thread knows the cursor.
//
// Why no transition is told to two observers, or to none: the manager begins a term, in the control latch, behind every
// transition before it and before every one after it. So whoever has read a transition in the journal, and looks at the
// terms then, sees whether a term began before it. The look comes after the read.
import { readCurrentTerm, readTerm, type Term } from '../memory/control.js'
import { JournalReader, journalCount } from '../memory/journal.js'
import {
  isAfter,
  OBSERVER_NONE,
  OBSERVER_TERM_COUNT,
  PHASE,
  PHASE_STOPPED,
  type Words,
} from '../memory/layout.js'
import type { Region } from '../memory/region.js'
import type { Gap, Transition } from '../model/transition.js'

/**
 * The term that a record has begun: `'waiting'` while it is not applied, `'superseded'` where a later one was there first,
 * or so many came after it that nobody can tell any more; then nothing is its observer's.
 */
export function findTerm(words: Words, ticket: number): Term | 'waiting' | 'superseded' {
  const current = readCurrentTerm(words)
  if (current === undefined) return 'waiting'
  for (let back = 0; back < OBSERVER_TERM_COUNT; back++) {
    const term = readTerm(words, (current.term - back) | 0)
    if (term === undefined) return 'waiting'
    if (term !== 'gone' && term.ticket === ticket && term.kind !== OBSERVER_NONE) return term
  }
  return isAfter(ticket, current.ticket) ? 'waiting' : 'superseded'
}

/** Number of the last transition of a term that is over; undefined while it runs. */
export function findTermEnd(words: Words, term: number): number | undefined {
  const current = readCurrentTerm(words)
  if (current === undefined || current.term === term) return undefined
  const following = readTerm(words, (term + 1) | 0)
  return following === 'gone' ? undefined : following?.since
}

/** Transitions of a term behind the cursor, as far as they are journaled, and none behind the limit. */
export function untold(words: Words, term: number, cursor: number, limit?: number): number {
  const end = Math.min(findTermEnd(words, term) ?? journalCount(words), limit ?? cursor + 2 ** 32)
  return Math.max(0, end - cursor)
}

/** Whether nothing is journaled any more. */
export function isRuntimeStopped(words: Words): boolean {
  // Pairs with Supervisor.stop, which says so behind the drain.
  return Atomics.load(words, PHASE) === PHASE_STOPPED
}

/** Where reading begins and what bounds it. */
export interface TermBounds {
  readonly term: number
  /** Number of the last transition that is done with. */
  readonly cursor: number
  /** Number of the last transition to read at the stop; undefined before that. */
  limit(): number | undefined
}

export class TermJournal {
  readonly #words: Words
  readonly #term: number
  readonly #limit: () => number | undefined
  readonly #journal: JournalReader
  #cursor: number
  /** Read, but not known yet to be of this term. */
  #held: Transition | Gap | undefined
  #end: number | undefined

  constructor(region: Region, { term, cursor, limit }: TermBounds) {
    this.#words = region.words
    this.#term = term
    this.#limit = limit
    this.#cursor = cursor
    this.#journal = new JournalReader(region, cursor + 1)
  }

  /** `'ended'` behind the last transition of the term; undefined where there is none yet. */
  next(): Transition | Gap | 'ended' | undefined {
    this.#held ??= this.#journal.next()
    // Behind the read; see above.
    const end = this.#look()
    if (end === 'unknown') return undefined
    if (this.#cursor >= end) return 'ended'
    const next = this.#held
    if (next === undefined) {
      const isOver = isRuntimeStopped(this.#words) && journalCount(this.#words) <= this.#cursor
      return isOver ? 'ended' : undefined
    }
    const reached = 'missed' in next ? this.#cursor + next.missed : next.number
    if (reached <= end) {
      this.#held = undefined
      this.#cursor = reached
      return next
    }
    // A gap that reaches beyond the term: only its beginning is this observer's.
    const missed = end - this.#cursor
    this.#cursor = end
    return { missed }
  }

  /** Number of the last transition to be read; endless in a term that still runs. */
  #look(): number | 'unknown' {
    const limit = this.#limit() ?? Number.POSITIVE_INFINITY
    if (this.#end !== undefined) return Math.min(this.#end, limit)
    const current = readCurrentTerm(this.#words)
    if (current === undefined) return 'unknown'
    if (current.term === this.#term) return limit
    for (let term = (this.#term + 1) | 0; ; term = (term + 1) | 0) {
      const following = readTerm(this.#words, term)
      if (following === undefined) return 'unknown'
      if (following === 'gone') {
        // So many have come after it unnoticed that the end is not known. None of what others may be told is read; what
        // lies before the oldest term that is known is told as missed, all of it.
        this.#held = undefined
        continue
      }
      this.#end = following.since
      const isNext = term === ((this.#term + 1) | 0)
      if (!isNext && following.since > this.#cursor) {
        this.#held = { missed: following.since - this.#cursor }
      }
      return Math.min(this.#end, limit)
    }
  }
}
