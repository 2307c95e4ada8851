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

/** What of it decides readiness. */
export type ReadinessPolicy = Pick<Policy, 'readiness' | 'unregistered'>

/** The part of a component's status that verdicts rest on. */
export interface Judged {
  readonly status: HealthStatus
  readonly message: string
}

/** From which status on a component fails a verdict: `degraded` is for who asks to be strict. */
export type FailOn = 'unhealthy' | 'degraded'

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
  failOn: FailOn = 'unhealthy',
): HealthCheckError | undefined {
  if (gate.isLivenessSuppressed) return undefined
  for (const name of policy.liveness) {
    const error = judgeAlive(name, find(name), failOn)
    if (error !== undefined) return error
  }
  return undefined
}

/** What one component does to liveness. */
export function judgeAlive(
  name: string,
  component: Judged | undefined,
  failOn: FailOn,
): HealthCheckError | undefined {
  if (component === undefined || !isFailing(component.status, failOn)) return undefined
  const { status, message } = component
  return new HealthCheckError(name, `${name} is ${healthStatusName(status)}: ${message}`)
}

function isFailing(status: HealthStatus, failOn: FailOn): boolean {
  return (
    status === HealthStatus.Unhealthy || (failOn === 'degraded' && status === HealthStatus.Degraded)
  )
}

/** The readiness verdict: undefined where it passes. `find` gives a component's status, undefined if not registered. */
export function judgeReadiness(
  policy: Policy,
  gate: Gate,
  find: (name: string) => Judged | undefined,
  failOn: FailOn = 'unhealthy',
): HealthCheckError | undefined {
  if (gate.isStandby || gate.isReadinessSuppressed) return undefined
  for (const name of policy.readiness) {
    const error = judgeReady(name, find(name), policy.unregistered, failOn)
    if (error !== undefined) return error
  }
  return undefined
}

/** What one component does to readiness. */
export function judgeReady(
  name: string,
  component: Judged | undefined,
  unregistered: Policy['unregistered'],
  failOn: FailOn,
): HealthCheckError | undefined {
  if (isReady(component?.status, unregistered, failOn)) return undefined
  const why =
    component === undefined
      ? 'is not registered'
      : `is not ready (status: ${healthStatusName(component.status)})`
  return new HealthCheckError(name, `${name} ${why}`)
}

/** Whether a component of this status lets readiness pass; undefined where it is not registered. */
export function isReady(
  status: HealthStatus | undefined,
  unregistered: Policy['unregistered'],
  failOn: FailOn = 'unhealthy',
): boolean {
  if (status === undefined) return unregistered === 'skip'
  const isGood = status === HealthStatus.Healthy || status === HealthStatus.Degraded
  return isGood && !isFailing(status, failOn)
}
