// Calls an observer with one transition after the other: in order, as many at a time as it may have, none for longer than
// its timeout. Pure: journal, observer, books and timers are passed in. Runs in the observer's thread.
import type { Gap, Transition } from '../model/transition.js'
import type { CallSettings } from './observer-options.js'

export interface TransitionSource {
  /** `'ended'` behind the last one; undefined where there is none yet. */
  next(): Transition | Gap | 'ended' | undefined
}

/** The user's code. It may throw, reject, or never come back. */
export interface ObserverCalls {
  transition(transition: Transition): unknown
  gap(gap: Gap): unknown
}

export type CallOutcome =
  | { readonly kind: 'returned' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'timed-out' }

/** What is written down of the calls. */
export interface DeliveryBooks {
  /** A call for this transition is about to begin. */
  starting(number: number): void
  /** A call for a gap that reaches up to this transition is about to begin. */
  startingGap(upTo: number): void
  ended(transition: Transition, outcome: CallOutcome): void
  endedGap(gap: Gap, outcome: CallOutcome): void
  /** All calls up to this transition have ended. */
  doneUpTo(number: number): void
}

export interface Timers {
  /** Calls back in so many ms; gives what cancels that. */
  start(ms: number, callback: () => void): () => void
}

export interface DispatcherOptions extends CallSettings {
  /** Number of the last transition that is done with. */
  readonly cursor: number
  /** Up to this transition one call at a time, whatever the concurrency. */
  readonly soloUpTo?: number
}

export class Dispatcher {
  readonly #source: TransitionSource
  readonly #calls: ObserverCalls
  readonly #books: DeliveryBooks
  readonly #timers: Timers
  readonly #options: DispatcherOptions
  /** Numbers of the transitions whose calls are under way, in ascending order. */
  readonly #underWay = new Set<number>()
  /** The last transition that was begun, or lies in a gap. */
  #reached: number
  #onEnded: (() => void) | undefined
  #isStopped = false

  constructor(
    source: TransitionSource,
    calls: ObserverCalls,
    books: DeliveryBooks,
    timers: Timers,
    options: DispatcherOptions,
  ) {
    this.#source = source
    this.#calls = calls
    this.#books = books
    this.#timers = timers
    this.#options = options
    this.#reached = options.cursor
  }

  /** Number of the last transition up to which all calls have ended. */
  get cursor(): number {
    const [first] = this.#underWay
    return first === undefined ? this.#reached : first - 1
  }

  /** Begins no further call. */
  stop(): void {
    this.#isStopped = true
    this.#onEnded?.()
  }

  /** Begins up to `maxCalls` calls. `'more'` where that was not all, `'ended'` when every call of all has ended. */
  async run(maxCalls: number): Promise<'idle' | 'more' | 'ended'> {
    for (let left = maxCalls; left > 0; left--) {
      await this.#waitBelow(this.#concurrency)
      if (this.#isStopped) return 'ended'
      const next = this.#source.next()
      if (next === undefined) return 'idle'
      if (next === 'ended') {
        await this.#waitBelow(1)
        return 'ended'
      }
      if ('missed' in next) await this.#tellGap(next)
      else this.#begin(next)
    }
    return 'more'
  }

  get #concurrency(): number {
    const { concurrency, soloUpTo = 0 } = this.#options
    return this.#reached < soloUpTo ? 1 : concurrency
  }

  /** Waits until fewer calls than this are under way: at most as long as a call may take, or until the stop. */
  async #waitBelow(count: number): Promise<void> {
    while (this.#underWay.size >= count && !this.#isStopped) {
      await new Promise<void>((resolve) => {
        this.#onEnded = resolve
      })
    }
  }

  #begin(transition: Transition): void {
    const { number } = transition
    this.#reached = number
    this.#underWay.add(number)
    this.#books.starting(number)
    void this.#call(() => this.#calls.transition(transition)).then((outcome) => {
      this.#underWay.delete(number)
      this.#books.ended(transition, outcome)
      this.#books.doneUpTo(this.cursor)
      this.#onEnded?.()
    })
  }

  /** With no call under way: what is told twice after a crash is then a gap as a whole, or not at all. */
  async #tellGap(gap: Gap): Promise<void> {
    await this.#waitBelow(1)
    if (this.#isStopped) return
    this.#books.startingGap(this.#reached + gap.missed)
    const outcome = await this.#call(() => this.#calls.gap(gap))
    this.#reached += gap.missed
    this.#books.endedGap(gap, outcome)
    this.#books.doneUpTo(this.#reached)
  }

  /** Never rejects. What a call does after its time is nobody's business any more. */
  #call(run: () => unknown): Promise<CallOutcome> {
    return new Promise((resolve) => {
      const cancel = this.#timers.start(this.#options.timeoutMs, () =>
        resolve({ kind: 'timed-out' }),
      )
      const end = (outcome: CallOutcome) => {
        cancel()
        resolve(outcome)
      }
      // Also what is thrown at once, and what a thenable throws when it is asked for its `then`, becomes a rejection.
      new Promise((settle) => settle(run())).then(
        () => end({ kind: 'returned' }),
        (error: unknown) => end({ kind: 'failed', error }),
      )
    })
  }
}
