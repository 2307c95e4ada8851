// What the boards of the stress tests have in common: shared words, of which the first one ends all loops. Any thread.
const STOP = 0

export class StopWord {
  readonly buffer: SharedArrayBuffer
  protected readonly words: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.words = new Int32Array(buffer)
  }

  /** All loops of the test end soon after. */
  stop(): void {
    Atomics.store(this.words, STOP, 1)
    Atomics.notify(this.words, STOP)
  }

  get isStopped(): boolean {
    return Atomics.load(this.words, STOP) === 1
  }

  /** Blocks the calling thread for about `ms`, or until the stop. */
  pause(ms: number): void {
    Atomics.wait(this.words, STOP, 0, ms)
  }
}
