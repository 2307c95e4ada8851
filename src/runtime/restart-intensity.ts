// How often an actor that keeps dying is started again: OTP's restart intensity with exponential backoff.
// Pure, the caller passes the time of a monotonic clock in. One instance per actor, used by its supervisor only.

export interface RestartLimits {
  /** Restarts granted within any `withinMs`; one more death is given up. */
  readonly max: number
  readonly withinMs: number
}

/** Delay before the second restart in a row, in ms. The first is immediate: most deaths are a single one. */
const FIRST_DELAY_MS = 50

export class RestartIntensity {
  readonly #limits: RestartLimits
  readonly #maxDelayMs: number
  /** When the restarts of the last `withinMs` were granted, oldest first. */
  #grantedAtMs: readonly number[] = []

  constructor(limits: RestartLimits) {
    this.#limits = limits
    // All delays of one window together stay below half of it. Otherwise an actor that dies at once each time
    // would be restarted so slowly that it is never given up.
    this.#maxDelayMs = limits.withinMs / 2 / Math.max(1, limits.max)
  }

  /** Asks for a restart. Returns the ms to wait before it, or undefined where it is time to give up. */
  tryGrant(nowMs: number): number | undefined {
    const { max, withinMs } = this.#limits
    const recent = this.#grantedAtMs.filter((grantedAtMs) => nowMs - grantedAtMs < withinMs)
    this.#grantedAtMs = recent
    if (recent.length >= max) return undefined
    this.#grantedAtMs = [...recent, nowMs]
    if (recent.length === 0) return 0
    return Math.min(this.#maxDelayMs, FIRST_DELAY_MS * 2 ** (recent.length - 1))
  }
}
