// Waits, without blocking its thread, until something was applied: how whoever follows the journal or the table from an
// event loop learns that there is more to see. Any thread; one instance may serve any number of waits.
//
// The order that misses nothing: listen, look, and wait for a change only if the look has found nothing.
import { APPLIED_SEQUENCE, APPLY_WAITERS, type Words } from './layout.js'

export class AppliedListener {
  readonly #words: Words

  constructor(words: Words) {
    this.#words = words
  }

  /** Begins to listen for changes; what is given is for `changed`. */
  listen(): number {
    const sequence = Atomics.load(this.#words, APPLIED_SEQUENCE)
    // Pairs with Drain.#settle: what is applied after this moves the sequence; what was applied before it is seen by
    // whoever looks after it.
    Atomics.add(this.#words, APPLY_WAITERS, 1)
    return sequence
  }

  /**
   * Resolves when something was applied since the `listen` that gave `heard`, or somebody has woken all listeners; at the
   * latest after `timeoutMs`, as a wake may be lost with its manager. Does not keep the process alive.
   */
  async changed(heard: number, timeoutMs: number): Promise<void> {
    const wait = Atomics.waitAsync(this.#words, APPLIED_SEQUENCE, heard, timeoutMs)
    if (wait.async) await wait.value
  }

  /** Ends every wait that is under way, in whatever thread: there is something else to look at. */
  wakeAll(): void {
    Atomics.notify(this.#words, APPLIED_SEQUENCE)
  }
}
