// Pauses of the manager between two records, for readers that could not get a snapshot beside its writing. Runs in the
// manager actor alone.
import { SNAPSHOT_DONES, SNAPSHOT_REQUESTS, type Words } from '../memory/layout.js'

/** How long a pause may last, in ms. */
const PAUSE_MS = 1

export class SnapshotPauses {
  readonly #words: Words
  /** Requests up to which a pause was granted. */
  #grantedRequests: number

  constructor(words: Words) {
    this.#words = words
    this.#grantedRequests = Atomics.load(words, SNAPSHOT_DONES)
  }

  isWanted(): boolean {
    const requests = Atomics.load(this.#words, SNAPSHOT_REQUESTS)
    return (
      requests !== this.#grantedRequests && requests !== Atomics.load(this.#words, SNAPSHOT_DONES)
    )
  }

  /**
   * grantSnapshot, with no batch at work: nothing moves until as many readers are done as have asked since the last
   * pause, or the time is up. Readers that were killed over their requests are thus waited for once.
   */
  grant(): void {
    const words = this.#words
    const end = performance.now() + PAUSE_MS
    const donesBefore = Atomics.load(words, SNAPSHOT_DONES)
    for (;;) {
      const requests = Atomics.load(words, SNAPSHOT_REQUESTS)
      const dones = Atomics.load(words, SNAPSHOT_DONES)
      // Granted are the requests of the last look, so that one that comes after it gets a pause of its own.
      const asked = (requests - this.#grantedRequests) | 0
      const left = end - performance.now()
      if (((dones - donesBefore) | 0) >= asked || dones === requests || left <= 0) {
        this.#grantedRequests = requests
        return
      }
      // Pairs with the add and notify in TableReader after its attempts.
      Atomics.wait(words, SNAPSHOT_DONES, dones, left)
    }
  }
}
