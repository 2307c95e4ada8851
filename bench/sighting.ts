// Where the reader of the visibility benches leaves the time at which it saw a change. The reader writes, the thread
// that told the change waits.
const TIME_BYTES = 8

export class Sighting {
  readonly buffer: SharedArrayBuffer
  readonly #time: Float64Array
  readonly #count: Int32Array<SharedArrayBuffer>
  #awaited = 0

  constructor(buffer = new SharedArrayBuffer(2 * TIME_BYTES)) {
    this.buffer = buffer
    this.#time = new Float64Array(buffer, 0, 1)
    this.#count = new Int32Array(buffer, TIME_BYTES, 1)
  }

  report(seenNs: number): void {
    this.#time[0] = seenNs
    // Pairs with `await` and `awaitOnLoop`: the time happens before the count.
    Atomics.add(this.#count, 0, 1)
    Atomics.notify(this.#count, 0)
  }

  /** Blocks this thread until the next report; undefined if there is none in time. */
  await(timeoutMs: number): number | undefined {
    return this.#take(Atomics.wait(this.#count, 0, this.#awaited, timeoutMs))
  }

  /** The same for a thread whose loop has something to do meanwhile, which must also be what keeps it alive. */
  async awaitOnLoop(timeoutMs: number): Promise<number | undefined> {
    const wait = Atomics.waitAsync(this.#count, 0, this.#awaited, timeoutMs)
    return this.#take(wait.async ? await wait.value : wait.value)
  }

  #take(outcome: 'ok' | 'not-equal' | 'timed-out'): number | undefined {
    if (outcome === 'timed-out') return undefined
    this.#awaited += 1
    return this.#time[0]
  }
}
