// The words that the threads of the saturation test share, apart from the runtime under test. Any thread.
const STOP = 0
/** Producer + 1 that is asked to hold still between two pairs; 0: nobody. */
const HOLD = 1
/** Producer + 1 that does. */
const HELD = 2
const BEGUN = 32
const COMPLETED = 64

export class PairBoard {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array

  constructor(buffer = new SharedArrayBuffer(4 * 96)) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
  }

  stop(): void {
    Atomics.store(this.#words, STOP, 1)
    this.release()
  }

  get isStopped(): boolean {
    return Atomics.load(this.#words, STOP) === 1
  }

  /** Pair `number` of `producer` begins: its first update is called next. */
  begin(producer: number, number: number): void {
    Atomics.store(this.#words, BEGUN + producer, number)
  }

  /** Both updates of pair `number` have returned. */
  complete(producer: number, number: number): void {
    Atomics.store(this.#words, COMPLETED + producer, number)
  }

  begunBy(producer: number): number {
    return Atomics.load(this.#words, BEGUN + producer)
  }

  completedBy(producer: number): number {
    return Atomics.load(this.#words, COMPLETED + producer)
  }

  /** Called by `producer` between two pairs: holds still while it is asked to. */
  obeyHold(producer: number): void {
    if (Atomics.load(this.#words, HOLD) !== producer + 1) return
    Atomics.store(this.#words, HELD, producer + 1)
    Atomics.notify(this.#words, HELD)
    Atomics.wait(this.#words, HOLD, producer + 1)
    Atomics.store(this.#words, HELD, 0)
  }

  /** Waits until `producer` holds still between two pairs; false if it does not within a second. */
  hold(producer: number): boolean {
    Atomics.store(this.#words, HOLD, producer + 1)
    const deadline = performance.now() + 1000
    for (;;) {
      const held = Atomics.load(this.#words, HELD)
      if (held === producer + 1) return true
      if (performance.now() > deadline) return false
      Atomics.wait(this.#words, HELD, held, 10)
    }
  }

  release(): void {
    Atomics.store(this.#words, HOLD, 0)
    Atomics.notify(this.#words, HOLD)
  }
}
