// From statuses to a verdict. Pure; the rules are those of the reference (liveness and readiness of zxporter's
// internal/health at v0.0.77), with the component lists made configurable.
import { HealthCheckError } from './errors.js'
import { HealthStatus, healthStatusName } from './health-status.js'

/** Which components decide a verdict. */
export interface Policy {
  /** Any of these that is registered and unhealthy fails liveness, first in the list first. */
  readonly liveness: readonly string[]
  /** Each of these must be healthy or degraded for readiness, first in the list first. */
  readonly readiness: readonly string[]
  /** What a readiness component that is not registered does to the verdict. */
  readonly unregistered: 'fail' | 'skip'
}

/** The part of a component's status that verdicts rest on. */
export interface Judged {
  readonly status: HealthStatus
  readonly message: string
}

/** What besides the components decides a verdict. */
export interface Gate {
  readonly isStandby: boolean
  readonly isLivenessSuppressed: boolean
  readonly isReadinessSuppressed: boolean
}

/** The liveness verdict: undefined where it passes. `find` gives a component's status, undefined if not registered. */
export function judgeLiveness(
  policy: Policy,
  gate: Gate,
  find: (name: string) => Judged | undefined,
): HealthCheckError | undefined {
  if (gate.isLivenessSuppressed) return undefined
  for (const name of policy.liveness) {
    const component = find(name)
    if (component?.status === HealthStatus.Unhealthy) {
      return new HealthCheckError(name, `${name} is unhealthy: ${component.message}`)
    }
  }
  return undefined
}

/** The readiness verdict: undefined where it passes. `find` gives a component's status, undefined if not registered. */
export function judgeReadiness(
  policy: Policy,
  gate: Gate,
  find: (name: string) => Judged | undefined,
): HealthCheckError | undefined {
  if (gate.isStandby || gate.isReadinessSuppressed) return undefined
  for (const name of policy.readiness) {
    const component = find(name)
    if (component === undefined) {
      if (policy.unregistered === 'skip') continue
      return new HealthCheckError(name, `${name} is not registered`)
    }
    const { status } = component
    if (status !== HealthStatus.Healthy && status !== HealthStatus.Degraded) {
      return new HealthCheckError(
        name,
        `${name} is not ready (status: ${healthStatusName(status)})`,
      )
    }
  }
  return undefined
}
