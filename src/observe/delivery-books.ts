// Writes down what became of an observer's calls: counted in the region, faults told. In the observer's thread.
import type { ObserverCounters } from '../memory/observer-counters.js'
import { show } from '../model/errors.js'
import type { Gap, Transition } from '../model/transition.js'
import type { CallOutcome, DeliveryBooks } from './dispatcher.js'
import type { FaultTeller } from './fault-teller.js'

export class CountedBooks implements DeliveryBooks {
  readonly #counters: ObserverCounters
  readonly #teller: FaultTeller
  readonly #timeoutMs: number
  /** Nobody else hears of gaps, and none was told yet. */
  #isGapToTell: boolean

  constructor(
    counters: ObserverCounters,
    teller: FaultTeller,
    timeoutMs: number,
    isGapHeard: boolean,
  ) {
    this.#isGapToTell = !isGapHeard
    this.#counters = counters
    this.#teller = teller
    this.#timeoutMs = timeoutMs
  }

  starting(_number: number): void {}

  startingGap(_upTo: number): void {}

  ended({ number, component }: Transition, outcome: CallOutcome): void {
    this.#counters.delivered()
    this.#tell(outcome, `number=${number} component=${show(component)}`)
  }

  endedGap({ missed }: Gap, outcome: CallOutcome): void {
    this.#counters.missed(missed)
    if (this.#isGapToTell) {
      this.#isGapToTell = false
      this.#teller.failed(
        'the transition observer is too slow, transitions were overwritten before it was told of them',
        `missed=${missed}`,
      )
    }
    this.#tell(outcome, `missed=${missed}`)
  }

  doneUpTo(number: number): void {
    this.#counters.doneUpTo(number)
  }

  #tell(outcome: CallOutcome, details: string): void {
    switch (outcome.kind) {
      case 'returned':
        this.#teller.succeeded()
        return
      case 'failed': {
        this.#counters.failed()
        const { error } = outcome
        const what = error instanceof Error ? error.message : show(error)
        this.#teller.failed(`the transition observer failed: ${what}`, details, error)
        return
      }
      case 'timed-out':
        this.#counters.timedOut()
        this.#teller.failed(
          'the transition observer takes too long',
          `timeoutMs=${this.#timeoutMs} ${details}`,
        )
    }
  }
}
