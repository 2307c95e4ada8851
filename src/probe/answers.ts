// Answers that are the same for everybody, or that say nothing but what went wrong. Pure; any thread.
import type { AnswerStatus, ProbeAnswer } from './listener.js'
import { renderError } from './render.js'

export const JSON_TYPE = 'application/json'
export const TEXT_TYPE = 'text/plain; charset=utf-8'

export function errorAnswer(status: AnswerStatus, error: string): ProbeAnswer {
  return { status, contentType: JSON_TYPE, body: renderError(error), reason: error }
}

/** For what can be had a little later. */
export function busyAnswer(error: string): ProbeAnswer {
  return { ...errorAnswer(503, error), headers: [['Retry-After', '1']] }
}

export const NOT_FOUND = errorAnswer(404, 'not found')

export const COMPONENT_NOT_FOUND = errorAnswer(404, 'component not found')

export const METHOD_NOT_ALLOWED: ProbeAnswer = {
  ...errorAnswer(405, 'method not allowed'),
  headers: [['Allow', 'GET, HEAD']],
}

export const UNAUTHORIZED: ProbeAnswer = {
  ...errorAnswer(401, 'unauthorized'),
  headers: [['WWW-Authenticate', 'Bearer']],
}

export const UNREADABLE = 'the health runtime cannot be read'

/** What to say of a failed read, in HTTP and gRPC: the runtime was stopped, or its memory is not ours to read. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : UNREADABLE
}

export function failedReadAnswer(error: unknown): ProbeAnswer {
  return errorAnswer(503, reasonOf(error))
}
