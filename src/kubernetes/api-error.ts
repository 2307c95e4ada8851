// What went wrong between this program and the API server, in the package's own words. Pure.
import { HealthError, show } from '../model/errors.js'
import { DeadlineError } from './deadline.js'

/** An answer that can't be used; its message is in this package's own words. */
export class AnswerError extends Error {}

/**
 * `ERR_HEALTH_KUBERNETES` for whatever the client threw. What the client says itself is left to `cause`: its messages
 * hold all headers of an answer. Of an error without a code not even that is kept, only what it is called: its message may
 * quote a header with the token in it, or what a plugin for credentials has printed.
 */
export function kubernetesError(what: string, cause: unknown): HealthError {
  const reason = knownReasonOf(cause)
  if (reason !== undefined) {
    return new HealthError('ERR_HEALTH_KUBERNETES', `${what}: ${reason}`, { cause })
  }
  const name = cause instanceof Error ? cause.name : typeof cause
  return new HealthError('ERR_HEALTH_KUBERNETES', `${what}: error=${name}`)
}

/** An answer of another status than 2xx. */
export interface RefusedAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** The client's ApiException, by its shape: loading the client to know its class would be dear. */
export function refusedAnswer(error: unknown): RefusedAnswer | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, headers, body } = error as Error & Record<'code' | 'headers' | 'body', unknown>
  if (typeof code !== 'number' || typeof headers !== 'object' || headers === null) return undefined
  return { status: code, headers: headers as Record<string, string>, body }
}

function knownReasonOf(cause: unknown): string | undefined {
  if (cause instanceof DeadlineError) return cause.message
  if (cause instanceof AnswerError) return `error=${show(cause.message)}`
  const refused = refusedAnswer(cause)
  if (refused !== undefined) return `status=${refused.status}${statusDetails(refused.body)}`
  const code = cause instanceof Error ? Reflect.get(cause, 'code') : undefined
  return typeof code === 'string' ? `error=${code}` : undefined
}

/** Reason and message of the `Status` object that the API server answers with. */
function statusDetails(body: unknown): string {
  const status = parsedStatus(body)
  const { reason, message } = status
  return [
    typeof reason === 'string' ? ` reason=${show(reason)}` : '',
    typeof message === 'string' ? ` message=${show(message)}` : '',
  ].join('')
}

function parsedStatus(body: unknown): Record<string, unknown> {
  try {
    const status: unknown = typeof body === 'string' ? JSON.parse(body) : body
    return typeof status === 'object' && status !== null ? (status as Record<string, unknown>) : {}
  } catch {
    // A proxy in between answers in HTML: the status has to do.
    return {}
  }
}
