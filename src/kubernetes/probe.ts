// Asks Pods for their health. Three answers, as silence is no proof of sickness: the port may be wrong, or a network policy in the way.
import { argumentError } from '../model/errors.js'
import { withDeadline } from './deadline.js'
import { type Endpoints, endpointUrl } from './endpoints.js'
import type { ProbeFetch } from './http-get.js'

/** What one probe, or all of one endpoint, came to; the text is what metadata and messages show. */
export const ProbeOutcome = { Ok: 'true', NotOk: 'false', Unknown: 'unknown' } as const
export type ProbeOutcome = (typeof ProbeOutcome)[keyof typeof ProbeOutcome]

export interface ProbeLimits {
  /** Of one probe, redirects and all. */
  readonly probeTimeoutMs: number
  /** Of all of them together; what is left then is unknown at once. */
  readonly budgetMs: number
}

export interface ProbeOutcomes {
  readonly healthz: ProbeOutcome
  readonly readyz: ProbeOutcome
}

/** As many requests as Go's client makes before it gives up on redirects. */
const MAX_REQUESTS = 10
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/**
 * Asks each address for both endpoints, one after the other, and merges what they say.
 * @throws the reason of `signal`, nothing else.
 */
export async function probePods(
  addresses: readonly string[],
  endpoints: Endpoints,
  fetch: ProbeFetch,
  limits: ProbeLimits,
  signal: AbortSignal | undefined,
): Promise<ProbeOutcomes> {
  const deadline = performance.now() + limits.budgetMs
  const ask = async (url: string): Promise<ProbeOutcome> => {
    const leftMs = deadline - performance.now()
    if (leftMs <= 0) return ProbeOutcome.Unknown
    return probe(url, fetch, Math.min(limits.probeTimeoutMs, leftMs), signal)
  }
  const healthz: ProbeOutcome[] = []
  const readyz: ProbeOutcome[] = []
  for (const address of addresses) {
    healthz.push(await ask(endpointUrl(endpoints.healthz, address)))
    readyz.push(await ask(endpointUrl(endpoints.readyz, address)))
  }
  return { healthz: mergeOutcomes(healthz), readyz: mergeOutcomes(readyz) }
}

/** One that is not well decides, then one that is; of nothing nothing is known. */
export function mergeOutcomes(outcomes: readonly ProbeOutcome[]): ProbeOutcome {
  if (outcomes.includes(ProbeOutcome.NotOk)) return ProbeOutcome.NotOk
  return outcomes.includes(ProbeOutcome.Ok) ? ProbeOutcome.Ok : ProbeOutcome.Unknown
}

async function probe(
  url: string,
  fetch: ProbeFetch,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<ProbeOutcome> {
  try {
    return outcomeOf(
      await withDeadline(timeoutMs, signal, (inTime) => finalStatus(url, fetch, inTime)),
    )
  } catch {
    signal?.throwIfAborted()
    // No answer, for whatever reason: the reason is the network's or the address's, and says nothing about the Pod.
    return ProbeOutcome.Unknown
  }
}

function outcomeOf(status: number): ProbeOutcome {
  if (status === 200) return ProbeOutcome.Ok
  // Nobody serves that path there: it is the wrong question, not a bad answer.
  return status === 404 || status === 501 ? ProbeOutcome.Unknown : ProbeOutcome.NotOk
}

/** The status behind all redirects. */
async function finalStatus(url: string, fetch: ProbeFetch, signal: AbortSignal): Promise<number> {
  let target = checkedUrl(url)
  for (let count = 0; count < MAX_REQUESTS; count++) {
    const response = await fetch(target, { method: 'GET', redirect: 'manual', signal })
    const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null
    // Not read, and not waited for: its end is nobody's business.
    response.body?.cancel().catch(() => {})
    if (location === null || location === '') return response.status
    target = new URL(checkedUrl(location), target).href
  }
  throw new Error(`more than ${MAX_REQUESTS} redirects`)
}

/** Of what `URL` lets pass or mends, the part that Go's parser takes for no URL. */
function checkedUrl(url: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (!/[\0-\x1f\x7f]|%(?![0-9a-fA-F]{2})/.test(url)) return url
  throw argumentError('url', url, 'has a character that is not allowed')
}
