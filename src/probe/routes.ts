// From a request to its answer: the paths of the probe server. Runs in the probe actor's thread, or in-process in
// tests; reads the runtime, and asks nobody else.
import type { HealthCheckError } from '../model/errors.js'
import { judgeLiveness, judgeReadiness, type Policy } from '../model/policy.js'
import type { Look } from '../runtime/health-reader.js'
import type { ProbeAnswer, ProbeHandler } from './listener.js'
import { renderError, VerdictRenderer } from './render.js'

/** What the routes read, without asking another thread. */
export interface ProbeReader {
  readonly policy: Policy
  /** Report and gates of one instant. @throws HealthError `ERR_HEALTH_STOPPED`, `ERR_HEALTH_UNAVAILABLE` */
  look(): Look
  /** Whether readiness has passed since the start of the runtime, this look included. */
  hasBeenReady(look: Look): boolean
}

/** To whom components, messages and metadata are shown: everybody, nobody, or loopback and who has the token. */
export type Detail = 'always' | 'never' | 'authorized'

/** Who may see what. */
export interface Audience {
  readonly detail: Detail
  /** The bearer token of `authorized`; without one, only loopback is. */
  readonly token: string | undefined
}

/** Answers `/metrics`; see metrics.ts. */
export type Scrape = () => Promise<ProbeAnswer>

export interface RouteOptions {
  readonly audience: Audience
  readonly scrape?: Scrape | undefined
}

const JSON_TYPE = 'application/json'

const notFound: ProbeAnswer = {
  status: 404,
  contentType: JSON_TYPE,
  body: renderError('not found'),
}

const methodNotAllowed: ProbeAnswer = {
  status: 405,
  contentType: JSON_TYPE,
  headers: [['Allow', 'GET, HEAD']],
  body: renderError('method not allowed'),
}

/** The answers of the probe server. A read that fails is answered 503 with its reason, never left open. */
export function createProbeHandler(reader: ProbeReader, options: RouteOptions): ProbeHandler {
  const { policy } = reader
  const livez = createCheck(
    reader,
    ({ report, gate }) => judgeLiveness(policy, gate, (name) => report.get(name)),
    new VerdictRenderer('healthy', 'unhealthy'),
  )
  const readyz = createCheck(
    reader,
    ({ report, gate }) => judgeReadiness(policy, gate, (name) => report.get(name)),
    new VerdictRenderer('ready', 'not ready'),
  )
  const routes = new Map<string, () => ProbeAnswer | Promise<ProbeAnswer>>([
    ['/healthz', livez],
    ['/livez', livez],
    ['/readyz', readyz],
  ])
  if (options.scrape !== undefined) routes.set('/metrics', options.scrape)
  return ({ method, target }) => {
    const route = routes.get(target) ?? routes.get(pathOf(target))
    if (route === undefined) return notFound
    return method === 'GET' || method === 'HEAD' ? route() : methodNotAllowed
  }
}

function createCheck(
  reader: ProbeReader,
  judge: (look: Look) => HealthCheckError | undefined,
  renderer: VerdictRenderer,
): () => ProbeAnswer {
  // The last answer is kept with its body, so an unchanged verdict costs the read alone.
  let last: ProbeAnswer | undefined
  return () => {
    try {
      const look = reader.look()
      const error = judge(look)
      const body = renderer.render(look.report, error)
      const status = error ? 503 : 200
      if (last?.body !== body) last = { status, contentType: JSON_TYPE, body }
      return last
    } catch (error) {
      // The runtime was stopped, or its memory is not ours to read: either is an answer to a probe.
      const message = error instanceof Error ? error.message : 'the health runtime cannot be read'
      return { status: 503, contentType: JSON_TYPE, body: renderer.renderFailure(message) }
    }
  }
}

/** The path of a request target: no query, percent-decoded. A target that cannot be decoded names no path of ours. */
function pathOf(target: string): string {
  const path = target.split('?', 1)[0]!
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return ''
  }
}
