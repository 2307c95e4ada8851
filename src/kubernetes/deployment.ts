// What a Deployment says about the operator in it: whether it is the one that is looked for, its version, its replicas.
// Pure; the rules and texts are those of zxporter's NodeOperatorMonitor, v0.1.7.
import type { V1Deployment } from '@kubernetes/client-node'
import { HealthStatus } from '../model/health-status.js'
import { compareUtf8 } from '../model/report.js'

/** What Go has for a time that was never set, in epoch ms. */
const GO_ZERO_TIME_MS = -62_135_596_800_000

/** Whether any container's image holds one of the identifiers; with none given, every Deployment is meant. */
export function hasImageOf(deployment: V1Deployment, identifiers: readonly string[]): boolean {
  if (identifiers.length === 0) return true
  return containersOf(deployment).some(({ image }) =>
    identifiers.some((identifier) => image?.includes(identifier)),
  )
}

export function containersOf(deployment: V1Deployment) {
  return deployment.spec?.template?.spec?.containers ?? []
}

/**
 * Orders Deployments by preference: one that serves before one that does not, then the younger one, as a new release
 * replaces an old one, then by namespace and name, so that the choice never flaps.
 */
export function compareDeployments(a: V1Deployment, b: V1Deployment): number {
  return (
    Number(readyReplicasOf(b) > 0) - Number(readyReplicasOf(a) > 0) ||
    createdAt(b).getTime() - createdAt(a).getTime() ||
    compareUtf8(a.metadata?.namespace ?? '', b.metadata?.namespace ?? '') ||
    compareUtf8(a.metadata?.name ?? '', b.metadata?.name ?? '')
  )
}

export function createdAt(deployment: V1Deployment): Date {
  const at = deployment.metadata?.creationTimestamp?.getTime() ?? Number.NaN
  return new Date(Number.isNaN(at) ? GO_ZERO_TIME_MS : at)
}

export function versionOf(deployment: V1Deployment, label: string): string {
  const labels = deployment.metadata?.labels ?? {}
  return Object.hasOwn(labels, label) ? (labels[label] ?? '') : ''
}

/**
 * The tag of the first container's image, without its digest. What is behind the last colon counts as the tag, so a
 * registry's port does where there is no tag.
 */
export function commitOf(deployment: V1Deployment): string {
  const image = containersOf(deployment)[0]?.image ?? ''
  const at = image.indexOf('@')
  const tagged = at > 0 ? image.slice(0, at) : image
  const colon = tagged.lastIndexOf(':')
  return colon > 0 ? tagged.slice(colon + 1) : ''
}

export interface ReplicaStatus {
  readonly status: HealthStatus
  readonly message: string
  readonly metadata: Readonly<Record<string, string>>
}

/** Status by replicas alone. Scaled to zero is unhealthy: an operator that nobody runs does nothing. */
export function replicaStatus(deployment: V1Deployment): ReplicaStatus {
  const desired = deployment.spec?.replicas ?? 0
  const ready = readyReplicasOf(deployment)
  const available = deployment.status?.availableReplicas ?? 0
  const metadata = {
    replicas: String(desired),
    ready_replicas: String(ready),
    available_replicas: String(available),
  }
  const message = `${ready}/${desired} replicas ready`
  if (desired > 0 && ready === desired && available === desired) {
    return { status: HealthStatus.Healthy, message, metadata }
  }
  const status = ready > 0 ? HealthStatus.Degraded : HealthStatus.Unhealthy
  return { status, message, metadata }
}

function readyReplicasOf(deployment: V1Deployment): number {
  return deployment.status?.readyReplicas ?? 0
}
