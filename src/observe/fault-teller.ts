// What goes wrong with an observer is told once a change: when it begins to go wrong, and when it goes wrong in another
// way; and never more often than once in a while, however often it changes. Pure; one instance a thread.
export class FaultTeller {
  readonly #tell: (message: string, cause: unknown) => void
  readonly #nowMs: () => number
  #lastMessage: string | undefined
  #toldAtMs = Number.NEGATIVE_INFINITY
  #untold = 0

  constructor(tell: (message: string, cause: unknown) => void, nowMs: () => number) {
    this.#tell = tell
    this.#nowMs = nowMs
  }

  /** `message` is the same as long as it goes wrong in the same way. */
  failed(message: string, details: string, cause?: unknown): void {
    const isNew = message !== this.#lastMessage
    this.#lastMessage = message
    if (!isNew) return
    if (this.#nowMs() - this.#toldAtMs < MIN_INTERVAL_MS) {
      this.#untold++
      return
    }
    this.#toldAtMs = this.#nowMs()
    const others = this.#untold === 0 ? '' : `, untold=${this.#untold}`
    this.#untold = 0
    this.#tell(`${message}: ${details}${others}`, cause)
  }

  /** The next failure is a change again. */
  succeeded(): void {
    this.#lastMessage = undefined
  }
}

const MIN_INTERVAL_MS = 1_000
