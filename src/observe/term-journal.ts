// The part of the journal that belongs to one observer: what was journaled in its term. In the thread that the observer
// runs in; no other thread knows the cursor.
//
// Why no transition is told to two observers, or to none: the manager writes in each transition's record to whose term it
// belongs. The ring of the last terms tells besides where one began and ended; that is needed for transitions that nobody
// can read any more, and to know that a term is over before another transition comes.
import { readCurrentTerm, readTerm } from '../memory/control.js'
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

/** What whoever sets an observer notes just before. */
export interface TermNotice {
  /** Transitions journaled so far: none of them is the observer's. */
  readonly count: number
  /** Ticket of the term that still runs. */
  readonly previous: number
}

/** An observer's term. Structured-cloneable. */
export interface OwnTerm {
  /** Of the record that began it. */
  readonly ticket: number
  /** Which one it is; undefined where so many came after it unnoticed that it is no longer kept. */
  readonly term: number | undefined
  /** None of the transitions up to this number is the observer's. The next one is, where `term` is known. */
  readonly since: number
  /** Ticket of the term before it. */
  readonly previous: number
}

export function noteTerm(words: Words): TermNotice {
  const count = journalCount(words)
  return { count, previous: currentTermTicket(words) ?? 0 }
}

/** The term of the observer whose record has this ticket; undefined while that is not applied. */
export function findTerm(words: Words, ticket: number, notice: TermNotice): OwnTerm | undefined {
  const current = readCurrentTerm(words)
  if (current === undefined) return undefined
  for (let back = 0; back < OBSERVER_TERM_COUNT; back++) {
    const term = readTerm(words, (current.term - back) | 0)
    if (term === undefined) return undefined
    if (term === 'gone' || term.ticket !== ticket || term.kind === OBSERVER_NONE) continue
    return { ticket, term: term.term, since: term.since, previous: notice.previous }
  }
  if (isAfter(ticket, current.ticket)) return undefined
  // It is over, or a later one was there first and it never began: the journal tells.
  return { ticket, term: undefined, since: notice.count, previous: notice.previous }
}

/** Whether the record with this ticket, or a later one about observers, is applied. */
export function isTermApplied(words: Words, ticket: number): boolean {
  const current = readCurrentTerm(words)
  return current !== undefined && !isAfter(ticket, current.ticket)
}

/** Whether another term has begun since. */
export function isTermOver(words: Words, { ticket }: OwnTerm): boolean {
  const current = currentTermTicket(words)
  return current !== undefined && current !== ticket
}

/** Ticket of the record that began the current term; undefined where that could not be read now. */
function currentTermTicket(words: Words): number | undefined {
  const current = readCurrentTerm(words)
  const term = current && readTerm(words, current.term)
  return term === undefined || term === 'gone' ? undefined : term.ticket
}

/** Number of the last transition of a term that is over; undefined while it runs, and where that is no longer kept. */
function findTermEnd(words: Words, { term }: OwnTerm): number | undefined {
  if (term === undefined || readCurrentTerm(words)?.term === term) return undefined
  const following = readTerm(words, (term + 1) | 0)
  return following === 'gone' ? undefined : following?.since
}

/** Transitions of a term behind the cursor that are journaled, and not behind the limit. At most; see `findTermEnd`. */
export function untold(words: Words, term: OwnTerm, cursor: number, limit?: number): number {
  const end = findTermEnd(words, term) ?? journalCount(words)
  return Math.max(0, Math.min(end, limit ?? end) - cursor)
}

/** Whether nothing is journaled any more. */
export function isRuntimeStopped(words: Words): boolean {
  // Pairs with Supervisor.stop, which says so behind the drain.
  return Atomics.load(words, PHASE) === PHASE_STOPPED
}

export class TermJournal {
  readonly #words: Words
  readonly #own: OwnTerm
  readonly #limit: () => number | undefined
  readonly #journal: JournalReader
  #cursor: number
  #hasBegun: boolean
  #hasEnded = false

  /** Reads behind `cursor`, up to `limit` once there is one. */
  constructor(region: Region, own: OwnTerm, cursor: number, limit: () => number | undefined) {
    this.#words = region.words
    this.#own = own
    this.#limit = limit
    this.#cursor = cursor
    this.#hasBegun = own.term !== undefined
    this.#journal = new JournalReader(region, cursor + 1)
  }

  /** `'ended'` behind the last transition of the term; undefined where there is none yet. */
  next(): Transition | Gap | 'ended' | undefined {
    while (!this.#hasEnded) {
      const limit = this.#limit() ?? Number.POSITIVE_INFINITY
      // Before the read: where the term is over and the journal has no more, there will be no more of the term.
      const isOver = isTermOver(this.#words, this.#own) || isRuntimeStopped(this.#words)
      const next = this.#cursor >= limit ? undefined : this.#journal.next()
      if (next === undefined) {
        if (!isOver && this.#cursor < limit) return undefined
        this.#hasEnded = true
      } else if ('missed' in next) {
        const missed = this.#skip(next.missed, limit)
        if (missed > 0) return { missed }
      } else if (this.#isOwn(next, limit)) {
        this.#cursor = next.number
        return next
      }
    }
    return 'ended'
  }

  #isOwn({ number }: Transition, limit: number): boolean {
    const { ticket, previous } = this.#own
    const { observer } = this.#journal
    if (observer === ticket && number <= limit) {
      this.#hasBegun = true
      return true
    }
    // Of a term before this one only where nobody could tell where it began.
    const isBefore = observer === previous || isAfter(ticket, observer)
    if (this.#hasBegun || number > limit || !isBefore) this.#hasEnded = true
    else this.#cursor = number
    return false
  }

  /** How many of the transitions that can't be read any more were of the term. */
  #skip(missed: number, limit: number): number {
    // Behind the read: what has been overwritten was journaled, and each term begins before its transitions are.
    const end = Math.min(findTermEnd(this.#words, this.#own) ?? Number.POSITIVE_INFINITY, limit)
    const reached = this.#cursor + missed
    const own = Math.max(0, Math.min(reached, end) - this.#cursor)
    if (reached >= end) this.#hasEnded = true
    this.#cursor += own
    return own
  }
}
