// A reader with a report made by hand, for tests of routes and transports that need no runtime.
import { HealthCheckError } from '../src/model/errors.js'
import type { HealthStatus } from '../src/model/health-status.js'
import { type ComponentStatus, compareUtf8, type HealthReport } from '../src/model/report.js'
import type { ProbeReader, ProbeVerdict } from '../src/probe/routes.js'

export type Given = readonly [
  status: HealthStatus,
  message?: string,
  metadata?: Record<string, string>,
]

export function componentStatus([status, message = '', metadata = {}]: Given): ComponentStatus {
  return Object.freeze({ status, message, metadata, since: 0, updatedAt: 0 })
}

/** A report of components given by name, sorted as reports are. */
export function reportOf(components: Record<string, Given>): HealthReport {
  const names = Object.keys(components).sort(compareUtf8)
  return new Map(names.map((name) => [name, componentStatus(components[name]!)]))
}

export class FakeReader implements ProbeReader {
  report: HealthReport = new Map()
  livenessError: HealthCheckError | undefined
  readinessError: HealthCheckError | undefined
  /** Thrown by every read, if set. */
  failure: Error | undefined

  checkLiveness(): ProbeVerdict {
    if (this.failure) throw this.failure
    return { report: this.report, error: this.livenessError }
  }

  checkReadiness(): ProbeVerdict {
    if (this.failure) throw this.failure
    return { report: this.report, error: this.readinessError }
  }
}

export function checkError(message: string): HealthCheckError {
  return new HealthCheckError('collector_manager', message)
}
