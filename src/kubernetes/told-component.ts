// A component that this folder tells of, where the user has asked for one. In whichever thread looks.
import { HealthError } from '../model/errors.js'
import type { HealthStatus } from '../model/health-status.js'
import type { ComponentReporter } from '../runtime/component-reporter.js'
import type { HealthManager } from '../runtime/health-manager.js'

export class ToldComponent {
  readonly #reporter: ComponentReporter

  /** Registers it, at once. @throws HealthError as `HealthManager.register` */
  constructor(manager: Pick<HealthManager, 'register'>, name: string) {
    this.#reporter = manager.register(name)
  }

  tell(status: HealthStatus, message: string, metadata: Record<string, string>): void {
    try {
      this.#reporter.update(status, message, metadata)
    } catch (error) {
      // The program is ending, or its runtime is: nobody waits for this news any more, or they hear of worse.
      if (error instanceof HealthError && error.code === 'ERR_HEALTH_STOPPED') return
      process.emitWarning(error as Error)
    }
  }
}
