// From a request to its answer: the paths of the probe server. Runs in the probe actor's thread, or in-process in
// tests; reads the runtime, and asks nobody else.
import { monotonicMs } from '../memory/control.js'
import type { SuspensionWatch } from '../memory/suspensions.js'
import type { Policy } from '../model/policy.js'
import type { HealthReport } from '../model/report.js'
import { excusedUntil } from '../model/start-up.js'
import type { Suppressions } from '../model/suppression.js'
import type { Look } from '../runtime/health-reader.js'
import {
  errorAnswer,
  failedReadAnswer,
  METHOD_NOT_ALLOWED,
  NOT_FOUND,
  UNAUTHORIZED,
} from './answers.js'
import { AudienceGuard } from './audience.js'
import { Check, type OnJudged } from './check.js'
import { ComponentRoutes } from './component-routes.js'
import type { ProbeLedger } from './ledger.js'
import { answerLedger } from './ledger-route.js'
import type { ProbeAnswer, ProbeHandler, ProbeRequest } from './listener.js'
import { ComponentMembers } from './members.js'
import { parseProbeQuery, parseTarget, type Target } from './query.js'
import { livenessQuestion, type Question, readinessQuestion, startupQuestion } from './questions.js'
import { SharedBodies } from './shared-bodies.js'
import { TransitionRoutes, type TransitionsContext } from './transition-routes.js'

/** What the routes read, without asking another thread. */
export interface ProbeReader {
  readonly policy: Policy
  /** The watch that this thread keeps for suspensions of the process. */
  readonly suspensions?: SuspensionWatch | undefined
  /** Report and gates of one instant. @throws HealthError `ERR_HEALTH_STOPPED`, `ERR_HEALTH_UNAVAILABLE` */
  look(): Look
  /** How long a suppression may last. */
  readonly maxSuppressionMs?: number
  /** The suppressions that hold now, none before those of the last look. */
  suppressions(): Suppressions
  /** Whether readiness has passed since the start of the runtime, up to the last look at least. */
  hasBeenReady(): boolean
}

/** To whom components, messages and metadata are shown: everybody, nobody, or loopback and who has the token. */
export type Detail = 'always' | 'never' | 'authorized'

/** Who may see what. */
export interface Audience {
  readonly detail: Detail
  /** The bearer token of `authorized`; without one, only loopback is. */
  readonly token: string | undefined
}

/** Answers `/metrics`, or throws or rejects where the runtime cannot be read; see metrics.ts. */
export type Scrape = () => Promise<ProbeAnswer>

export interface RouteOptions {
  readonly audience: Audience
  readonly scrape?: Scrape | undefined
  /** For `/transitions` and `/events`, which are not there without it. */
  readonly transitions?: TransitionsContext
  /** For `/ledger`, which is not there without it. */
  readonly ledger?: ProbeLedger
  /** Told what each probe was judged by. */
  readonly onJudged?: OnJudged
  /** Until when `/startupz` passes in any case, on `now`. Default: it does not. */
  readonly startupDeadline?: number
  /** Until when it passes at the most, while a start-up advances. */
  readonly startupLatest?: number
  /** Ms on a clock that never goes back; `monotonicMs` but in tests. */
  readonly now?: () => number
}

/** Answers whatever is asked of a path by GET or HEAD. Never throws, never rejects. */
type Route = (request: ProbeRequest, target: Target) => ProbeAnswer | Promise<ProbeAnswer>

const COMPONENTS = '/components'

/** The answers of the probe server. A read that fails is answered 503 with its reason, never left open. */
export function createProbeHandler(reader: ProbeReader, options: RouteOptions): ProbeHandler {
  const { policy } = reader
  const { scrape, transitions, ledger, onJudged, now = monotonicMs } = options
  const { startupDeadline = 0, startupLatest = 0 } = options
  const audience = new AudienceGuard(options.audience)
  const context = {
    look: () => reader.look(),
    suppressions: () => reader.suppressions(),
    audience,
    members: new ComponentMembers(),
    bodies: new SharedBodies<HealthReport>(),
    onJudged,
  }
  const components = new ComponentRoutes(context)
  const probe = (question: Question) => probeRoute(new Check(question, context))
  const livez = probe(livenessQuestion(policy))
  const startup = startupQuestion(
    policy,
    () => reader.hasBeenReady(),
    ({ startUp }) => now() < excusedUntil(startupDeadline, startupLatest, startUp),
  )
  const routes = new Map<string, Route>([
    ['/healthz', livez],
    ['/livez', livez],
    ['/readyz', probe(readinessQuestion(policy))],
    ['/startupz', probe(startup)],
    [COMPONENTS, (request) => components.answerAll(request)],
  ])
  if (ledger !== undefined) {
    routes.set('/ledger', (request) => answerLedger(ledger, audience, request))
  }
  if (scrape !== undefined) routes.set('/metrics', scrapeRoute(scrape, audience))
  if (transitions !== undefined) {
    const history = new TransitionRoutes(context, transitions)
    routes.set('/transitions', (request, target) => history.answerHistory(request, target))
    routes.set('/events', (request, target) => history.answerEvents(request, target))
  }
  const component: Route = (request, { path }) =>
    components.answerOne(request, path.slice(COMPONENTS.length + 1))

  return (request) => {
    let target: Target = { path: request.target, query: '' }
    let route = routes.get(target.path)
    if (route === undefined) {
      target = parseTarget(request.target)
      const isComponent = target.path.startsWith(`${COMPONENTS}/`)
      route = isComponent ? component : routes.get(target.path)
    }
    const { method } = request
    if (route === undefined) {
      const isOfServer = target.path === '*' && method === 'OPTIONS'
      return isOfServer ? METHOD_NOT_ALLOWED : NOT_FOUND
    }
    return method === 'GET' || method === 'HEAD' ? route(request, target) : METHOD_NOT_ALLOWED
  }
}

function probeRoute(check: Check): Route {
  return (request, { path, query }) => {
    const asked = parseProbeQuery(query)
    return 'problem' in asked ? errorAnswer(400, asked.problem) : check.answer(request, path, asked)
  }
}

function scrapeRoute(scrape: Scrape, audience: AudienceGuard): Route {
  return async (request) => {
    if (!audience.mayScrape(request)) return UNAUTHORIZED
    try {
      return await scrape()
    } catch (error) {
      return failedReadAnswer(error)
    }
  }
}
