// What the heartbeats' thread asks of a cluster, where the program runs in one: the node operator's health, and whether this container was
// OOM-killed before. Main thread; nothing is asked, and the Kubernetes client not loaded, before heartbeats are sent.
import { existsSync } from 'node:fs'
import type { HeartbeatSourceOptions } from '../../src/heartbeat/index.js'
import { nodeOperatorSource, restartOomSource } from '../../src/kubernetes/index.js'

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'
/** Whether the API server can be asked for the node operator. */
const NODE_MONITOR = 'node_monitor'
const RESTART_OOM = 'restart_oom'

export interface Cluster {
  readonly sources: readonly HeartbeatSourceOptions[]
  /** For people. */
  readonly line: string
}

/**
 * By the kubeconfig, if one is given; else by the Pod's service account, if its token is mounted and the environment says which Pod
 * this is. Undefined: there is no cluster to ask.
 */
export function findCluster(
  kubeconfig: string | undefined,
  environment: NodeJS.ProcessEnv,
  tokenFile = SERVICE_ACCOUNT_TOKEN,
): Cluster | undefined {
  const { POD_NAME: podName = '', POD_NAMESPACE: namespace = '' } = environment
  const { POD_CONTAINER: containerName } = environment
  const hasName = podName !== '' && namespace !== ''
  if (kubeconfig === undefined && !(hasName && existsSync(tokenFile))) return undefined
  const access = kubeconfig === undefined ? {} : { kubeConfigFile: kubeconfig }
  const operator = nodeOperatorSource({ ...access, statusComponent: NODE_MONITOR })
  const by = kubeconfig === undefined ? 'the service account' : kubeconfig
  if (!hasName) return { sources: [operator], line: `the node operator, by ${by}` }
  const pod = restartOomSource({
    ...access,
    namespace,
    podName,
    // Which of them it is where a sidecar was added to the Pod.
    ...(containerName !== undefined && { containerName }),
    component: RESTART_OOM,
  })
  return {
    sources: [operator, pod],
    line: `the node operator and ${namespace}/${podName}, by ${by}`,
  }
}
