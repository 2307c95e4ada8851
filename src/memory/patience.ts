// How long the reads of a thread that answers many clients may wait in sum. One read waits for what is published but not
// applied, and all others of its thread wait with it: a manager that never catches up would cost each of them the whole
// wait, and a server that waits 5 ms for each probe answers less than two hundred a second. Belongs to one thread.

/** Of the time that passes, how much may be spent waiting. The rest is for answering. */
const SHARE = 0.25
/** What a wait takes beyond its limit is charged as well, but for no longer than this, in ms: a thread may be stopped in it. */
const MAX_CHARGED_BEYOND_MS = 250

export class Patience {
  readonly #maxMs: number
  readonly #nowMs: () => number
  /** When the whole of it is there again. */
  #fullAtMs = Number.NEGATIVE_INFINITY

  /** `maxMs` for one wait, and for all at once after a rest. `nowMs` is passed by tests. */
  constructor(maxMs: number, nowMs = () => performance.now()) {
    this.#maxMs = maxMs
    this.#nowMs = nowMs
  }

  /** What the next wait may last. */
  get leftMs(): number {
    const missing = Math.max(0, this.#fullAtMs - this.#nowMs()) * SHARE
    return Math.max(0, this.#maxMs - missing)
  }

  /** Runs a wait, told how long it may last, and takes what it took. */
  spend<Outcome>(wait: (timeoutMs: number) => Outcome): Outcome {
    const start = this.#nowMs()
    const limitMs = this.leftMs
    const outcome = wait(limitMs)
    const takenMs = Math.min(this.#nowMs() - start, limitMs + MAX_CHARGED_BEYOND_MS)
    this.#fullAtMs = Math.max(this.#fullAtMs, start) + takenMs / SHARE
    return outcome
  }
}
