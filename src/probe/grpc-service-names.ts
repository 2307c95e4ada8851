// What a gRPC health client may ask for, and how a status of ours reads in its words. Pure; any thread.
import { HealthStatus } from '../model/health-status.js'

/** `HealthCheckResponse.ServingStatus` of proto/grpc/health/v1/health.proto; the numbers are those of the wire. */
export const ServingStatus = { Serving: 1, NotServing: 2, ServiceUnknown: 3 } as const
export type ServingStatus = (typeof ServingStatus)[keyof typeof ServingStatus]

export type VerdictName = 'liveness' | 'readiness'

/** What a service name stands for. */
export type Target =
  | { readonly kind: 'verdict'; readonly name: VerdictName }
  | { readonly kind: 'component'; readonly name: string }

const COMPONENT_PREFIX = 'component/'

/** Every name that stands for a verdict. `''` is the server as a whole. */
export const VERDICT_SERVICES: readonly (readonly [service: string, verdict: VerdictName])[] = [
  ['', 'liveness'],
  ['liveness', 'liveness'],
  ['readiness', 'readiness'],
]

/**
 * A verdict's name comes before a component's, and the prefix before a bare name: a component that is called `liveness` is
 * `component/liveness`, and one called `component/a` is `component/component/a`. So every component can be reached.
 */
export function targetOf(service: string): Target {
  for (const [name, verdict] of VERDICT_SERVICES) {
    if (service === name) return { kind: 'verdict', name: verdict }
  }
  const isPrefixed = service.startsWith(COMPONENT_PREFIX)
  return { kind: 'component', name: isPrefixed ? service.slice(COMPONENT_PREFIX.length) : service }
}

/** Stands for every component where none is shown. It is never registered, as no component may be called so. */
export const HIDDEN: Target = { kind: 'component', name: '' }

/** What a service name stands for to a client to whom components are shown, or not. */
export function seenTarget(service: string, isShown: boolean): Target {
  const target = targetOf(service)
  return isShown || target.kind === 'verdict' ? target : HIDDEN
}

/** The one name under which a component is listed. */
export function componentService(component: string): string {
  return COMPONENT_PREFIX + component
}

export function servingVerdict(passes: boolean): ServingStatus {
  return passes ? ServingStatus.Serving : ServingStatus.NotServing
}

/** Degraded serves, as it does for readiness. `undefined`, which is not registered, is no status but an absence. */
export function servingComponent(status: HealthStatus | undefined): ServingStatus {
  switch (status) {
    case undefined:
      return ServingStatus.ServiceUnknown
    case HealthStatus.Healthy:
    case HealthStatus.Degraded:
      return ServingStatus.Serving
    default:
      return ServingStatus.NotServing
  }
}
