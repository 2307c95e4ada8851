// From a request to its answer: the paths of the probe server. Runs in the probe actor's thread, or in-process in
// tests; reads the runtime, and asks nobody else.
import type { HealthCheckError } from '../model/errors.js'
import type { HealthReport } from '../model/report.js'
import type { ProbeAnswer, ProbeHandler } from './listener.js'
import { renderError, VerdictRenderer } from './render.js'

/** What the routes read: verdict and components of one instant. HealthManager is one. */
export interface ProbeReader {
  checkLiveness(): ProbeVerdict
  checkReadiness(): ProbeVerdict
}

export interface ProbeVerdict {
  readonly report: HealthReport
  readonly error: HealthCheckError | undefined
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
  allow: 'GET, HEAD',
  body: renderError('method not allowed'),
}

/** The answers of the probe server. A read that fails is answered 503 with its reason, never left open. */
export function createProbeHandler(reader: ProbeReader): ProbeHandler {
  const livez = createCheck(
    () => reader.checkLiveness(),
    new VerdictRenderer('healthy', 'unhealthy'),
  )
  const readyz = createCheck(
    () => reader.checkReadiness(),
    new VerdictRenderer('ready', 'not ready'),
  )
  const routes = new Map([
    ['/healthz', livez],
    ['/livez', livez],
    ['/readyz', readyz],
  ])
  return (method, target) => {
    const route = routes.get(target) ?? routes.get(pathOf(target))
    if (route === undefined) return notFound
    return method === 'GET' || method === 'HEAD' ? route() : methodNotAllowed
  }
}

function createCheck(check: () => ProbeVerdict, renderer: VerdictRenderer): () => ProbeAnswer {
  // The last answer is kept with its body, so an unchanged verdict costs the read alone.
  let last: ProbeAnswer | undefined
  return () => {
    try {
      const { report, error } = check()
      const body = renderer.render(report, error)
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
