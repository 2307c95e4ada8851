// Memory pressure, watched in a thread of the user's choice. The manager actor's own watch is manager/memory-watch.ts.
import { monotonicMs } from '../memory/control.js'
import { Component } from '../model/component.js'
import { argumentError, HealthError } from '../model/errors.js'
import type { HealthManager } from '../runtime/health-manager.js'
import { readCgroupMemory } from './cgroup.js'
import { checkEvery } from './every.js'
import { MemoryPressure, type MemoryPressureLogger } from './memory-pressure.js'
import {
  type MemoryPressureOptions,
  type MemoryPressureSettings,
  resolveMemoryPressure,
} from './memory-pressure-options.js'

export interface MemoryPressureMonitorOptions extends MemoryPressureOptions {
  /** Where `memory_pressure` is registered, at once, and reported. Without it there are only log lines. */
  manager?: Pick<HealthManager, 'register' | 'getStatus'>
  /** Gets each report, and once why there can be none, as `(fields, message)`. */
  logger?: MemoryPressureLogger
}

/**
 * Reports the memory usage of this process's cgroup (version 1 or 2) as the component `memory_pressure`: degraded from
 * `thresholdPercent` of the limit on, `Approaching container memory limit`, again after `reaffirmMs` of that, and healthy
 * below it, `Memory usage back to normal`. There is no hysteresis, and the metadata (`usage_bytes`, `limit_bytes`,
 * `usage_percent`, `version`, `psi_some_avg10`, `psi_some_avg60`, `psi_full_avg10`, `psi_full_avg60`) is that of the last
 * report. Usage is the kernel's raw counter, page cache included.
 *
 * Until a first crossing the component is unspecified; where there is no cgroup or no limit its message says so. A read that
 * fails later leaves the component as it is.
 *
 * Rules and texts are those of zxporter's MemoryPressureMonitor; its key `zxporter_version` is `version` here, and a monitor
 * that finds its component degraded already takes over from there. To watch while the main thread is stuck, use
 * the option `memoryPressure` of `HealthManager.start()` instead.
 */
export class MemoryPressureMonitor {
  readonly #settings: MemoryPressureSettings
  readonly #pressure: MemoryPressure

  /** @throws HealthError `ERR_HEALTH_ARGUMENT`, and what `HealthManager.register` throws. */
  constructor(options: MemoryPressureMonitorOptions = {}) {
    this.#settings = resolveMemoryPressure(options, 'options', ['manager', 'logger'])
    const { manager, logger } = options
    checkMethods('manager', manager, ['register', 'getStatus'])
    checkMethods('logger', logger, ['info', 'warn'])
    const name = Component.MemoryPressure
    const reporter = manager?.register(name)
    const status = manager?.getStatus(name)?.status
    this.#pressure = new MemoryPressure(this.#settings, {
      read: () => readCgroupMemory(this.#settings.root),
      now: monotonicMs,
      reporter,
      logger,
      ...(status !== undefined && { status }),
    })
  }

  /**
   * Checks at once, and then every `intervalMs`, until the signal aborts or the runtime is stopped. Its timer does not keep
   * the process alive. A report that failed is made again by the next check, and warned of.
   */
  async start(signal?: AbortSignal): Promise<void> {
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw argumentError('signal', signal, 'must be an AbortSignal')
    }
    await checkEvery(this.#settings.intervalMs, signal, () => {
      try {
        this.check()
      } catch (error) {
        if (error instanceof HealthError && error.code === 'ERR_HEALTH_STOPPED') return false
        process.emitWarning(error as Error)
      }
      return true
    })
  }

  /**
   * Looks once.
   * @throws HealthError what `ComponentReporter.update` throws; the next check then reports it again.
   */
  check(): void {
    this.#pressure.check()
  }
}

function checkMethods(name: string, value: unknown, methods: readonly string[]): void {
  if (value === undefined) return
  const hasThem =
    typeof value === 'object' &&
    value !== null &&
    methods.every((method) => typeof Reflect.get(value, method) === 'function')
  if (!hasThem) throw argumentError(name, value, `must have the methods ${methods.join(' and ')}`)
}
