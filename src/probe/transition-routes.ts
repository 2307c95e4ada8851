// The history, for people and tools: the last transitions, and those to come. Probe actor's thread.
import type { Region } from '../memory/region.js'
import { busyAnswer, errorAnswer, JSON_TYPE, NOT_FOUND, reasonOf, UNAUTHORIZED } from './answers.js'
import type { CheckContext } from './check.js'
import type { EventStreams } from './event-streams.js'
import type { ProbeAnswer, ProbeRequest } from './listener.js'
import type { Target } from './query.js'
import { parseEventsQuery, parseHistoryQuery } from './transition-query.js'
import { MAX_WAITING_SCANS, TransitionScans } from './transition-scans.js'

/** What the routes of the history need of the runtime. */
export interface TransitionsContext {
  readonly region: Region
  readonly streams: EventStreams
}

const EVENTS_TYPE = 'text/event-stream'
const NOTHING = new Uint8Array(0)

export class TransitionRoutes {
  readonly #context: Pick<CheckContext, 'audience' | 'look'>
  readonly #scans: TransitionScans
  readonly #streams: EventStreams

  constructor(
    context: Pick<CheckContext, 'audience' | 'look'>,
    { region, streams }: TransitionsContext,
  ) {
    this.#context = context
    this.#scans = new TransitionScans(region)
    this.#streams = streams
  }

  /** The last transitions, the oldest first. Never throws, never rejects. */
  answerHistory(request: ProbeRequest, { query }: Target): ProbeAnswer | Promise<ProbeAnswer> {
    const refusal = this.#refuse(request)
    if (refusal !== undefined) return refusal
    const asked = parseHistoryQuery(query)
    if ('problem' in asked) return errorAnswer(400, asked.problem)
    const found = this.#scans.find(asked)
    if (found === undefined) {
      return busyAnswer(`too many wait for transitions: maxWaiting=${MAX_WAITING_SCANS}`)
    }
    return found.then(
      (body) => ({ status: 200, contentType: JSON_TYPE, body }),
      (error) => errorAnswer(503, reasonOf(error)),
    )
  }

  /** Transitions as they come. Never throws. */
  answerEvents(request: ProbeRequest, { query }: Target): ProbeAnswer {
    const refusal = this.#refuse(request)
    if (refusal !== undefined) return refusal
    const from = parseEventsQuery(query, request.header('last-event-id'))
    if (typeof from === 'object' && 'problem' in from) return errorAnswer(400, from.problem)
    if (this.#streams.isFull) {
      return errorAnswer(503, `too many event streams: maxStreams=${this.#streams.maxStreams}`)
    }
    return {
      status: 200,
      contentType: EVENTS_TYPE,
      body: NOTHING,
      // Proxies hold back what they take for a page that is not complete.
      headers: [['X-Accel-Buffering', 'no']],
      stream: this.#streams.opener(from),
    }
  }

  #refuse(request: ProbeRequest): ProbeAnswer | undefined {
    const { audience, look } = this.#context
    // What nobody may see is not there at all.
    if (audience.detail === 'never') return NOT_FOUND
    if (!audience.maySee(request)) return UNAUTHORIZED
    try {
      // Waits, as every read, for what was reported before.
      look()
      return undefined
    } catch (error) {
      return errorAnswer(503, reasonOf(error))
    }
  }
}
