// The control words that decide verdicts besides the components: standby and the two suppressions; and whose the
// transitions are: the terms of observers. A latch of two copies like a slot's, written by the manager alone.
import {
  CONTROL_COPIES,
  CONTROL_COPY_WORDS,
  CONTROL_CUTS,
  CONTROL_LIVENESS,
  CONTROL_LIVENESS_BEGAN,
  CONTROL_OBSERVER_TERM,
  CONTROL_OBSERVER_TICKET,
  CONTROL_READINESS,
  CONTROL_READINESS_BEGAN,
  CONTROL_SEQUENCE,
  CONTROL_STANDBY,
  CONTROL_STANDBY_TICKET,
  CONTROL_TICKETS,
  isAfter,
  MAX_SUPPRESSION_MS,
  OBSERVER_TERM_COUNT,
  OBSERVER_TERM_WORDS,
  OBSERVER_TERMS,
  SUPPRESSION_DEADLINE,
  SUPPRESSION_REASON,
  SUPPRESSION_TICKET,
  TERM_KIND,
  TERM_OWNER,
  TERM_SINCE,
  TERM_TICKET,
  type Words,
} from './layout.js'
import { put } from './region.js'
import { msOfTick } from './ticks.js'

export { monotonicMs } from './monotonic-clock.js'

const float = new Float64Array(1)
const floatWords = new Int32Array(float.buffer)

/** A Float64 as two words. */
export function toFloatWords(value: number): readonly [low: number, high: number] {
  float[0] = value
  return [floatWords[0]!, floatWords[1]!]
}

export function fromFloatWords(low: number, high: number): number {
  floatWords[0] = low
  floatWords[1] = high
  return float[0]!
}

/** What the control words say. Deadlines are on `monotonicMs`, as they hold, not as they were asked for; 0 = not suppressed. */
export interface ControlState {
  readonly isStandby: boolean
  readonly livenessDeadline: number
  readonly readinessDeadline: number
  /** Until when a start-up that advances may prolong the suppression of liveness; Infinity for ever, 0 where there is none. */
  readonly livenessLatest: number
}

export type SuppressionField = typeof CONTROL_LIVENESS | typeof CONTROL_READINESS

/** The manager's side. */
export class ControlWriter {
  readonly #words: Words

  constructor(words: Words) {
    this.#words = words
  }

  /** The latest ticket wins: false if a later one has been applied already. */
  setStandby(isStandby: boolean, ticket: number): boolean {
    if (!isAfter(ticket, this.get(CONTROL_STANDBY_TICKET))) return false
    const next = this.#carryOver()
    put(this.#words, next + CONTROL_STANDBY, isStandby ? 1 : 0)
    put(this.#words, next + CONTROL_STANDBY_TICKET, ticket)
    this.#commit()
    return true
  }

  /**
   * Sets or, with a deadline of 0, clears one of the suppressions. The latest ticket wins. `began` is a tick; `isCut` counts
   * a call that asked for more than it gets. */
  suppress(
    field: SuppressionField,
    deadlineLow: number,
    deadlineHigh: number,
    reason: number,
    ticket: number,
    began = 0,
    isCut = false,
  ): boolean {
    if (!isAfter(ticket, this.get(field + SUPPRESSION_TICKET))) return false
    const copy = this.#carryOver()
    put(this.#words, copy + beganField(field), began)
    // In the latch, so that a record that is met again after a crash is not counted again.
    if (isCut) put(this.#words, copy + CONTROL_CUTS, (this.get(CONTROL_CUTS) + 1) | 0)
    const next = copy + field
    put(this.#words, next + SUPPRESSION_DEADLINE, deadlineLow)
    put(this.#words, next + SUPPRESSION_DEADLINE + 1, deadlineHigh)
    put(this.#words, next + SUPPRESSION_REASON, reason)
    put(this.#words, next + SUPPRESSION_TICKET, ticket)
    this.#commit()
    return true
  }

  /**
   * Begins a term of observers behind `since` transitions. The latest ticket wins. Whoever reads a later transition in
   * the journal finds the term begun, as it is counted before that is journaled.
   */
  beginTerm(kind: number, since: number, ticket: number, owner = 0): boolean {
    if (!isAfter(ticket, this.get(CONTROL_OBSERVER_TICKET))) return false
    const words = this.#words
    const term = (this.get(CONTROL_OBSERVER_TERM) + 1) | 0
    const entry = termEntry(term)
    const [low, high] = toFloatWords(since)
    put(words, entry + TERM_TICKET, ticket)
    put(words, entry + TERM_KIND, kind)
    put(words, entry + TERM_OWNER, owner)
    put(words, entry + TERM_SINCE, low)
    put(words, entry + TERM_SINCE + 1, high)
    const next = this.#carryOver()
    put(words, next + CONTROL_OBSERVER_TERM, term)
    put(words, next + CONTROL_OBSERVER_TICKET, ticket)
    this.#commit()
    return true
  }

  /** Ticket of the record that began the current term; no sweep moves it. */
  get termTicket(): number {
    return this.#words[termEntry(this.get(CONTROL_OBSERVER_TERM)) + TERM_TICKET]!
  }

  /** Gives idle control words a ticket that comparisons with new ones are right for. */
  sweep(mark: number): void {
    for (const field of CONTROL_TICKETS) {
      if (!isAfter(mark, this.get(field))) continue
      put(this.#words, this.#carryOver() + field, mark)
      this.#commit()
    }
  }

  get(field: number): number {
    return this.#words[copyOf(this.#words[CONTROL_SEQUENCE]!) + field]!
  }

  #carryOver(): number {
    const sequence = this.#words[CONTROL_SEQUENCE]!
    const from = copyOf(sequence)
    const to = copyOf(sequence + 1)
    for (let i = 0; i < CONTROL_COPY_WORDS; i++) put(this.#words, to + i, this.#words[from + i]!)
    return to
  }

  /** Pairs with the sequence loads in readControl. */
  #commit(): void {
    Atomics.store(this.#words, CONTROL_SEQUENCE, (this.#words[CONTROL_SEQUENCE]! + 1) | 0)
  }
}

/** The payload blocks that the control words hold, for a manager that takes over. */
export function controlBlocks(words: Words): number[] {
  const copy = copyOf(words[CONTROL_SEQUENCE]!)
  return [
    words[copy + CONTROL_LIVENESS + SUPPRESSION_REASON]!,
    words[copy + CONTROL_READINESS + SUPPRESSION_REASON]!,
  ]
}

const MAX_ATTEMPTS = 64

/** The control words as of one instant; undefined if the manager changed them throughout every attempt. Any thread. */
export function readControl(
  words: Words,
): (ControlState & { readonly sequence: number }) | undefined {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    // Pairs with ControlWriter.#commit, as does the second load below: one copy, whole.
    const sequence = Atomics.load(words, CONTROL_SEQUENCE)
    const copy = copyOf(sequence)
    const load = (field: number) => Atomics.load(words, copy + field)
    const deadline = (field: SuppressionField) => {
      const low = load(field + SUPPRESSION_DEADLINE)
      const asked = fromFloatWords(low, load(field + SUPPRESSION_DEADLINE + 1))
      return heldUntil(asked, load(beganField(field)), words[MAX_SUPPRESSION_MS]!)
    }
    const livenessDeadline = deadline(CONTROL_LIVENESS)
    const livenessBegan = load(CONTROL_LIVENESS_BEGAN)
    const asLongAsMayBe = livenessDeadline === 0 ? 0 : Number.POSITIVE_INFINITY
    const state = {
      isStandby: load(CONTROL_STANDBY) === 1,
      livenessDeadline,
      readinessDeadline: deadline(CONTROL_READINESS),
      livenessLatest: heldUntil(asLongAsMayBe, livenessBegan, words[MAX_SUPPRESSION_MS]!),
      sequence,
    }
    if (Atomics.load(words, CONTROL_SEQUENCE) === sequence) return state
  }
  return undefined
}

/** A term of observers, as the manager has begun it. */
export interface Term {
  /** Counts the terms, modulo 2^32. */
  readonly term: number
  readonly ticket: number
  readonly kind: number
  /** Of the mailbox of the thread that has set the observer, when it did. */
  readonly owner: number
  /** Transitions journaled before it. */
  readonly since: number
}

/** The current term, and the ticket of the last record about observers; undefined as for `readControl`. Any thread. */
export function readCurrentTerm(
  words: Words,
): { readonly term: number; readonly ticket: number } | undefined {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    // Pairs with ControlWriter.#commit, as does the second load.
    const sequence = Atomics.load(words, CONTROL_SEQUENCE)
    const copy = copyOf(sequence)
    const term = Atomics.load(words, copy + CONTROL_OBSERVER_TERM)
    const ticket = Atomics.load(words, copy + CONTROL_OBSERVER_TICKET)
    if (Atomics.load(words, CONTROL_SEQUENCE) === sequence) return { term, ticket }
  }
  return undefined
}

/**
 * A term that has begun. `'gone'` if so many have begun after it that its entry is no longer kept, undefined as for
 * `readControl`. Any thread.
 */
export function readTerm(words: Words, term: number): Term | 'gone' | undefined {
  const entry = termEntry(term)
  const ticket = Atomics.load(words, entry + TERM_TICKET)
  const kind = Atomics.load(words, entry + TERM_KIND)
  const owner = Atomics.load(words, entry + TERM_OWNER)
  const low = Atomics.load(words, entry + TERM_SINCE)
  const high = Atomics.load(words, entry + TERM_SINCE + 1)
  // Behind the entry. Pairs with beginTerm: the one after the current term may be half written in the oldest's place.
  const current = readCurrentTerm(words)
  if (current === undefined) return undefined
  if (((current.term - term) | 0) >= OBSERVER_TERM_COUNT - 1) return 'gone'
  return { term, ticket, kind, owner, since: fromFloatWords(low, high) }
}

function termEntry(term: number): number {
  return OBSERVER_TERMS + (term & (OBSERVER_TERM_COUNT - 1)) * OBSERVER_TERM_WORDS
}

/** The reference of the block that says who asked for a suppression, as of the `sequence` that `readControl` gave. */
export function reasonBlock(words: Words, sequence: number, field: SuppressionField): number {
  return Atomics.load(words, copyOf(sequence) + field + SUPPRESSION_REASON)
}

/** How many calls asked for a longer suppression than they got, modulo 2^32. Any thread. */
export function readCutCount(words: Words): number {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const sequence = Atomics.load(words, CONTROL_SEQUENCE)
    const count = Atomics.load(words, copyOf(sequence) + CONTROL_CUTS)
    if (Atomics.load(words, CONTROL_SEQUENCE) === sequence) return count
  }
  return 0
}

/** What a call asked for, cut to `maxMs` (0: for ever) from the tick at which the suppression began. */
export function heldUntil(asked: number, began: number, maxMs: number): number {
  return asked === 0 || maxMs === 0 ? asked : Math.min(asked, msOfTick(began) + maxMs)
}

export function beganField(field: SuppressionField): number {
  return field === CONTROL_LIVENESS ? CONTROL_LIVENESS_BEGAN : CONTROL_READINESS_BEGAN
}

function copyOf(sequence: number): number {
  return CONTROL_COPIES + (sequence & 1) * CONTROL_COPY_WORDS
}
