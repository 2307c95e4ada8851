// Whether a Pod's container was killed for want of memory before it was started again. Pure.
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node'

/** What a shell, or an old runtime that gives no reason, makes of SIGKILL. */
const KILLED_EXIT_CODE = 137

/**
 * The container's status; without a name, that of the only container there is.
 */
export function containerStatusOf(
  pod: V1Pod,
  containerName: string | undefined,
): V1ContainerStatus | undefined {
  const statuses = pod.status?.containerStatuses ?? []
  if (containerName !== undefined) return statuses.find(({ name }) => name === containerName)
  return statuses.length === 1 ? statuses[0] : undefined
}

/** The facts of the kill that ended the previous instance; undefined if it ended otherwise or there was none. */
export function oomKillOf(container: V1ContainerStatus): Record<string, string> | undefined {
  const ended = container.lastState?.terminated
  if (!ended) return undefined
  const reason = ended.reason ?? ''
  // `Error` with 137 is somebody else's SIGKILL.
  if (reason !== 'OOMKilled' && !(reason === '' && ended.exitCode === KILLED_EXIT_CODE)) {
    return undefined
  }
  return {
    container_name: container.name,
    reason,
    exit_code: String(ended.exitCode),
    finished_at: rfc3339(ended.finishedAt),
    restart_count: String(container.restartCount),
  }
}

/** In whole seconds, as Kubernetes has them; Go's zero time where there is none. */
function rfc3339(at: Date | undefined): string {
  if (!at || Number.isNaN(at.getTime())) return '0001-01-01T00:00:00Z'
  return `${at.toISOString().slice(0, 19)}Z`
}
