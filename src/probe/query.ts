// What a request target asks for. Pure; any thread. Clients write targets, so nothing here throws, and nothing costs
// more than its length.
import { show } from '../model/errors.js'
import type { FailOn } from '../model/policy.js'

/** What the query of a probe asks for. */
export interface Asked {
  /** Lines for people instead of JSON. */
  readonly isVerbose: boolean
  /** These components do not count this time. */
  readonly excluded: ReadonlySet<string>
  readonly failOn: FailOn
}

/** What a probe without a query asks for. */
export const PLAIN: Asked = { isVerbose: false, excluded: new Set(), failOn: 'unhealthy' }

/** Whether the verdict is the one that a probe without a query is told. */
export function isJudgedPlainly({ excluded, failOn }: Asked): boolean {
  return excluded === PLAIN.excluded && failOn === PLAIN.failOn
}

/** A query that cannot be followed: it would be answered with a verdict that was not asked for. */
export interface BadQuery {
  readonly problem: string
}

/** Room for some hundred names; what is longer is a mistake. */
export const MAX_QUERY_CHARACTERS = 8_192

/**
 * The query of a probe, as a form encodes it. Parameters that are not known are tolerated, and so is a `verbose` with
 * any value, as the kube-apiserver does.
 */
export function parseProbeQuery(query: string): Asked | BadQuery {
  if (query === '') return PLAIN
  if (query.length > MAX_QUERY_CHARACTERS) {
    return { problem: `the query is longer than ${MAX_QUERY_CHARACTERS} characters` }
  }
  const parameters = new URLSearchParams(query)
  const isVerbose = parameters.has('verbose')
  const excluded = parameters.getAll('exclude')
  const thresholds = parameters.getAll('failon')
  const unknown = thresholds.find((threshold) => threshold !== 'degraded')
  if (unknown !== undefined) return { problem: `failon=${show(unknown)}: must be degraded` }
  if (!isVerbose && excluded.length === 0 && thresholds.length === 0) return PLAIN
  return {
    isVerbose,
    excluded: excluded.length === 0 ? PLAIN.excluded : new Set(excluded),
    failOn: thresholds.length === 0 ? 'unhealthy' : 'degraded',
  }
}

export interface Target {
  /** Percent-decoded. Empty where that is not possible, which is the path of nothing. */
  readonly path: string
  /** What follows the question mark, as it is. */
  readonly query: string
}

const ORIGIN = /^https?:\/\/[^/?]*/i

/** In absolute form, as for a proxy, the host does not matter. */
export function parseTarget(absoluteOrPath: string): Target {
  const target = absoluteOrPath.startsWith('/')
    ? absoluteOrPath
    : absoluteOrPath.replace(ORIGIN, '')
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  return { path: decodePath(path), query: mark === -1 ? '' : target.slice(mark + 1) }
}

function decodePath(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    // Not percent-encoded UTF-8, so nothing here has that name.
    return ''
  }
}
