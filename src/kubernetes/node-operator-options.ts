// The options of NodeOperatorMonitor. The defaults are those of zxporter v0.1.7, which looks for Karpenter; with others it
// serves the Deployment of any operator.
import { checkInteger, checkName, MAX_TIMEOUT_MS, readOptions } from '../model/arguments.js'
import { Component } from '../model/component.js'
import { argumentError } from '../model/errors.js'
import {
  ACCESS_OPTION_NAMES,
  type Access,
  type AccessOptions,
  checkText,
  checkTexts,
  resolveAccess,
} from './access-options.js'
import { httpGet, type ProbeFetch } from './http-get.js'
import { checkLogger, type KubernetesLogger, safeLogger } from './logger.js'

export interface NodeOperatorMonitorOptions extends AccessOptions {
  /** Which Deployments are looked at. Default `app.kubernetes.io/instance in (karpenter,dzkarp)`. */
  labelSelector?: string
  /** The one namespace to look in, for which rights in that namespace are enough. Default: all. */
  namespace?: string
  /**
   * Of those, the ones that run an image whose name holds one of these. Default `['devzeroinc']`; with an empty array every
   * image will do.
   */
  imageIdentifiers?: readonly string[]
  /** The label that holds the operator's version. Default `app.kubernetes.io/version`. */
  versionLabel?: string
  /** What the component is called in the report. Default `karpenter_deployment`. */
  component?: string
  /**
   * What answers the probes: begins their metadata keys, `controller_healthz` and `controller_readyz`, and is named in
   * the message. Default `controller`.
   */
  subject?: string
  /** Names of container ports to ask on where a container has no HTTP probe. Default `['http', 'health']`. */
  portNames?: readonly string[]
  /** The port to ask on where there is no such port either. Default 8081. */
  healthPort?: number
  /** How many Pods are asked at most; 0 asks none. Default 3. */
  maxPods?: number
  /** How long one probe may take, in ms. Default 5,000. */
  probeTimeoutMs?: number
  /** How long all probes of a report may take together, in ms. Default 10,000. */
  probeBudgetMs?: number
  /** How many objects are asked for at once; a longer list comes in pages. Default 500. */
  pageSize?: number
  /**
   * What a report is when Deployments can't be listed: `reject`, a promise rejected with `ERR_HEALTH_KUBERNETES`, or
   * `undefined`, as if no operator were installed, and a line in the log, which is what zxporter does. Default `reject`.
   */
  onListError?: 'reject' | 'undefined'
  /** Asks the Pods. Default: `node:http`, each time by a connection of its own; TLS is verified. */
  fetch?: ProbeFetch
  logger?: KubernetesLogger
}

/** Every option with its default filled in. */
export interface NodeOperatorSettings {
  readonly access: Access
  readonly pageSize: number
  readonly labelSelector: string
  readonly namespace: string | undefined
  readonly imageIdentifiers: readonly string[]
  readonly versionLabel: string
  readonly component: string
  readonly subject: string
  readonly portNames: readonly string[]
  readonly healthPort: number
  readonly maxPods: number
  readonly probeTimeoutMs: number
  readonly budgetMs: number
  readonly isListErrorThrown: boolean
  readonly fetch: ProbeFetch
  readonly logger: KubernetesLogger
}

export const NODE_OPERATOR_OPTION_NAMES = [
  ...ACCESS_OPTION_NAMES,
  'labelSelector',
  'namespace',
  'imageIdentifiers',
  'versionLabel',
  'component',
  'subject',
  'portNames',
  'healthPort',
  'maxPods',
  'probeTimeoutMs',
  'probeBudgetMs',
  'pageSize',
  'onListError',
  'fetch',
  'logger',
] as const

/** @throws HealthError `ERR_HEALTH_ARGUMENT` naming the option that is not of its form. */
export function resolveNodeOperator(given: NodeOperatorMonitorOptions): NodeOperatorSettings {
  const options = readOptions(given, 'options', NODE_OPERATOR_OPTION_NAMES)
  const {
    labelSelector = 'app.kubernetes.io/instance in (karpenter,dzkarp)',
    namespace,
    imageIdentifiers = ['devzeroinc'],
    versionLabel = 'app.kubernetes.io/version',
    component = Component.KarpenterDeployment,
    subject = 'controller',
    portNames = ['http', 'health'],
    healthPort = 8081,
    maxPods = 3,
    probeTimeoutMs = 5_000,
    probeBudgetMs = 10_000,
    pageSize = 500,
    onListError = 'reject',
    fetch = httpGet,
    logger,
  } = options
  checkText(labelSelector, 'labelSelector')
  if (namespace !== undefined) checkText(namespace, 'namespace')
  checkTexts(imageIdentifiers, 'imageIdentifiers')
  checkText(versionLabel, 'versionLabel')
  checkName(component, 'component')
  checkText(subject, 'subject')
  checkTexts(portNames, 'portNames')
  checkInteger(healthPort, 'healthPort', 1, 65_535)
  checkInteger(maxPods, 'maxPods', 0, 100)
  checkInteger(probeTimeoutMs, 'probeTimeoutMs', 1, MAX_TIMEOUT_MS)
  checkInteger(probeBudgetMs, 'probeBudgetMs', 1, MAX_TIMEOUT_MS)
  checkInteger(pageSize, 'pageSize', 1, 10_000)
  if (onListError !== 'reject' && onListError !== 'undefined') {
    throw argumentError('onListError', onListError, "must be 'reject' or 'undefined'")
  }
  if (typeof fetch !== 'function') throw argumentError('fetch', fetch, 'must be a function')
  checkLogger(logger)
  return {
    access: resolveAccess(options),
    pageSize,
    labelSelector,
    namespace,
    imageIdentifiers: [...imageIdentifiers],
    versionLabel,
    component,
    subject,
    portNames: [...portNames],
    healthPort,
    maxPods,
    probeTimeoutMs,
    budgetMs: probeBudgetMs,
    isListErrorThrown: onListError === 'reject',
    fetch,
    logger: safeLogger('NodeOperatorMonitor', logger),
  }
}
