// When the next samples are due. Pure: the clock is passed in.

/** Ticks that are later than this are given up: readings taken all at once tell nothing about the time before. */
const MAX_LATE_MS = 50

/**
 * Ticks at a fixed rate, each counted from the start and not from the tick before it, so that late timers never add up:
 * after an hour at 1,000 a second, tick 3,600,000 is due, however late each timer was.
 */
export class Schedule {
  readonly #ratePerSecond: number
  readonly #startMs: number
  readonly #maxBurstCount: number
  /** Ticks that were taken or given up. */
  #passedCount = 0
  #missedCount = 0

  constructor(ratePerSecond: number, startMs: number) {
    this.#ratePerSecond = ratePerSecond
    this.#startMs = startMs
    this.#maxBurstCount = Math.max(1, Math.ceil((ratePerSecond * MAX_LATE_MS) / 1000))
  }

  /** Ticks that were given up because the thread was away too long. */
  get missedCount(): number {
    return this.#missedCount
  }

  /** How many samples to take now. The first is due at the start itself. */
  takeDue(nowMs: number): number {
    const dueSoFar = Math.floor(((nowMs - this.#startMs) * this.#ratePerSecond) / 1000) + 1
    const owedCount = Math.max(0, dueSoFar - this.#passedCount)
    const takenCount = Math.min(owedCount, this.#maxBurstCount)
    this.#missedCount += owedCount - takenCount
    this.#passedCount += owedCount
    return takenCount
  }

  /** Until the next tick, in ms; 0 when it is due already. */
  delayMs(nowMs: number): number {
    return Math.max(0, this.#startMs + (this.#passedCount * 1000) / this.#ratePerSecond - nowMs)
  }
}
