// Where a Pod answers for its health: what the kubelet is told to ask, as far as that is HTTP. Pure.
import type { V1Container, V1HTTPGetAction } from '@kubernetes/client-node'

export interface Endpoint {
  readonly scheme: 'http' | 'https'
  readonly port: number
  /** Begins with a slash. */
  readonly path: string
}

export interface Endpoints {
  readonly healthz: Endpoint
  readonly readyz: Endpoint
}

/** What holds where no probe says it. */
export interface FallbackPorts {
  /** The first port with one of these names. */
  readonly names: readonly string[]
  /** Where no container has such a port. */
  readonly port: number
}

/**
 * The endpoints of the first container with a usable liveness probe and of the first with a usable readiness probe,
 * which need not be the same one.
 */
export function endpointsOf(
  containers: readonly V1Container[],
  fallback: FallbackPorts,
): Endpoints {
  const standard = (path: string): Endpoint => ({
    scheme: 'http',
    port: fallbackPort(containers, fallback),
    path,
  })
  const probed = (
    path: string,
    actionOf: (container: V1Container) => V1HTTPGetAction | undefined,
  ) => {
    for (const container of containers) {
      const endpoint = endpointOf(actionOf(container), container, path)
      if (endpoint !== undefined) return endpoint
    }
    return standard(path)
  }
  return {
    healthz: probed('/healthz', ({ livenessProbe }) => livenessProbe?.httpGet),
    readyz: probed('/readyz', ({ readinessProbe }) => readinessProbe?.httpGet),
  }
}

/** The address of an endpoint in one Pod. */
export function endpointUrl({ scheme, port, path }: Endpoint, address: string): string {
  const host = address.includes(':') ? `[${address}]` : address
  return `${scheme}://${host}:${port}${path}`
}

/** Undefined where its port can't be used. The action's host and headers do not count. */
function endpointOf(
  action: V1HTTPGetAction | undefined,
  container: V1Container,
  standardPath: string,
): Endpoint | undefined {
  if (!action) return undefined
  const port = portOf(action.port, container)
  if (port === undefined) return undefined
  const path = action.path || standardPath
  return {
    scheme: action.scheme === 'HTTPS' ? 'https' : 'http',
    port,
    path: path.startsWith('/') ? path : `/${path}`,
  }
}

function portOf(port: number | string, container: V1Container): number | undefined {
  if (typeof port === 'number') return port > 0 ? port : undefined
  const named = (container.ports ?? []).find(({ name }) => name === port)
  if (named !== undefined) return named.containerPort
  const value = /^\+?\d+$/.test(port) ? Number(port) : 0
  // What does not fit 64 bits is no number there either.
  return value > 0 && value < 2 ** 63 ? value : undefined
}

function fallbackPort(containers: readonly V1Container[], { names, port }: FallbackPorts): number {
  const ports = containers.flatMap((container) => container.ports ?? [])
  return ports.find(({ name }) => name !== undefined && names.includes(name))?.containerPort ?? port
}
