// The health of an operator that can't report it itself: found by its Deployment, judged by its replicas, and asked
// through its Pods. Any thread; one that may wait, as everything here is a request.
import type { V1Deployment } from '@kubernetes/client-node'
import { argumentError } from '../model/errors.js'
import type { HealthStatus } from '../model/health-status.js'
import type { ComponentStatus, HealthReport } from '../model/report.js'
import { ApiServer } from './api-server.js'
import {
  commitOf,
  compareDeployments,
  containersOf,
  createdAt,
  hasImageOf,
  type ReplicaStatus,
  replicaStatus,
  versionOf,
} from './deployment.js'
import { endpointsOf } from './endpoints.js'
import { selectorQuery } from './label-selector.js'
import {
  type NodeOperatorMonitorOptions,
  type NodeOperatorSettings,
  resolveNodeOperator,
} from './node-operator-options.js'
import { firstAddresses, isServing } from './pods.js'
import { ProbeOutcome, probePods } from './probe.js'

/** The operator's health, and what a heartbeat says about the operator beside it. */
export interface NodeOperatorReport {
  /** Of one component. A Map: it can be cloned and sent to another thread. */
  readonly report: HealthReport
  /** Of the Deployment's version label; empty where it has none. */
  readonly version: string
  /** The tag of the first container's image; empty where it has none. */
  readonly commit: string
  /** When the Deployment was made. */
  readonly uptimeSince: Date
}

/**
 * Reports on the Deployment of a node operator, by default DevZero's Karpenter, as one component, `karpenter_deployment`:
 *
 * | of the Deployment                        | status    | message                           |
 * | ---------------------------------------- | --------- | --------------------------------- |
 * | all replicas wanted are ready, available | healthy   | `<ready>/<wanted> replicas ready` |
 * | some are ready, or more than wanted      | degraded  | `<ready>/<wanted> replicas ready` |
 * | none is ready, or none is wanted         | unhealthy | `0/<wanted> replicas ready`       |
 *
 * The metadata has `replicas`, `ready_replicas`, `available_replicas`, `version`, `commit`, and, of the GET requests to the
 * first ready Pods, `controller_healthz` and `controller_readyz` (`true`, `false` or `unknown`) and `probed_pods`. They go
 * where the kubelet's HTTP probes go. One that answers badly is named in the message; it never changes the status. Rules and
 * texts are those of zxporter's NodeOperatorMonitor, v0.1.7.
 *
 * It needs the rights to list Deployments, and Pods in the operator's namespace.
 */
export class NodeOperatorMonitor {
  readonly #settings: NodeOperatorSettings
  readonly #api: ApiServer
  /** What the last report said, and since when. */
  #last: { readonly status: HealthStatus; readonly since: number } | undefined

  /** Asks nobody yet. @throws HealthError `ERR_HEALTH_ARGUMENT` */
  constructor(options: NodeOperatorMonitorOptions = {}) {
    this.#settings = resolveNodeOperator(options)
    this.#api = new ApiServer({ ...this.#settings.access, pageSize: this.#settings.pageSize })
  }

  /**
   * Looks once; undefined where no such operator is installed. Takes at most twice `requestTimeoutMs` and `probeBudgetMs`, 30 s
   * by default.
   * @throws HealthError `ERR_HEALTH_KUBERNETES` if Deployments can't be listed (see `onListError`), `ERR_HEALTH_ARGUMENT`;
   * or the reason of `signal` once that is aborted.
   */
  async buildNodeOperatorReport(signal?: AbortSignal): Promise<NodeOperatorReport | undefined> {
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw argumentError('signal', signal, 'must be an AbortSignal')
    }
    const deployment = await this.#findDeployment(signal)
    if (deployment === undefined) {
      this.#last = undefined
      return undefined
    }
    const { component, versionLabel } = this.#settings
    const version = versionOf(deployment, versionLabel)
    const commit = commitOf(deployment)
    const replicas = replicaStatus(deployment)
    const probed = await this.#probe(deployment, signal)
    const status = this.#componentStatus(
      replicas,
      {
        ...replicas.metadata,
        version,
        ...(commit !== '' && { commit }),
        ...probed?.metadata,
      },
      probed?.suffix ?? '',
    )
    return {
      report: new Map([[component, status]]),
      version,
      commit,
      uptimeSince: createdAt(deployment),
    }
  }

  async #findDeployment(signal: AbortSignal | undefined): Promise<V1Deployment | undefined> {
    const { namespace, labelSelector, imageIdentifiers, isListErrorThrown, logger } = this.#settings
    const keep = (deployment: V1Deployment) => hasImageOf(deployment, imageIdentifiers)
    let found: V1Deployment[]
    try {
      found = await this.#api.deployments({ namespace, labelSelector, keep }, signal)
    } catch (error) {
      signal?.throwIfAborted()
      if (isListErrorThrown) throw error
      logger.error({ error }, 'the node operator could not be looked for')
      return undefined
    }
    const [preferred] = found.sort(compareDeployments)
    if (preferred === undefined) logger.debug({ labelSelector }, 'no node operator was found')
    if (preferred !== undefined && found.length > 1) {
      const count = found.length
      logger.info(
        { count, ...nameOf(preferred) },
        'several node operators were found, one is taken',
      )
    }
    return preferred
  }

  /** What the Pods say; undefined where it could not be found out which Pods to ask. */
  async #probe(deployment: V1Deployment, signal: AbortSignal | undefined) {
    const { subject, portNames, healthPort, maxPods, fetch, logger } = this.#settings
    const addresses = await this.#tryAddresses(deployment, maxPods, signal)
    if (addresses === undefined) return undefined
    const fallback = { names: portNames, port: healthPort }
    const endpoints = endpointsOf(containersOf(deployment), fallback)
    const outcomes = await probePods(addresses, endpoints, fetch, this.#settings, signal)
    const { healthz, readyz } = outcomes
    const isFailing = healthz === ProbeOutcome.NotOk || readyz === ProbeOutcome.NotOk
    if (!isFailing && (healthz === ProbeOutcome.Unknown || readyz === ProbeOutcome.Unknown)) {
      logger.debug({ ...nameOf(deployment), ...outcomes }, 'the node operator’s Pods did not tell')
    }
    return {
      metadata: {
        [`${subject}_healthz`]: healthz,
        [`${subject}_readyz`]: readyz,
        probed_pods: String(addresses.length),
      },
      suffix: isFailing ? ` (${subject} healthz=${healthz} readyz=${readyz})` : '',
    }
  }

  async #tryAddresses(
    deployment: V1Deployment,
    count: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly string[] | undefined> {
    const { logger } = this.#settings
    const { namespace = '' } = deployment.metadata ?? {}
    try {
      const labelSelector = selectorQuery(deployment.spec?.selector)
      if (labelSelector === undefined) throw new Error('the selector is empty')
      const pods = await this.#api.pods({ namespace, labelSelector, keep: isServing }, signal)
      return firstAddresses(pods, count)
    } catch (error) {
      signal?.throwIfAborted()
      // The replicas are known all the same.
      logger.error({ error, ...nameOf(deployment) }, 'the node operator’s Pods could not be found')
      return undefined
    }
  }

  #componentStatus(
    { status, message }: ReplicaStatus,
    metadata: Readonly<Record<string, string>>,
    suffix: string,
  ): ComponentStatus {
    const now = Date.now()
    const since = this.#last?.status === status ? this.#last.since : now
    this.#last = { status, since }
    return Object.freeze({
      status,
      message: `${message}${suffix}`,
      metadata: Object.freeze(Object.assign(Object.create(null), metadata)),
      since,
      updatedAt: now,
    })
  }
}

function nameOf({ metadata }: V1Deployment) {
  return { namespace: metadata?.namespace, deployment: metadata?.name }
}
