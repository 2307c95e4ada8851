// What the queries of `/transitions` and `/events` ask for. Pure; any thread. Nothing here throws, or costs more than the
// length of the query.
import { show } from '../model/errors.js'
import type { EventId, EventsFrom } from './event-streams.js'
import { type BadQuery, MAX_QUERY_CHARACTERS } from './query.js'

export interface AskedHistory {
  /** Of this component alone. */
  readonly component: string | undefined
  readonly limit: number
}

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1_000

export function parseHistoryQuery(query: string): AskedHistory | BadQuery {
  const parameters = parametersOf(query)
  if ('problem' in parameters) return parameters
  const component = parameters.values.get('component') ?? undefined
  const limit = parameters.values.get('limit')
  if (limit === null) return { component, limit: DEFAULT_LIMIT }
  const count = wholeNumber(limit)
  if (count === undefined || count < 1 || count > MAX_LIMIT) {
    return { problem: `limit=${show(limit)}: must be 1 to ${MAX_LIMIT}` }
  }
  return { component, limit: count }
}

/** The header is of a client that comes back, with the query of its first request: so it comes before that. */
export function parseEventsQuery(query: string, lastEventId: string): EventsFrom | BadQuery {
  if (lastEventId !== '') {
    return (
      parseEventId(lastEventId) ?? {
        problem: `Last-Event-ID=${show(lastEventId)}: must be the id of an event`,
      }
    )
  }
  const parameters = parametersOf(query)
  if ('problem' in parameters) return parameters
  const from = parameters.values.get('from') ?? 'now'
  if (from === 'now' || from === 'oldest') return from
  const first = wholeNumber(from)
  return first === undefined || first < 1
    ? { problem: `from=${show(from)}: must be now, oldest or a transition's number` }
    : first
}

function parseEventId(text: string): EventId | undefined {
  const [, runtimeId, number] = /^([0-9a-f]{16})-(\d{1,15})$/.exec(text) ?? []
  return runtimeId === undefined ? undefined : { runtimeId, number: Number(number) }
}

function parametersOf(query: string): { readonly values: URLSearchParams } | BadQuery {
  if (query.length > MAX_QUERY_CHARACTERS) {
    return { problem: `the query is longer than ${MAX_QUERY_CHARACTERS} characters` }
  }
  return { values: new URLSearchParams(query) }
}

/** Fifteen digits are exact, and more than there will be. */
function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
