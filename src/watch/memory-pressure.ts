// Judges the cgroup's memory usage against its limit, and says so at crossings only. Pure but for what it is given: the
// reading, the clock, and where it reports. Follows zxporter's MemoryPressureMonitor; belongs to one thread.
import { show } from '../model/errors.js'
import { HealthStatus } from '../model/health-status.js'
import type { ComponentReporter } from '../runtime/component-reporter.js'
import type { CgroupMemory } from './cgroup.js'
import type { MemoryPressureSettings } from './memory-pressure-options.js'

/** Takes the lines of a monitor; pino's loggers do. */
export interface MemoryPressureLogger {
  info(fields: Readonly<Record<string, string>>, message: string): void
  warn(fields: Readonly<Record<string, string>>, message: string): void
}

export interface MemoryPressureParts {
  /** Throws where there is nothing to be read. */
  readonly read: () => CgroupMemory
  /** Ms on a clock that never goes back. */
  readonly now: () => number
  readonly reporter?: Pick<ComponentReporter, 'update'> | undefined
  /** What the component shows by now: a watch that succeeds another one takes over from there. */
  readonly status?: HealthStatus
  readonly logger?: MemoryPressureLogger | undefined
}

const SOURCE = 'MemoryPressureMonitor'

export class MemoryPressure {
  readonly #settings: MemoryPressureSettings
  readonly #parts: MemoryPressureParts
  #isAbove: boolean
  /** The component says something about usage; until then it may say why it does not. */
  #hasReported: boolean
  #reportedAt = Number.NEGATIVE_INFINITY
  /** Why the last check had nothing to judge. */
  #obstacle = ''

  constructor(settings: MemoryPressureSettings, parts: MemoryPressureParts) {
    const { status = HealthStatus.Unspecified } = parts
    this.#settings = settings
    this.#parts = parts
    this.#isAbove = status === HealthStatus.Degraded
    this.#hasReported = status !== HealthStatus.Unspecified
  }

  /** Looks once. What a report throws comes through, and the next check reports it again. */
  check(): void {
    const memory = this.#read()
    if (memory === undefined) return
    const { usageBytes, limitBytes } = memory
    // A limit of 0 is one that nothing can be measured by.
    if (limitBytes === undefined || limitBytes === 0n) {
      const what = limitBytes === undefined ? 'no memory limit is set' : 'the memory limit is 0'
      this.#meet('info', `${what}: nothing to compare usage with`)
      return
    }
    this.#obstacleIsGone()
    const percent = (Number(usageBytes) / Number(limitBytes)) * 100
    const isAbove = percent >= this.#settings.thresholdPercent
    const now = this.#parts.now()
    // No hysteresis: a usage that flaps around the threshold reports each crossing.
    const isNews = isAbove
      ? !this.#isAbove || now - this.#reportedAt >= this.#settings.reaffirmMs
      : this.#isAbove
    if (!isNews) return
    const { version } = this.#settings
    this.#report(isAbove, {
      usage_bytes: `${usageBytes}`,
      limit_bytes: `${limitBytes}`,
      usage_percent: twoDecimals(percent),
      ...(version !== undefined && { version }),
      ...memory.pressure,
    })
    // Behind the report: one that did not get out is not to be taken for one that did.
    this.#isAbove = isAbove
    this.#hasReported = true
    this.#reportedAt = now
  }

  #read(): CgroupMemory | undefined {
    try {
      return this.#parts.read()
    } catch (error) {
      this.#meet('warn', `memory usage can't be read: ${(error as Error).message}`)
      return undefined
    }
  }

  #report(isAbove: boolean, metadata: Readonly<Record<string, string>>): void {
    const { reporter } = this.#parts
    if (isAbove) {
      const message = 'Approaching container memory limit'
      reporter?.update(HealthStatus.Degraded, message, metadata)
      this.#log('warn', metadata, message)
    } else {
      const message = 'Memory usage back to normal'
      reporter?.update(HealthStatus.Healthy, message, metadata)
      this.#log('info', metadata, message)
    }
  }

  /** Said once, until it changes; what was reported of usage before stays as it is. */
  #meet(level: 'info' | 'warn', obstacle: string): void {
    if (obstacle === this.#obstacle) return
    if (!this.#hasReported) this.#parts.reporter?.update(HealthStatus.Unspecified, obstacle)
    this.#log(level, {}, obstacle)
    this.#obstacle = obstacle
  }

  #obstacleIsGone(): void {
    if (this.#obstacle === '') return
    if (!this.#hasReported) this.#parts.reporter?.update(HealthStatus.Unspecified, '')
    this.#obstacle = ''
  }

  /** A logger is user code: what it throws must not look as if the report had failed. */
  #log(level: 'info' | 'warn', fields: Readonly<Record<string, string>>, message: string): void {
    try {
      this.#parts.logger?.[level]({ source: SOURCE, ...fields }, message)
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : show(cause)
      process.emitWarning(new Error(`the logger of a ${SOURCE} threw: ${what}`, { cause }))
    }
  }
}

/** Two decimals as Go's `%.2f` prints them: `toFixed` rounds a tie up, Go to the even digit. */
export function twoDecimals(value: number): string {
  // Only eighths have a binary fraction that ends in exactly half a hundredth; they and their hundredfold are exact.
  const isTie = Number.isInteger(value * 8) && (value * 8) % 2 !== 0
  const floor = Math.floor(value * 100)
  return isTie && floor % 2 === 0 ? (floor / 100).toFixed(2) : value.toFixed(2)
}
