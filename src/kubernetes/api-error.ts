// What went wrong between this program and the API server, in the package's own words. Pure.
import { HealthError, show } from '../model/errors.js'
import { DeadlineError } from './deadline.js'

/**
 * `ERR_HEALTH_KUBERNETES` for whatever the client threw. What the client says itself is left to `cause`: its messages
 * hold all headers of an answer.
 */
export function kubernetesError(what: string, cause: unknown): HealthError {
  return new HealthError('ERR_HEALTH_KUBERNETES', `${what}: ${reasonOf(cause)}`, { cause })
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

function reasonOf(cause: unknown): string {
  if (cause instanceof DeadlineError) return cause.message
  const refused = refusedAnswer(cause)
  if (refused !== undefined) return `status=${refused.status}${statusDetails(refused.body)}`
  if (!(cause instanceof Error)) return `error=${show(cause)}`
  const code = Reflect.get(cause, 'code')
  return `error=${typeof code === 'string' ? code : show(cause.message)}`
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
