// The API server, as far as this package asks it: lists in pages, and one Pod. Uses the official client, which is loaded
// with the first request, as that takes a second and some 70 MiB.
import { setTimeout as delay } from 'node:timers/promises'
import type {
  AppsV1Api,
  ConfigurationOptions,
  CoreV1Api,
  KubeConfig,
  KubernetesListObject,
  KubernetesObject,
  V1Deployment,
  V1Pod,
} from '@kubernetes/client-node'
import { HealthError } from '../model/errors.js'
import { AnswerError, kubernetesError, refusedAnswer } from './api-error.js'
import { withDeadline } from './deadline.js'
import { loadKubeConfig } from './kube-config.js'

export interface ApiServerSettings {
  readonly kubeConfig: KubeConfig | undefined
  readonly kubeConfigFile: string | undefined
  /** Objects asked for at once. */
  readonly pageSize: number
  /** Of one list, all pages of it, or of one Pod. */
  readonly timeoutMs: number
}

export interface ListQuery<T> {
  /** Undefined asks all namespaces. */
  readonly namespace: string | undefined
  readonly labelSelector: string
  /** What is not kept is forgotten page by page, so that a large list needs no large memory. */
  readonly keep: (item: T) => boolean
}

/** How long something may take. */
interface InTime {
  readonly signal: AbortSignal
  /** By `performance.now()`, when the signal aborts. */
  readonly endMs: number
}

interface Client {
  readonly apps: AppsV1Api
  readonly core: CoreV1Api
  /** Has a request end with the signal. */
  readonly optionsFor: (signal: AbortSignal) => ConfigurationOptions
}

type ListPage<T extends KubernetesObject> = (
  client: Client,
  page: { readonly labelSelector: string; readonly limit: number; readonly _continue?: string },
  options: ConfigurationOptions,
) => Promise<KubernetesListObject<T>>

/** As often as Kubernetes' own client does it, where the server says when to come back. */
const MAX_ATTEMPTS = 10

export class ApiServer {
  readonly #settings: ApiServerSettings
  #client: Client | undefined
  /**
   * Settles when all that was given up has ended, for which the next request waits within its own time: a plugin for credentials
   * heeds no signal, and one of them at a time is enough.
   */
  #abandoned: Promise<unknown> = Promise.resolve()

  constructor(settings: ApiServerSettings) {
    this.#settings = settings
  }

  /** @throws HealthError `ERR_HEALTH_KUBERNETES`, or the reason of `signal`. */
  deployments(query: ListQuery<V1Deployment>, signal?: AbortSignal): Promise<V1Deployment[]> {
    const { namespace } = query
    const listPage: ListPage<V1Deployment> = ({ apps }, page, options) =>
      namespace === undefined
        ? apps.listDeploymentForAllNamespaces(page, options)
        : apps.listNamespacedDeployment({ namespace, ...page }, options)
    return this.#bounded('Deployments could not be listed', signal, (client, inTime) =>
      this.#list(client, query, listPage, inTime),
    )
  }

  /** @throws HealthError `ERR_HEALTH_KUBERNETES`, or the reason of `signal`. */
  pods(
    query: ListQuery<V1Pod> & { readonly namespace: string },
    signal?: AbortSignal,
  ): Promise<V1Pod[]> {
    const { namespace } = query
    const listPage: ListPage<V1Pod> = ({ core }, page, options) =>
      core.listNamespacedPod({ namespace, ...page }, options)
    return this.#bounded('Pods could not be listed', signal, (client, inTime) =>
      this.#list(client, query, listPage, inTime),
    )
  }

  /** @throws HealthError `ERR_HEALTH_KUBERNETES`, or the reason of `signal`. */
  pod(namespace: string, name: string, signal?: AbortSignal): Promise<V1Pod> {
    return this.#bounded('the Pod could not be read', signal, async (client, inTime) => {
      const { core, optionsFor } = client
      const pod = await patiently(inTime, () =>
        core.readNamespacedPod({ namespace, name }, optionsFor(inTime.signal)),
      )
      if (typeof pod !== 'object' || pod?.kind !== 'Pod')
        throw new AnswerError('the answer is no Pod')
      return pod
    })
  }

  async #bounded<T>(
    failure: string,
    signal: AbortSignal | undefined,
    work: (client: Client, inTime: InTime) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted()
    try {
      // Before the time begins: a slow machine may take longer to load the client than a server to answer.
      const client = await this.#connect()
      const { timeoutMs } = this.#settings
      const endMs = performance.now() + timeoutMs
      return await withDeadline(timeoutMs, signal, async (signal) => {
        await this.#abandoned
        signal.throwIfAborted()
        const running = work(client, { signal, endMs })
        const abandon = () => {
          this.#abandoned = Promise.allSettled([this.#abandoned, running])
        }
        signal.addEventListener('abort', abandon, { once: true })
        return running
      })
    } catch (error) {
      signal?.throwIfAborted()
      throw error instanceof HealthError ? error : kubernetesError(failure, error)
    }
  }

  async #list<T extends KubernetesObject>(
    client: Client,
    { labelSelector, keep }: ListQuery<T>,
    listPage: ListPage<T>,
    inTime: InTime,
  ): Promise<T[]> {
    const first = { labelSelector, limit: this.#settings.pageSize }
    let kept: T[] = []
    let token = ''
    let hasExpired = false
    while (true) {
      const page = token === '' ? first : { ...first, _continue: token }
      try {
        const list = await patiently(inTime, () =>
          listPage(client, page, client.optionsFor(inTime.signal)),
        )
        kept.push(...itemsOf(list).filter(keep))
        token = list.metadata?._continue ?? ''
        if (token === '') return kept
      } catch (error) {
        // The snapshot that the pages are cut from was compacted away meanwhile: a list is of one instant or it is none.
        if (token === '' || hasExpired || refusedAnswer(error)?.status !== 410) throw error
        hasExpired = true
        kept = []
        token = ''
      }
    }
  }

  /** What failed is tried anew by the next request: a mount or a file may come late. */
  async #connect(): Promise<Client> {
    if (this.#client !== undefined) return this.#client
    const library = await import('@kubernetes/client-node')
    const { kubeConfig, kubeConfigFile } = this.#settings
    const config = kubeConfig ?? loadKubeConfig(library.KubeConfig, kubeConfigFile)
    this.#client = {
      apps: config.makeApiClient(library.AppsV1Api),
      core: config.makeApiClient(library.CoreV1Api),
      optionsFor: (signal) => ({
        middleware: [
          {
            pre: (context) => {
              context.setSignal(signal)
              return new library.Observable(Promise.resolve(context))
            },
            post: (response) => new library.Observable(Promise.resolve(response)),
          },
        ],
        middlewareMergeStrategy: 'append',
      }),
    }
    return this.#client
  }
}

function itemsOf<T extends KubernetesObject>(list: KubernetesListObject<T>): readonly T[] {
  // An object of another kind deserializes, too, to one without items. An empty list may say null.
  if (typeof list !== 'object' || !list?.kind?.endsWith('List')) {
    throw new AnswerError('the answer is no list')
  }
  return list.items ?? []
}

/** Comes back when the server asks for it, as long as that is in time: it sheds load, or is about to be replaced. */
async function patiently<T>({ signal, endMs }: InTime, ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      const seconds = retryAfterSeconds(error)
      if (seconds === undefined || attempt >= MAX_ATTEMPTS) throw error
      // What the server has said is worth more than that it could not be waited for.
      if (performance.now() + seconds * 1_000 >= endMs) throw error
      await delay(seconds * 1_000, undefined, { signal })
    }
  }
}

function retryAfterSeconds(error: unknown): number | undefined {
  const refused = refusedAnswer(error)
  if (refused === undefined || (refused.status !== 429 && refused.status < 500)) return undefined
  const text = refused.headers['retry-after'] ?? ''
  return /^\d{1,5}$/.test(text) ? Number(text) : undefined
}
