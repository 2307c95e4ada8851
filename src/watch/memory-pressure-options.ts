// The options of the memory pressure watch, the same in the manager actor and in a monitor of one's own.
import { checkInteger, checkOptions, MAX_TIMEOUT_MS } from '../model/arguments.js'
import { argumentError } from '../model/errors.js'
import { CGROUP_ROOT } from './cgroup.js'

/** When memory pressure is reported, and from where it is read. */
export interface MemoryPressureOptions {
  /** Usage, in percent of the limit, from which on the component is degraded; above 0, at most 100. Default 85. */
  thresholdPercent?: number
  /** How often usage is read, in ms. Default 30,000. */
  intervalMs?: number
  /** After how long a usage that stays above the threshold is reported again, in ms. Default 600,000. */
  reaffirmMs?: number
  /** Where the cgroup file system is mounted. Default `/sys/fs/cgroup`. */
  root?: string
  /** The program's version, for the metadata key `version`. Without it there is no such key. */
  version?: string
}

/** The options with every default filled in. Structured-cloneable. */
export interface MemoryPressureSettings {
  readonly thresholdPercent: number
  readonly intervalMs: number
  readonly reaffirmMs: number
  readonly root: string
  readonly version: string | undefined
}

const OPTION_NAMES = ['thresholdPercent', 'intervalMs', 'reaffirmMs', 'root', 'version']

/**
 * `argument` is what the options are called in errors; `others` are further options, which the caller checks.
 * @throws HealthError `ERR_HEALTH_ARGUMENT` naming the option that is out of range.
 */
export function resolveMemoryPressure(
  options: MemoryPressureOptions,
  argument: string,
  others: readonly string[] = [],
): MemoryPressureSettings {
  checkOptions(options, argument, [...OPTION_NAMES, ...others])
  const {
    thresholdPercent = 85,
    intervalMs = 30_000,
    reaffirmMs = 600_000,
    root = CGROUP_ROOT,
    version,
  } = options
  if (typeof thresholdPercent !== 'number' || !(thresholdPercent > 0 && thresholdPercent <= 100)) {
    const rule = 'must be a number above 0, at most 100'
    throw argumentError(`${argument}.thresholdPercent`, thresholdPercent, rule)
  }
  checkInteger(intervalMs, `${argument}.intervalMs`, 1, MAX_TIMEOUT_MS)
  checkInteger(reaffirmMs, `${argument}.reaffirmMs`, 0, MAX_TIMEOUT_MS)
  if (typeof root !== 'string' || root === '') {
    throw argumentError(`${argument}.root`, root, 'must be a path')
  }
  if (version !== undefined && typeof version !== 'string') {
    throw argumentError(`${argument}.version`, version, 'must be a string')
  }
  return { thresholdPercent, intervalMs, reaffirmMs, root, version }
}
