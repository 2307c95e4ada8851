// What users report one component by; reporter.ts is what there is of it.
import type { MetadataInput } from '../model/arguments.js'
import type { HealthStatus } from '../model/health-status.js'

/** Reports one component without a look-up by name. Bound to the thread that made it. */
export interface ComponentReporter {
  readonly name: string
  /**
   * Sets the component's status and message, and its metadata unless that is null or undefined (an empty object clears
   * it). Ignored, and counted in `stats()`, if the component is not registered. Waits only for room in a full mailbox
   * (at most `publishTimeoutMs`), and, if the component is gone or being deregistered, for what was reported before (at
   * most `readTimeoutMs`).
   * @throws HealthError `ERR_HEALTH_ARGUMENT`, also where a getter of the metadata throws, which is then the `cause`;
   * `ERR_HEALTH_BACKPRESSURE`; `ERR_HEALTH_UNAVAILABLE` if the component is gone, or being deregistered, as far as the manager
   * has come, and it does not come to what this thread has registered before within `readTimeoutMs`, or if the component is
   * registered anew again and again meanwhile; `ERR_HEALTH_STOPPED`. Whichever it is, nothing of the update was reported.
   */
  update(status: HealthStatus, message: string, metadata?: MetadataInput): void
  /** `update` with `HealthStatus.Healthy`; the message is `''` by default. */
  healthy(message?: string, metadata?: MetadataInput): void
  /** `update` with `HealthStatus.Degraded`. */
  degraded(message?: string, metadata?: MetadataInput): void
  /** `update` with `HealthStatus.Unhealthy`. */
  unhealthy(message?: string, metadata?: MetadataInput): void
  /**
   * Says "still alive, nothing changed"; ignored if the component is not registered. Every update says so as well.
   * @throws HealthError `ERR_HEALTH_STOPPED`; `ERR_HEALTH_UNAVAILABLE` if the component is registered anew again and again
   * while it is looked up.
   */
  beat(): void
  /**
   * Says how much has come in and gone out since the start, and that the component is alive. For one that was registered with
   * `progress`; of these counts one thread should tell. For any other it is a beat.
   * @throws HealthError `ERR_HEALTH_ARGUMENT` if one is not a finite number of 0 or more; else as `beat`.
   */
  progress(inCount: number, outCount: number): void
  /** Removes the component; throws as `update`. */
  deregister(): void
}
