// How the collector speaks to the health runtime: telling must never stop the work that it tells of. Any thread.
import { type ComponentReporter, HealthError, type HealthManager } from '../../src/index.js'

/** The part of a reporter that this program uses. */
export type Voice = Pick<
  ComponentReporter,
  'update' | 'healthy' | 'degraded' | 'unhealthy' | 'beat' | 'progress'
>

export type Suppressions = Pick<
  HealthManager,
  'suppressLiveness' | 'clearLivenessSuppression' | 'clearReadinessSuppression'
>

/**
 * Runs what tells the runtime something, and lets it pass when the runtime is away for longer than its bound, or is
 * stopped. `stats().refusals` counts what was lost. Misuse still throws.
 */
export function unlessAway(tell: () => void): void {
  try {
    tell()
  } catch (error) {
    if (!isAway(error)) throw error
  }
}

/** A reporter whose updates pass when the runtime is away: the next update tells the truth again. */
export function tolerant(reporter: Voice): Voice {
  return {
    update: (status, message, metadata) =>
      unlessAway(() => reporter.update(status, message, metadata)),
    healthy: (message, metadata) => unlessAway(() => reporter.healthy(message, metadata)),
    degraded: (message, metadata) => unlessAway(() => reporter.degraded(message, metadata)),
    unhealthy: (message, metadata) => unlessAway(() => reporter.unhealthy(message, metadata)),
    beat: () => unlessAway(() => reporter.beat()),
    progress: (inCount, outCount) => unlessAway(() => reporter.progress(inCount, outCount)),
  }
}

/** The same for the suppressions. */
export function tolerantSuppressions(health: HealthManager): Suppressions {
  return {
    suppressLiveness: (durationMs, why) =>
      unlessAway(() => health.suppressLiveness(durationMs, why)),
    clearLivenessSuppression: () => unlessAway(() => health.clearLivenessSuppression()),
    clearReadinessSuppression: () => unlessAway(() => health.clearReadinessSuppression()),
  }
}

function isAway(error: unknown): boolean {
  if (!(error instanceof HealthError)) return false
  return (
    error.code === 'ERR_HEALTH_BACKPRESSURE' ||
    error.code === 'ERR_HEALTH_STOPPED' ||
    error.code === 'ERR_HEALTH_UNAVAILABLE'
  )
}
