// Log lines of this folder: to the user's logger, which is user code and may throw.
import { argumentError, show } from '../model/errors.js'

/** Takes fields and a message, as pino's loggers do. */
export interface KubernetesLogger {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  error(fields: Readonly<Record<string, unknown>>, message: string): void
}

const LEVELS = ['debug', 'info', 'error'] as const

/** A logger that never throws; without one of the user's it says nothing. `source` is a field of every line. */
export function safeLogger(source: string, logger: KubernetesLogger | undefined): KubernetesLogger {
  const log =
    (level: (typeof LEVELS)[number]) =>
    (fields: Readonly<Record<string, unknown>>, message: string) => {
      try {
        logger?.[level]({ source, ...fields }, message)
      } catch (cause) {
        const what = cause instanceof Error ? cause.message : show(cause)
        process.emitWarning(new Error(`the logger of a ${source} threw: ${what}`, { cause }))
      }
    }
  return { debug: log('debug'), info: log('info'), error: log('error') }
}

/** @throws HealthError `ERR_HEALTH_ARGUMENT` */
export function checkLogger(logger: KubernetesLogger | undefined): void {
  if (logger === undefined) return
  const isLogger =
    typeof logger === 'object' &&
    logger !== null &&
    LEVELS.every((level) => typeof Reflect.get(logger, level) === 'function')
  if (!isLogger) throw argumentError('logger', logger, `must have the methods ${LEVELS.join(', ')}`)
}
