// Transitions as JSON, for people and tools that have no HealthStatus. Pure; any thread.
import { healthStatusName } from './health-status.js'
import type { Gap, Transition } from './transition.js'

/** One object on one line: statuses by name, the time in ISO 8601. A gap is `{"missed":n}`. */
export function transitionJson(entry: Transition | Gap): string {
  if ('missed' in entry) return JSON.stringify({ missed: entry.missed })
  const { number, component, oldStatus, newStatus, message, metadata, at } = entry
  return JSON.stringify({
    number,
    at: new Date(at).toISOString(),
    component,
    oldStatus: healthStatusName(oldStatus),
    newStatus: healthStatusName(newStatus),
    message,
    metadata,
  })
}
