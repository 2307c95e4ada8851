// When the sink stops trying for a while, and what `dakr_transport` says about it. Pure: the clock is passed in.
import { HealthStatus } from '../../src/index.js'

const OPENS_AT_FAILURES = 5
const OPEN_STEP_MS = 15_000
const MAX_OPEN_MS = 5 * 60_000

/** Open from the fifth failure in a row on, for 15 s, then 15 s more for each further one, up to 5 minutes. */
export class CircuitBreaker {
  #failureCount = 0
  #reopenAtMs = 0

  get failureCount(): number {
    return this.#failureCount
  }

  get isOpen(): boolean {
    return this.#failureCount >= OPENS_AT_FAILURES
  }

  /** How long no attempt is allowed from now on, in ms. */
  waitMs(nowMs: number): number {
    return this.isOpen ? Math.max(0, this.#reopenAtMs - nowMs) : 0
  }

  succeed(): void {
    this.#failureCount = 0
  }

  fail(nowMs: number): void {
    this.#failureCount++
    const steps = this.#failureCount - (OPENS_AT_FAILURES - 1)
    if (steps > 0) this.#reopenAtMs = nowMs + Math.min(steps * OPEN_STEP_MS, MAX_OPEN_MS)
  }
}

export interface TransportStatus {
  readonly status: HealthStatus
  readonly message: string
  readonly metadata: Readonly<Record<string, string>>
}

/** @param reopenAt when the next attempt is allowed; only read while the breaker is open. */
export function transportStatusOf(breaker: CircuitBreaker, reopenAt: Date): TransportStatus {
  const { failureCount, isOpen } = breaker
  if (failureCount === 0) {
    return {
      status: HealthStatus.Healthy,
      message: 'Transport operational',
      metadata: { consecutive_failures: '0', circuit_breaker: 'closed' },
    }
  }
  if (!isOpen) {
    return {
      status: HealthStatus.Degraded,
      message: `${failureCount} consecutive failures`,
      metadata: { consecutive_failures: String(failureCount), circuit_breaker: 'closed' },
    }
  }
  return {
    status: HealthStatus.Unhealthy,
    message: `Circuit breaker open, ${failureCount} consecutive failures`,
    metadata: { circuit_breaker: 'open', reopen_at: rfc3339(reopenAt) },
  }
}

/** To the second, as Go's time.RFC3339 prints it. */
function rfc3339(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z')
}
