// From a verdict to the bytes of its JSON, equal to those of the Go server's encoding/json: its key order, its
// escapes, what it leaves out. Reference § 2.3 and § 2.4. Pure but for the caches; any thread.
import type { HealthCheckError } from '../model/errors.js'
import { healthStatusName } from '../model/health-status.js'
import { type ComponentStatus, compareUtf8, type HealthReport } from '../model/report.js'

/** What Go escapes beyond JSON, so that a body can be put into HTML and JavaScript as it is. */
const ESCAPED_BY_GO = /[<>&\u2028\u2029]/
const EACH_ESCAPED_BY_GO = new RegExp(ESCAPED_BY_GO, 'g')

/** With the u flag a surrogate that is half of a pair is no match. */
const LONE_SURROGATE = /[\ud800-\udfff]/u

const encoder = new TextEncoder()

/** A string as Go writes it. JSON.stringify agrees on control characters, `\b` and `\f` since Go 1.22. */
export function quote(text: string): string {
  // A lone surrogate is JavaScript's nearest thing to a byte that is not UTF-8, for which Go writes these six
  // characters, while it writes a real U+FFFD as it is.
  const json = text.isWellFormed()
    ? JSON.stringify(text)
    : `"${text
        .split(LONE_SURROGATE)
        .map((part) => JSON.stringify(part).slice(1, -1))
        .join('\\ufffd')}"`
  if (!ESCAPED_BY_GO.test(json)) return json
  return json.replace(
    EACH_ESCAPED_BY_GO,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** One component as JSON. */
function renderComponent(status: ComponentStatus): string {
  let json = `{"status":"${healthStatusName(status.status)}"`
  if (status.message !== '') json += `,"message":${quote(status.message)}`
  const keys = Object.keys(status.metadata).sort(compareUtf8)
  if (keys.length > 0) {
    const pairs = keys.map((key) => `${quote(key)}:${quote(status.metadata[key]!)}`)
    json += `,"metadata":{${pairs.join(',')}}`
  }
  return `${json}}`
}

// Keyed by identity: the runtime hands out the same frozen object as long as a component is unchanged, so a
// report of a thousand components of which three moved renders three.
const members = new WeakMap<ComponentStatus, { readonly name: string; readonly json: string }>()

/** One member of `components`. The same status under the same name is rendered once. */
function renderMember(name: string, status: ComponentStatus): string {
  const known = members.get(status)
  if (known?.name === name) return known.json
  const json = `${quote(name)}:${renderComponent(status)}`
  members.set(status, { name, json })
  return json
}

/** A verdict and its components, with the newline that Go's encoder ends in. Components come in report order. */
export function renderVerdict(
  status: string,
  error: string | undefined,
  report: HealthReport,
): Uint8Array {
  let json = `{"status":"${status}"`
  if (error !== undefined && error !== '') json += `,"error":${quote(error)}`
  if (report.size > 0) {
    const parts: string[] = []
    for (const [name, component] of report) parts.push(renderMember(name, component))
    json += `,"components":{${parts.join(',')}}`
  }
  return encoder.encode(`${json}}\n`)
}

/** An answer that has nothing to do with components. */
export function renderError(error: string): Uint8Array {
  return encoder.encode(`{"error":${quote(error)}}\n`)
}

/** Renders the bodies of one path and keeps the last one while report and verdict are the same. */
export class VerdictRenderer {
  readonly #passText: string
  readonly #failText: string
  #report: HealthReport | undefined
  #error: string | undefined
  #body: Uint8Array | undefined

  /** What `status` says where the check passes, and where it fails. */
  constructor(passText: string, failText: string) {
    this.#passText = passText
    this.#failText = failText
  }

  render(report: HealthReport, error: HealthCheckError | undefined): Uint8Array {
    const message = error?.message
    if (this.#body === undefined || this.#report !== report || this.#error !== message) {
      this.#body = renderVerdict(error ? this.#failText : this.#passText, message, report)
      this.#report = report
      this.#error = message
    }
    return this.#body
  }

  /** The body of an answer without a report, because reading it failed. */
  renderFailure(message: string): Uint8Array {
    return encoder.encode(`{"status":"${this.#failText}","error":${quote(message)}}\n`)
  }
}
