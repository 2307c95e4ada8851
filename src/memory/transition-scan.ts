// Finds the last transitions in the journal, the newest first, in steps: a large journal takes a while. Any thread.
import type { Transition } from '../model/transition.js'
import { journalCount } from './journal.js'
import { JournalReader } from './journal-reader.js'
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
  #count = 0
  /** Number of the next one to look at. */
  #number: number

  /** Of what is journaled by now. */
  constructor(region: Region, { component, limit }: ScanBounds) {
    this.#journal = new JournalReader(region, 'now')
    this.#component = component
    this.#limit = limit
    this.#number = journalCount(region.words)
  }

  /** Looks at the next older one, which may be of another component; undefined where there is no more to look for. */
  next(): Transition | 'other' | undefined {
    if (this.#count >= this.#limit) return undefined
    // The writer may be overtaking: what is older than one that is gone is gone as well.
    const transition = this.#journal.at(this.#number, this.#component)
    if (transition === undefined) return undefined
    this.#number--
    if (transition !== 'other') this.#count++
    return transition
  }

  /** All of them at once, the oldest first. */
  rest(): Transition[] {
    const found: Transition[] = []
    for (let each = this.next(); each !== undefined; each = this.next()) {
      if (each !== 'other') found.push(each)
    }
    return found.reverse()
  }
}
