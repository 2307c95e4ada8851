// An incident as JSON: the whole, and as much of it as a kubelet takes. Pure; any thread.
import { fitText } from '../memory/text.js'
import type { Incident } from './incident.js'

/** A kubelet shows no more of a termination log. */
export const TERMINATION_LOG_BYTES = 4_096

const MAX_CULPRIT_BYTES = 1_024
const MAX_TEXT_BYTES = 192

/** For the incident file. */
export function wholeIncident(incident: Incident): string {
  return `${JSON.stringify(incident, undefined, 2)}\n`
}

/**
 * For the termination log: one line of at most `maxBytes`. What matters most comes first, long texts are cut, and what does
 * not fit is left out; of lists, what comes last.
 */
export function lastWords(incident: Incident, maxBytes = TERMINATION_LOG_BYTES): string {
  const { kind, at, pid, exitCode, culprit, liveness, readiness, suppressed, probes } = incident
  const words = new BoundedObject(maxBytes)
  words.add('kind', kind)
  words.add('at', at)
  words.add('pid', pid)
  if (exitCode !== undefined) words.add('exitCode', exitCode)
  words.add('culprit', fitText(culprit, MAX_CULPRIT_BYTES))
  for (const [check, { status, error }] of Object.entries({ liveness, readiness })) {
    words.add(check, error === undefined ? { status } : { status, error: short(error) })
  }
  if (probes !== undefined) {
    const { answered, failuresInARow, lastFailure } = probes
    const { at: failedAt, reason } = lastFailure ?? { at: 0, reason: '' }
    words.add('probes', {
      answered,
      failuresInARow,
      ...(lastFailure && {
        lastFailure: { at: new Date(failedAt).toISOString(), reason: short(reason) },
      }),
    })
  }
  words.addList(
    'suppressed',
    suppressed.map(({ check, owner, reason, remainingMs }) => {
      const hasEnd = remainingMs !== undefined
      return { check, owner: short(owner), reason: short(reason), ...(hasEnd && { remainingMs }) }
    }),
  )
  // A bound, as there may be a thousand threads.
  words.addList('breadcrumbs', incident.breadcrumbs, words.roomBytes / 4)
  words.addList(
    'components',
    incident.components.map(({ component, status, message, since }) => {
      return { component, status, message: short(message), since }
    }),
    // Half of the room is for what led to it.
    words.roomBytes / 2,
  )
  words.addList(
    'transitions',
    incident.transitions.map(({ metadata: _, message, ...rest }) => {
      return { ...rest, message: short(message) }
    }),
  )
  return words.close()
}

/** A JSON object to which members are added as long as there is room. */
class BoundedObject {
  #json = '{'
  roomBytes: number

  constructor(maxBytes: number) {
    this.roomBytes = maxBytes - '{}\n'.length
  }

  add(key: string, value: unknown): void {
    this.#tryAdd(`"${key}":${JSON.stringify(value)}`)
  }

  /** The first items, as many as fit, and how many do not. */
  addList(key: string, items: readonly unknown[], maxBytes = this.roomBytes): void {
    if (items.length === 0) return
    const shown: string[] = []
    let leftBytes = maxBytes - `,"${key}":[],"${key}Omitted":${items.length}`.length
    for (const item of items) {
      const json = JSON.stringify(item)
      leftBytes -= Buffer.byteLength(json) + 1
      if (leftBytes < 0) break
      shown.push(json)
    }
    const omitted = items.length - shown.length
    const rest = omitted === 0 ? '' : `,"${key}Omitted":${omitted}`
    this.#tryAdd(`"${key}":[${shown.join(',')}]${rest}`)
  }

  close(): string {
    return `${this.#json}}\n`
  }

  #tryAdd(member: string): void {
    const separator = this.#json === '{' ? '' : ','
    const bytes = separator.length + Buffer.byteLength(member)
    if (bytes > this.roomBytes) return
    this.#json += separator + member
    this.roomBytes -= bytes
  }
}

function short(text: string): string {
  return fitText(text, MAX_TEXT_BYTES)
}
