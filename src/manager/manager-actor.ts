// The manager actor's loop: drain, settle, park. Runs in the manager's worker thread. It yields to its event loop
// between turns, so that control calls are answered under full load, and costs nothing while it is parked.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { DOORBELL, MANAGER_BEAT, PARKED, type Words } from '../memory/layout.js'
import { openRegion } from '../memory/region.js'
import type { ReadinessPolicy } from '../model/policy.js'
import { Drain } from './drain.js'

/** A parked manager looks around this often, in ms, whether it was woken or not: bounds every lost wake. */
const PARK_MS = 250
/** How often it looks for a record that another one must wait for, in ms. */
const PREDECESSOR_LOOK_MS = 0.2

/** What the supervisor may ask of the manager. */
export interface ManagerControl {
  /** Refuses new records, applies all that were accepted, and ends the loop. */
  drain(): Promise<void>
}

export class ManagerActor implements ManagerControl {
  readonly #words: Words
  readonly #drain: Drain
  #isStopping = false
  readonly #ended: Promise<void>

  /** Takes over the region at once; throws if it is of another layout. */
  constructor(buffer: SharedArrayBuffer, policy: ReadinessPolicy) {
    const region = openRegion(buffer)
    this.#words = region.words
    this.#drain = new Drain(region, policy)
    this.#ended = this.#loop()
  }

  async drain(): Promise<void> {
    this.#isStopping = true
    this.#ring()
    await this.#ended
    this.#drain.close()
  }

  async #loop(): Promise<void> {
    // An error in here must end the thread, so that the supervisor starts another: a rejection nobody handles does.
    while (!this.#isStopping) {
      Atomics.add(this.#words, MANAGER_BEAT, 1)
      const result = this.#drain.run()
      this.#drain.tellOverlays()
      if (result === 'empty') {
        await this.#park()
        continue
      }
      // The thread that it waits for may need this core.
      if (result === 'waiting') Atomics.wait(this.#words, PARKED, 0, PREDECESSOR_LOOK_MS)
      await nextTurn()
    }
  }

  /**
   * park: says that it is about to wait, looks once more, waits. Pairs with ringDoorbell: a producer publishes and then
   * looks at the word, so either it sees the park and rings, or this second look sees its record.
   */
  async #park(): Promise<void> {
    const doorbell = Atomics.load(this.#words, DOORBELL)
    // The beat numbers parks over all managers: a thread that has rung for a park of a dead one must ring for this.
    Atomics.store(this.#words, PARKED, this.#words[MANAGER_BEAT]! || 1)
    let hasWaited = false
    if (this.#drain.run() === 'empty' && !this.#isStopping) {
      // A wait that times out or is woken by a change before it began answers at once, without a promise.
      const parkMs = Math.min(PARK_MS, this.#drain.tellOverlays())
      const wait = Atomics.waitAsync(this.#words, DOORBELL, doorbell, parkMs)
      hasWaited = wait.async
      if (wait.async) await wait.value
    }
    Atomics.store(this.#words, PARKED, 0)
    // Reports may ring before each wait begins: without this the event loop would never get its turn.
    if (!hasWaited) await nextTurn()
  }

  #ring(): void {
    Atomics.add(this.#words, DOORBELL, 1)
    Atomics.notify(this.#words, DOORBELL)
  }
}
