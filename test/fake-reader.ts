// A reader with a report made by hand, for tests of routes and transports that need no runtime.
import { HealthCheckError } from '../src/model/errors.js'
import type { HealthStatus } from '../src/model/health-status.js'
import type { Gate, Policy } from '../src/model/policy.js'
import { type ComponentStatus, compareUtf8, type HealthReport } from '../src/model/report.js'
import type { StartUp } from '../src/model/start-up.js'
import type { Suppressions } from '../src/model/suppression.js'
import { DEFAULT_LIMITS, type ListenerSettings } from '../src/probe/listener.js'
import type { ProbeReader, RouteOptions } from '../src/probe/routes.js'
import type { Look } from '../src/runtime/health-reader.js'

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

/** Judges as the default policy does, except that components that are not registered are no matter. */
export class FakeReader implements ProbeReader {
  policy: Policy = {
    liveness: ['collector_manager'],
    readiness: ['collector_manager', 'dakr_transport'],
    unregistered: 'skip',
  }
  report: HealthReport = new Map()
  gate: Gate = { isStandby: false, isLivenessSuppressed: false, isReadinessSuppressed: false }
  hasStarted = false
  suppressed: Suppressions = {}
  startUp: StartUp | undefined
  /** Thrown by every read, if set. */
  failure: Error | undefined

  /** With these components. */
  static of(components: Record<string, Given>): FakeReader {
    return Object.assign(new FakeReader(), { report: reportOf(components) })
  }

  look(): Look {
    if (this.failure) throw this.failure
    return { report: this.report, gate: this.gate, startUp: this.startUp }
  }

  suppressions(): Suppressions {
    return this.suppressed
  }

  hasBeenReady(): boolean {
    return this.hasStarted
  }
}

export const OPEN_TO_ALL: RouteOptions = { audience: { detail: 'always', token: undefined } }

export const DEFAULT_SETTINGS = {
  limits: DEFAULT_LIMITS,
  tls: undefined,
} satisfies ListenerSettings

export function checkError(message: string): HealthCheckError {
  return new HealthCheckError('collector_manager', message)
}
