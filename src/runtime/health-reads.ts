// The part of HealthManager that reads: statuses, reports, verdicts, and the last transitions. Any thread that has an
// instance, for itself.
import { TransitionScan } from '../memory/transition-scan.js'
import { checkInteger, checkName } from '../model/arguments.js'
import { type HealthCheckError, stopped } from '../model/errors.js'
import type { ComponentStatus, HealthReport } from '../model/report.js'
import type { Transition } from '../model/transition.js'
import type { Attachment } from './attachment.js'
import type { HealthReader, Verdict } from './health-reader.js'

/** What can be read of a runtime; see `HealthManager`. */
export abstract class HealthReads {
  readonly #attachment: Attachment
  readonly #reader: HealthReader
  readonly #guard = () => this.#attachment.checkRunning()

  protected constructor(attachment: Attachment, reader: HealthReader) {
    this.#attachment = attachment
    this.#reader = reader
  }

  /**
   * The component's status; undefined if it is not registered. Like every read: sees all updates that had returned
   * before it began, waiting for them to be applied for at most `readTimeoutMs`; after that it answers with the last
   * applied state and counts in `stats().staleReads`.
   * @throws HealthError `ERR_HEALTH_ARGUMENT`, `ERR_HEALTH_STOPPED`, `ERR_HEALTH_UNAVAILABLE` if this thread's first
   * read finds a manager that writes all the while.
   */
  getStatus(name: string): ComponentStatus | undefined {
    checkName(name)
    this.#attachment.checkRunning()
    return this.#reader.getStatus(name)
  }

  /** All components at one instant. Bounds and errors as for `getStatus`. */
  buildReport(): HealthReport {
    this.#attachment.checkRunning()
    return this.#reader.buildReport()
  }

  /**
   * Undefined if the program is alive, else why not: while liveness is not suppressed, the first component of
   * `policy.liveness` that is registered and unhealthy. Bounds and errors as for `getStatus`.
   */
  livenessCheck(): HealthCheckError | undefined {
    if (this.#attachment.isDetached) throw stopped()
    return this.#reader.livenessCheck(this.#guard)
  }

  /**
   * Undefined if the program is ready, else why not: outside standby and suppression, the first component of
   * `policy.readiness` that is not registered, or neither healthy nor degraded. Bounds and errors as for `getStatus`.
   */
  readinessCheck(): HealthCheckError | undefined {
    if (this.#attachment.isDetached) throw stopped()
    return this.#reader.readinessCheck(this.#guard)
  }

  /** Report and liveness verdict of one instant. */
  checkLiveness(): Verdict {
    this.#attachment.checkRunning()
    return this.#reader.checkLiveness()
  }

  /** Report and readiness verdict of one instant. */
  checkReadiness(): Verdict {
    this.#attachment.checkRunning()
    return this.#reader.checkReadiness()
  }

  /**
   * The last transitions, the oldest first; those of one component, if it is named. At most `limit` (default 100), and only
   * what the journal keeps, `journalBytes` in all. Takes some microseconds for each transition that it looks at. Bounds and
   * errors as for `getStatus`.
   */
  history(component?: string, limit = 100): Transition[] {
    if (component !== undefined) checkName(component, 'component')
    checkInteger(limit, 'limit', 1, Number.MAX_SAFE_INTEGER)
    this.#attachment.checkRunning()
    this.#reader.settle()
    return new TransitionScan(this.#attachment.region, { component, limit }).rest()
  }
}
