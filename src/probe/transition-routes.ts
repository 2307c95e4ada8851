// The history, for people and tools: the last transitions, and those to come. Probe actor's thread.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Region } from '../memory/region.js'
import { TransitionScan } from '../memory/transition-scan.js'
import type { Transition } from '../model/transition.js'
import { transitionJson } from '../model/transition-json.js'
import { errorAnswer, JSON_TYPE, NOT_FOUND, reasonOf, UNAUTHORIZED } from './answers.js'
import type { CheckContext } from './check.js'
import type { EventStreams } from './event-streams.js'
import type { ProbeAnswer, ProbeRequest } from './listener.js'
import type { Target } from './query.js'
import { type AskedHistory, parseEventsQuery, parseHistoryQuery } from './transition-query.js'

/** What the routes of the history need of the runtime. */
export interface TransitionsContext {
  readonly region: Region
  readonly streams: EventStreams
}

/** Transitions that are looked at before a probe has its turn; some 0.3 ms. */
const LOOKS_A_TURN = 64
const EVENTS_TYPE = 'text/event-stream'
const NOTHING = new Uint8Array(0)

export class TransitionRoutes {
  readonly #context: Pick<CheckContext, 'audience' | 'look'>
  readonly #region: Region
  readonly #streams: EventStreams
  /** The last look through the journal: one at a time, so that many who ask take no more turns than one. */
  #scanned: Promise<unknown> = Promise.resolve()

  constructor(
    context: Pick<CheckContext, 'audience' | 'look'>,
    { region, streams }: TransitionsContext,
  ) {
    this.#context = context
    this.#region = region
    this.#streams = streams
  }

  /** The last transitions, the oldest first. Never throws, never rejects. */
  answerHistory(request: ProbeRequest, { query }: Target): ProbeAnswer | Promise<ProbeAnswer> {
    const refusal = this.#refuse(request)
    if (refusal !== undefined) return refusal
    const asked = parseHistoryQuery(query)
    if ('problem' in asked) return errorAnswer(400, asked.problem)
    const found = this.#scanned.then(() => this.#scan(asked))
    this.#scanned = found.catch(() => {})
    return found.then(historyAnswer, (error) => errorAnswer(503, reasonOf(error)))
  }

  /** Transitions as they come. Never throws. */
  answerEvents(request: ProbeRequest, { query }: Target): ProbeAnswer {
    const refusal = this.#refuse(request)
    if (refusal !== undefined) return refusal
    const from = parseEventsQuery(query, request.header('last-event-id'))
    if (typeof from === 'object' && 'problem' in from) return errorAnswer(400, from.problem)
    const head = { status: 200, contentType: EVENTS_TYPE, body: NOTHING } as const
    if (request.method === 'HEAD') return head
    if (this.#streams.isFull) {
      return errorAnswer(503, `too many event streams: maxStreams=${this.#streams.maxStreams}`)
    }
    // Proxies hold back what they take for a page that is not complete.
    return {
      ...head,
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

  async #scan(asked: AskedHistory): Promise<Transition[]> {
    const scan = new TransitionScan(this.#region, asked)
    while (!scan.isDoneAfter(LOOKS_A_TURN)) await nextTurn()
    return scan.result()
  }
}

function historyAnswer(transitions: readonly Transition[]): ProbeAnswer {
  const members = transitions.map(transitionJson).join(',')
  return {
    status: 200,
    contentType: JSON_TYPE,
    body: Buffer.from(`{"transitions":[${members}]}\n`),
  }
}
