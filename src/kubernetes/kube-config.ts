// Where credentials come from when none are given.
import type { KubeConfig } from '@kubernetes/client-node'
import { HealthError } from '../model/errors.js'
import { kubernetesError } from './api-error.js'

/** What the client makes up where it has found nothing: a server that it then refuses to talk to, without TLS. */
const MADE_UP_SERVER = 'http://localhost:8080'

/** Of old kubeconfigs: the client renews their tokens by a command that it waits for synchronously, and without a bound. */
const BLOCKING_PROVIDERS = ['gcp', 'azure']

/**
 * The file, or what the client finds: `KUBECONFIG`, `~/.kube/config`, or the Pod's service account.
 * @throws HealthError `ERR_HEALTH_KUBERNETES`
 */
export function loadKubeConfig(Config: typeof KubeConfig, file: string | undefined): KubeConfig {
  const config = new Config()
  try {
    if (file !== undefined) config.loadFromFile(file)
    else config.loadFromDefault()
  } catch (error) {
    throw loadFailure(error)
  }
  const server = config.getCurrentCluster()?.server
  if (server === undefined) {
    throw new HealthError('ERR_HEALTH_KUBERNETES', 'the kubeconfig has no current cluster')
  }
  if (file === undefined && server === MADE_UP_SERVER) {
    throw new HealthError(
      'ERR_HEALTH_KUBERNETES',
      'no credentials were found: KUBECONFIG is not set, and there is neither ~/.kube/config nor a service account',
    )
  }
  const provider: unknown = config.getCurrentUser()?.authProvider?.name
  if (typeof provider === 'string' && BLOCKING_PROVIDERS.includes(provider)) {
    throw new HealthError(
      'ERR_HEALTH_KUBERNETES',
      `auth-provider=${provider}: runs a command that blocks the thread; use exec`,
    )
  }
  return config
}

/**
 * A parser of YAML quotes the lines around what it stumbles over, and those of a kubeconfig may hold a token: only the place is
 * told, and the parser's error is not kept as the cause.
 */
function loadFailure(error: unknown): HealthError {
  const failure = 'the kubeconfig could not be loaded'
  const { mark } = Object(error) as { mark?: { line?: unknown; column?: unknown } }
  if (typeof mark?.line !== 'number') return kubernetesError(failure, error)
  const place = `line=${mark.line + 1} column=${Number(mark.column) + 1}`
  return new HealthError('ERR_HEALTH_KUBERNETES', `${failure}: it is no YAML: ${place}`)
}
