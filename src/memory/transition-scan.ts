// Finds the last transitions in the journal, the newest first, in steps: a large journal takes a while. Any thread.
import type { Transition } from '../model/transition.js'
import { JournalReader, journalCount } from './journal.js'
import type { Region } from './region.js'

export interface ScanBounds {
  /** Of this component alone. */
  readonly component: string | undefined
  /** At most so many. */
  readonly limit: number
}

export class TransitionScan {
  readonly #journal: JournalReader
  readonly #component: string | undefined
  readonly #limit: number
  readonly #found: Transition[] = []
  /** Number of the next one to look at. */
  #number: number

  /** Of what is journaled by now. */
  constructor(region: Region, { component, limit }: ScanBounds) {
    this.#journal = new JournalReader(region, 'now')
    this.#component = component
    this.#limit = limit
    this.#number = journalCount(region.words)
  }

  /** Looks at up to so many transitions; whether that was the last of it. */
  isDoneAfter(steps: number): boolean {
    for (let step = 0; step < steps; step++) {
      if (this.#found.length >= this.#limit) return true
      // The writer may be overtaking: what is older than one that is gone is gone as well.
      const transition = this.#journal.at(this.#number, this.#component)
      if (transition === undefined) return true
      if (transition !== 'other') this.#found.push(transition)
      this.#number--
    }
    return false
  }

  /** What was found, the oldest first. */
  result(): Transition[] {
    return this.#found.toReversed()
  }
}
