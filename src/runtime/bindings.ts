// What reporters find out about components before they report them: under which slot and generation one is registered, and
// what its slot says. Reads only, waits for nobody; belongs to the thread of its attachment.
import { type Binding, DirectoryReader } from '../memory/directory.js'
import { isEndingOf } from '../memory/ending.js'
import type { Words } from '../memory/layout.js'
import type { Region } from '../memory/region.js'
import { decodeRules } from '../memory/rules-block.js'
import { generationOf, isRegistered, SlotMap } from '../memory/slot-latch.js'
import type { Encoded } from '../memory/text.js'
import type { ComponentRules } from '../model/component-rules.js'
import { HealthError } from '../model/errors.js'

/** As a look has found it. */
export interface Registration extends Binding {
  /** Undefined where it has none. */
  readonly rules: ComponentRules | undefined
  /** The slot's latest ticket. */
  readonly ticket: number
}

/** Each further round takes another deregistration and registration of the same name in between. */
const MAX_ROUNDS = 64

export class Bindings {
  readonly #words: Words
  readonly #map: SlotMap
  readonly #directory: DirectoryReader

  constructor(region: Region) {
    this.#words = region.words
    this.#map = new SlotMap(region)
    this.#directory = new DirectoryReader(region, this.#map)
  }

  /** As `DirectoryReader.find`. */
  find(name: Encoded): Binding | undefined {
    return this.#directory.find(name)
  }

  /**
   * A registration with its rules and its latest ticket; undefined if there is none of that name.
   * @throws HealthError `ERR_HEALTH_UNAVAILABLE` if the component is registered anew again and again meanwhile.
   */
  registration(name: Encoded): Registration | undefined {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const binding = this.find(name)
      if (binding === undefined) return undefined
      const { slot, generation } = binding
      const ticket = Atomics.load(this.#words, this.#map.latestTicket(slot))
      const rules = this.#rulesOf(slot)
      // Behind both. Pairs with SlotWriter.expireReporters: a ticket of the next registration is not to be taken for one of
      // this.
      if (this.isCurrent(slot, generation)) return { slot, generation, rules, ticket }
    }
    throw new HealthError(
      'ERR_HEALTH_UNAVAILABLE',
      'a component was registered anew again and again while it was looked up',
    )
  }

  latestTicketIndex(slot: number): number {
    return this.#map.latestTicket(slot)
  }

  beatIndex(slot: number): number {
    return this.#map.beat(slot)
  }

  progressIndex(slot: number): number {
    return this.#map.progress(slot)
  }

  /** Whether the slot is still registered under this generation, as far as the manager has come. */
  isCurrent(slot: number, generation: number): boolean {
    const statusWord = this.#map.statusWord(slot)
    return isRegistered(statusWord) && generationOf(statusWord) === generation
  }

  /**
   * Whether a deregistration of this registration was begun: what is published for it may come too late, though the manager
   * does not know yet. If the thread that began it was killed before it published, it stays so until its mailbox is free.
   */
  isEnding(slot: number, generation: number): boolean {
    return isEndingOf(Atomics.load(this.#words, this.#map.ending(slot)), generation)
  }

  /** The rules of the slot's registration. To be believed if `isCurrent` says afterwards that it is the one that was meant. */
  #rulesOf(slot: number): ComponentRules | undefined {
    // Pairs with Overlays.enter, which comes before the registration's commit.
    const block = Atomics.load(this.#words, this.#map.options(slot))
    return block === 0 ? undefined : decodeRules(this.#words, block)
  }
}
