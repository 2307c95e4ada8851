// Says as a component how the sending goes, `dakr_transport` unless told otherwise. Heartbeat actor's thread.
import { HealthError } from '../model/errors.js'
import { HealthStatus } from '../model/health-status.js'
import type { ComponentReporter } from '../runtime/component-reporter.js'
import type { HealthManager } from '../runtime/health-manager.js'
import { type CircuitBreaker, transportStatusOf } from './circuit-breaker.js'
import type { Clock } from './clock.js'

export class TransportComponent {
  readonly #reporter: ComponentReporter
  readonly #clock: Clock

  /** Registers it. What an actor that has died said last stays until there is an outcome. @throws HealthError as `register` */
  constructor(health: HealthManager, name: string, clock: Clock) {
    this.#clock = clock
    this.#reporter = health.register(name)
    if (health.getStatus(name)?.status === HealthStatus.Unspecified) {
      this.#tell(() => this.#reporter.healthy('Transport starting'))
    }
  }

  tell(breaker: CircuitBreaker): void {
    const reopenAt = new Date(this.#clock.wallMs() + breaker.waitMs(this.#clock.nowMs()))
    const { status, message, metadata } = transportStatusOf(breaker, reopenAt)
    this.#tell(() => this.#reporter.update(status, message, metadata))
  }

  /** What can't be told now, as the manager is away or the runtime is stopping, the next outcome tells. */
  #tell(update: () => void): void {
    try {
      update()
    } catch (error) {
      if (!(error instanceof HealthError)) throw error
    }
  }
}
