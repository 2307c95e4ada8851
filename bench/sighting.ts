// Where the reader of the visibility benches leaves the time at which it saw a change. The reader writes, the thread
// that told the change waits.
import type { HealthHandle } from '../src/index.js'

/** What the reader's worker is given: how it looks, attached to the runtime or through its HTTP port. */
export interface ReaderSeat {
  readonly where: { readonly handle: HealthHandle } | { readonly port: number }
  readonly sighting: SharedArrayBuffer
}

const TIME_BYTES = 8

export class Sighting {
  readonly buffer: SharedArrayBuffer
  readonly #time: Float64Array
  readonly #count: Int32Array
  #awaited = 0

  constructor(buffer = new SharedArrayBuffer(2 * TIME_BYTES)) {
    this.buffer = buffer
    this.#time = new Float64Array(buffer, 0, 1)
    this.#count = new Int32Array(buffer, TIME_BYTES, 1)
  }

  report(seenNs: number): void {
    this.#time[0] = seenNs
    // Pairs with `await`: the time happens before the count.
    Atomics.add(this.#count, 0, 1)
    Atomics.notify(this.#count, 0)
  }

  /** Blocks this thread until the next report; undefined if there is none in time. */
  await(timeoutMs: number): number | undefined {
    const outcome = Atomics.wait(this.#count, 0, this.#awaited, timeoutMs)
    if (outcome === 'timed-out') return undefined
    this.#awaited += 1
    return this.#time[0]
  }
}
