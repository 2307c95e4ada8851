// An observer that logs. Runs wherever an observer does: on the caller's loop, or in a module's thread.
import { HealthStatus, healthStatusName } from '../model/health-status.js'
import type { GapObserver, TransitionObserver } from './observer-options.js'

/** Writes fields and a message, as a method of pino's loggers does. */
type Log = (fields: Record<string, unknown>, message: string) => void

/** What is used of a logger: pino's, or another one that takes its fields first. */
export interface PinoLogger {
  info: Log
  warn: Log
  error: Log
}

/** An observer, and what to pass as `onGap` with it. */
export interface LoggingObserver extends TransitionObserver {
  readonly onGap: GapObserver
}

/**
 * Logs each transition: to degraded as a warning, to unhealthy as an error, all others as information. The message is the
 * component's; the fields are its metadata and, whatever that says, `component`, `old_status` and `new_status` by name and
 * `transition`, the number. Messages that are empty become `status changed`. A gap is a warning with `missed`.
 */
export function pinoObserver(logger: PinoLogger): LoggingObserver {
  const observer: TransitionObserver = (transition) => {
    const { component, oldStatus, newStatus, message, metadata, number } = transition
    const fields = {
      ...metadata,
      component,
      old_status: healthStatusName(oldStatus),
      new_status: healthStatusName(newStatus),
      transition: number,
    }
    const text = message === '' ? 'status changed' : message
    if (newStatus === HealthStatus.Unhealthy) logger.error(fields, text)
    else if (newStatus === HealthStatus.Degraded) logger.warn(fields, text)
    else logger.info(fields, text)
  }
  const onGap: GapObserver = ({ missed }) =>
    logger.warn({ missed }, 'transitions were missed by their observer')
  return Object.assign(observer, { onGap })
}
