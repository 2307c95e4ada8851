// How the collector speaks to the health runtime: telling must never stop the work that it tells of. Any thread.
import { type ComponentReporter, HealthError } from '../../src/index.js'

/** The part of a reporter that this program uses. */
export type Voice = Pick<ComponentReporter, 'update' | 'healthy' | 'degraded' | 'unhealthy'>

/**
 * A reporter whose updates do not throw when the runtime is away for longer than its bound, or is stopped: the next
 * update tells the truth again. Whoever wants to know counts them in `stats().refusals`. Misuse still throws.
 */
export function tolerant(reporter: Voice): Voice {
  const attempt = (tell: () => void) => {
    try {
      tell()
    } catch (error) {
      if (!isAway(error)) throw error
    }
  }
  return {
    update: (status, message, metadata) =>
      attempt(() => reporter.update(status, message, metadata)),
    healthy: (message, metadata) => attempt(() => reporter.healthy(message, metadata)),
    degraded: (message, metadata) => attempt(() => reporter.degraded(message, metadata)),
    unhealthy: (message, metadata) => attempt(() => reporter.unhealthy(message, metadata)),
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
