// The four statuses, with the numbers of the control plane's protobuf enum.

/** How a component is. The numbers are part of the contract: they go over the wire as they are. */
export const HealthStatus = { Unspecified: 0, Healthy: 1, Degraded: 2, Unhealthy: 3 } as const
export type HealthStatus = (typeof HealthStatus)[keyof typeof HealthStatus]

/** The text form of a {@link HealthStatus}. */
export type HealthStatusName = 'unspecified' | 'healthy' | 'degraded' | 'unhealthy'

const names: readonly HealthStatusName[] = ['unspecified', 'healthy', 'degraded', 'unhealthy']

/** The text form of a status; whatever is not one of the four numbers gives `unspecified`. */
export function healthStatusName(status: number): HealthStatusName {
  // An array has more keys than its indices.
  return (Number.isInteger(status) ? names[status] : undefined) ?? 'unspecified'
}
