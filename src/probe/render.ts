// From statuses to the bytes of their JSON, equal to those of the Go server: its key order, its escapes, what it
// leaves out. Reference § 2.3. Pure; any thread.
import { healthStatusName } from '../model/health-status.js'
import { type ComponentStatus, compareUtf8 } from '../model/report.js'
import { isUnbounded, type Suppression, type Suppressions } from '../model/suppression.js'
import { quote } from './go-json.js'

/** One component as a JSON object. */
export function renderComponent({ status, message, metadata }: ComponentStatus): string {
  let json = `{"status":"${healthStatusName(status)}"`
  if (message !== '') json += `,"message":${quote(message)}`
  const keys = Object.keys(metadata)
  if (keys.length > 0) {
    if (keys.length > 1) keys.sort(compareUtf8)
    let before = ',"metadata":{'
    for (const key of keys) {
      json += `${before}${quote(key)}:${quote(metadata[key]!)}`
      before = ','
    }
    json += '}'
  }
  return `${json}}`
}

/** One member of `components`. */
export function renderMember(name: string, status: ComponentStatus): string {
  return `${quote(name)}:${renderComponent(status)}`
}

/** What a body says of its check, without the brace that closes it. An error that is empty is left out. */
export function renderVerdict(status: string, error: string | undefined, write = quote): string {
  const verdict = `{"status":"${status}"`
  return error === undefined || error === '' ? verdict : `${verdict},"error":${write(error)}`
}

/** Epoch ms as people and tools write it. What no calendar has is the end of it. */
export function isoTime(epochMs: number): string {
  return new Date(Math.min(epochMs, LAST_DATE_MS)).toISOString()
}

const LAST_DATE_MS = 8.64e15

/** The member `suppressed` behind an opened brace, without the brace that closes it; the brace alone where none holds. */
export function renderSuppressed(suppressions: Suppressions): string {
  const parts: string[] = []
  for (const check of ['liveness', 'readiness'] as const) {
    const suppression = suppressions[check]
    if (suppression === undefined) continue
    const { owner, reason } = suppression
    const who = `"owner":${quote(owner)},"reason":${quote(reason)}`
    parts.push(`"${check}":{${who}${renderEnd(suppression)}}`)
  }
  return parts.length === 0 ? '{' : `{"suppressed":{${parts.join(',')}}`
}

/** What has no end shows none: JSON has no number for it. */
function renderEnd(suppression: Suppression): string {
  if (isUnbounded(suppression)) return ''
  const { until, remainingMs } = suppression
  return `,"until":"${isoTime(until)}","remainingMs":${Math.ceil(remainingMs)}`
}

/** Equal for those who ask within a tenth of a second, or so, while the same suppressions hold. */
export function suppressionsKey({ liveness, readiness }: Suppressions): string {
  return JSON.stringify(
    [liveness, readiness].map((each) => {
      if (each === undefined) return null
      const { owner, reason, until, remainingMs } = each
      return [owner, reason, Math.round(until / 100), Math.ceil(remainingMs / 100)]
    }),
  )
}

/** The body of an answer that is an error and nothing else. */
export function renderError(error: string): Uint8Array {
  return Buffer.from(`{"error":${quote(error)}}\n`)
}

const MEMBERS_END = Buffer.from('}\n')
const CLOSING_BRACE = 0x7d

/**
 * A whole body: what is said of the check, then `components` with these members, each ending in a comma; without
 * members, no `components`. Ends in the newline that Go's encoder ends in.
 */
export function renderBody(verdict: string, members: Uint8Array): Uint8Array {
  if (members.length === 0) return Buffer.from(`${verdict}}\n`)
  const separator = verdict === '{' ? '' : ','
  const head = Buffer.from(`${verdict}${separator}"components":{`)
  const body = Buffer.concat([head, members, MEMBERS_END])
  // In place of the last member's comma.
  body[head.length + members.length - 1] = CLOSING_BRACE
  return body
}

/** What `renderBody` adds to a verdict and to members of at least one. */
export const BODY_FRAME_BYTES = ',"components":{}\n'.length

/** How long the body of a verdict is. */
export function bodyBytes(verdict: string, members: Uint8Array): number {
  const frameBytes = members.length === 0 ? '}\n'.length : members.length + BODY_FRAME_BYTES
  return Buffer.byteLength(verdict) + frameBytes
}
