// An observer that is a function: called on the loop of the thread that has set it.
import { AppliedListener } from '../memory/applied-listener.js'
import { ObserverCounters } from '../memory/observer-counters.js'
import type { Region } from '../memory/region.js'
import type { HealthManager } from '../runtime/health-manager.js'
import { CountedBooks } from './delivery-books.js'
import { Dispatcher } from './dispatcher.js'
import type { FaultTeller } from './fault-teller.js'
import { looseTimers, observe } from './observe-loop.js'
import type { ObserverSettings, TransitionObserver } from './observer-options.js'
import { awaitTerm, type RunningObserver } from './running-observer.js'
import { type OwnTerm, TermJournal, type TermNotice, untold } from './term-journal.js'

export class CallbackObserver implements RunningObserver {
  readonly ended: Promise<void>
  readonly #region: Region
  readonly #listener: AppliedListener
  #term: OwnTerm | undefined
  #dispatcher: Dispatcher | undefined
  #limit: number | undefined
  #isStopped = false

  /** Begins when the record with this ticket has begun its term. */
  constructor(
    region: Region,
    ticket: number,
    notice: TermNotice,
    observer: TransitionObserver,
    settings: ObserverSettings,
    health: HealthManager,
    teller: FaultTeller,
  ) {
    this.#region = region
    this.#listener = new AppliedListener(region.words)
    this.ended = this.#run(ticket, notice, observer, settings, health, teller)
  }

  finishAt(number: number): void {
    this.#limit = number
    this.#listener.wakeAll()
  }

  /** A call that is under way can't be ended; its outcome is nobody's business any more. */
  async abandon(): Promise<number> {
    this.#isStopped = true
    this.#listener.wakeAll()
    if (this.#dispatcher === undefined || this.#term === undefined) return 0
    this.#dispatcher.stop()
    return untold(this.#region.words, this.#term, this.#dispatcher.cursor, this.#limit)
  }

  async #run(
    ticket: number,
    notice: TermNotice,
    observer: TransitionObserver,
    { timeoutMs, concurrency, onGap }: ObserverSettings,
    health: HealthManager,
    teller: FaultTeller,
  ): Promise<void> {
    const { words } = this.#region
    const term = await awaitTerm(words, ticket, notice, this.#listener, () => this.#isStopped)
    if (term === undefined) return
    const counters = new ObserverCounters(words, term.ticket)
    const dispatcher = new Dispatcher(
      new TermJournal(this.#region, term, term.since, () => this.#limit),
      {
        transition: (transition) => observer(transition, health),
        gap: (gap) => onGap?.(gap, health),
      },
      new CountedBooks(counters, teller, timeoutMs, onGap !== undefined),
      looseTimers,
      { timeoutMs, concurrency, cursor: term.since },
    )
    this.#term = term
    this.#dispatcher = dispatcher
    if (this.#isStopped) dispatcher.stop()
    await observe(dispatcher, this.#listener, () => counters.doneUpTo(dispatcher.cursor))
  }
}
