// Tells, once after a start, that the instance before this one was killed for want of memory: nobody in that one could.
import { checkName, readOptions } from '../model/arguments.js'
import { argumentError } from '../model/errors.js'
import { HealthStatus } from '../model/health-status.js'
import type { HealthManager } from '../runtime/health-manager.js'
import {
  ACCESS_OPTION_NAMES,
  type AccessOptions,
  checkText,
  resolveAccess,
} from './access-options.js'
import { ApiServer } from './api-server.js'
import { checkLogger, type KubernetesLogger, safeLogger } from './logger.js'
import { containerStatusOf, oomKillOf } from './oom-kill.js'
import { ToldComponent } from './told-component.js'

export interface RestartOomDetectorOptions extends AccessOptions {
  /** The Pod's namespace. Default: `POD_NAMESPACE` of the environment; if that is empty too, nothing is checked. */
  namespace?: string
  /** The Pod's name. Default: `POD_NAME` of the environment; if that is empty too, nothing is checked. */
  podName?: string
  /** The container in it. Default: the only one; of several, none. */
  containerName?: string
  /** Gets the report, as an `error`, and what kept the detector from one, as `debug`. */
  logger?: KubernetesLogger
  /** The program's version, for the field `version`. Without it there is no such field. */
  version?: string
  /** Has the kill shown as a component: degraded, with the report's message and fields as metadata. */
  manager?: Pick<HealthManager, 'register'>
  /** What that component is called. Default `restart_oom`. */
  component?: string
}

export const RESTART_OOM_OPTION_NAMES = [
  ...ACCESS_OPTION_NAMES,
  'namespace',
  'podName',
  'containerName',
  'logger',
  'version',
  'manager',
  'component',
] as const

const OOM_MESSAGE = 'Previous instance was OOM-killed'

/**
 * Looks at this Pod for a container that was OOM-killed before it was started again, and logs an `error` then:
 * `Previous instance was OOM-killed`, with `container_name`, `reason`, `exit_code`, `finished_at`, `restart_count` and
 * `version`. That is all, unless it has a `manager`: then it also registers a component, at once, which says the same,
 * healthy if nothing of the kind has happened, and stays unspecified while nothing is known.
 *
 * Rules and texts are those of zxporter's RestartOOMDetector; its key `zxporter_version` is `version` here. It needs the
 * right to get Pods in its own namespace.
 */
export class RestartOomDetector {
  readonly #api: ApiServer
  readonly #namespace: string
  readonly #podName: string
  readonly #containerName: string | undefined
  readonly #version: string | undefined
  readonly #logger: KubernetesLogger
  readonly #told: ToldComponent | undefined
  #isKnown = false

  /** @throws HealthError `ERR_HEALTH_ARGUMENT`, and what `HealthManager.register` throws. */
  constructor(given: RestartOomDetectorOptions = {}) {
    const options = readOptions(given, 'options', RESTART_OOM_OPTION_NAMES)
    const { containerName, logger, version, manager, component = 'restart_oom' } = options
    const { POD_NAMESPACE = '', POD_NAME = '' } = process.env
    const { namespace = POD_NAMESPACE, podName = POD_NAME } = options
    checkString(namespace, 'namespace')
    checkString(podName, 'podName')
    if (containerName !== undefined) checkText(containerName, 'containerName')
    if (version !== undefined) checkString(version, 'version')
    checkLogger(logger)
    checkName(component, 'component')
    if (manager !== undefined && typeof Object(manager).register !== 'function') {
      throw argumentError('manager', manager, 'must be a HealthManager')
    }
    this.#api = new ApiServer({ ...resolveAccess(options), pageSize: 1 })
    this.#namespace = namespace
    this.#podName = podName
    this.#containerName = containerName
    this.#version = version
    this.#logger = safeLogger('RestartOOMDetector', logger)
    this.#told = manager && new ToldComponent(manager, component)
  }

  /** Whether a look has found out, one way or the other; then there is nothing to look for again. */
  get isKnown(): boolean {
    return this.#isKnown
  }

  /** Looks once, with one request. Never rejects but for a bad argument: what can't be found out is left open. */
  async check(signal?: AbortSignal): Promise<void> {
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw argumentError('signal', signal, 'must be an AbortSignal')
    }
    const kill = await this.#tryFindKill(signal)
    if (kill === undefined) return
    this.#isKnown = true
    if (kill === 'none') {
      this.#told?.tell(HealthStatus.Healthy, 'Previous instance was not OOM-killed', {})
      return
    }
    const fields = {
      ...kill,
      ...(this.#version !== undefined && { version: this.#version }),
    }
    this.#logger.error(fields, OOM_MESSAGE)
    this.#told?.tell(HealthStatus.Degraded, OOM_MESSAGE, fields)
  }

  /** Undefined where nobody can tell. */
  async #tryFindKill(
    signal: AbortSignal | undefined,
  ): Promise<Record<string, string> | 'none' | undefined> {
    if (this.#namespace === '' || this.#podName === '') {
      return this.#unknown('POD_NAMESPACE and POD_NAME are not both set')
    }
    try {
      const pod = await this.#api.pod(this.#namespace, this.#podName, signal)
      const container = containerStatusOf(pod, this.#containerName)
      if (container === undefined) return this.#unknown('the container was not found in its Pod')
      return oomKillOf(container) ?? 'none'
    } catch (error) {
      if (signal?.aborted) return undefined
      return this.#unknown((error as Error).message)
    }
  }

  #unknown(why: string): undefined {
    this.#logger.debug({ why }, 'whether the previous instance was OOM-killed is not known')
    this.#told?.tell(HealthStatus.Unspecified, why, {})
    return undefined
  }
}

function checkString(value: unknown, argument: string): asserts value is string {
  if (typeof value !== 'string') throw argumentError(argument, value, 'must be a string')
}
