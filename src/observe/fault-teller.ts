// What goes wrong with an observer is told once a change: when it begins to go wrong, and when it goes wrong in another
// way; and never more often than once in a while, however often it changes. What goes on after such a while is told then:
// no lasting fault stays untold because it began right after another one. Pure; one instance a thread.
export class FaultTeller {
  readonly #tell: (message: string, cause: unknown) => void
  readonly #nowMs: () => number
  #lastMessage: string | undefined
  /** The last message was told. */
  #isTold = false
  #toldAtMs = Number.NEGATIVE_INFINITY
  /** Changes since the last one that was told. */
  #changes = 0

  constructor(tell: (message: string, cause: unknown) => void, nowMs: () => number) {
    this.#tell = tell
    this.#nowMs = nowMs
  }

  /** `message` is the same as long as it goes wrong in the same way. */
  failed(message: string, details: string, cause?: unknown): void {
    if (message !== this.#lastMessage) {
      this.#lastMessage = message
      this.#isTold = false
      this.#changes++
    }
    if (this.#isTold || this.#nowMs() - this.#toldAtMs < MIN_INTERVAL_MS) return
    const others = this.#changes === 1 ? '' : `, untold=${this.#changes - 1}`
    this.#isTold = true
    this.#toldAtMs = this.#nowMs()
    this.#changes = 0
    this.#tell(`${message}: ${details}${others}`, cause)
  }

  /** The next failure is a change again. */
  succeeded(): void {
    this.#lastMessage = undefined
  }
}

const MIN_INTERVAL_MS = 1_000
