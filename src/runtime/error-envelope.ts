// How an error crosses from one thread to another. A structured clone keeps neither class nor `code`
// (nodejs/node#37988), so errors travel as plain envelopes and are rebuilt on arrival. Pure; any thread.
import { HealthError, type HealthErrorCode } from '../model/errors.js'

/** A structured-cloneable picture of an error. */
export interface ErrorEnvelope {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly errno?: number
  readonly stack?: string
  readonly cause?: ErrorEnvelope
}

/** A cause of a cause is worth keeping; a chain that points back to itself is not. */
const MAX_CAUSES = 3

/** Anything that can be thrown, as an envelope. Never throws, whatever it is given. */
export function toEnvelope(reason: unknown, depth = 0): ErrorEnvelope {
  try {
    return envelopeOf(reason, depth)
  } catch {
    // A proxy, or a getter, that throws in its turn: what it is matters less than that it was thrown.
    return { name: 'Error', message: 'an error that could not be read was thrown' }
  }
}

function envelopeOf(reason: unknown, depth: number): ErrorEnvelope {
  if (!(reason instanceof Error)) return { name: 'Error', message: describe(reason) }
  const { name, message, stack, cause, code, errno } = reason as NodeJS.ErrnoException
  const hasCause = cause !== undefined && depth < MAX_CAUSES
  return {
    name: describe(name),
    message: describe(message),
    ...(typeof code === 'string' && { code }),
    ...(typeof errno === 'number' && { errno }),
    ...(typeof stack === 'string' && { stack }),
    ...(hasCause && { cause: toEnvelope(cause, depth + 1) }),
  }
}

/** The error of an envelope: a {@link HealthError} for our codes, an `Error` with name, code and errno for others. */
export function fromEnvelope(envelope: ErrorEnvelope): Error {
  const { name, message, code, errno, stack } = envelope
  const options = envelope.cause && { cause: fromEnvelope(envelope.cause) }
  const error = isHealthErrorCode(code)
    ? new HealthError(code, message, options)
    : Object.assign(new Error(message, options), { name }, code !== undefined && { code })
  if (errno !== undefined) Object.assign(error, { errno })
  if (stack !== undefined) error.stack = stack
  return error
}

function isHealthErrorCode(code: string | undefined): code is HealthErrorCode {
  return code?.startsWith('ERR_HEALTH_') === true
}

function describe(reason: unknown): string {
  try {
    return String(reason)
  } catch {
    // An object without a usable toString: what it is matters less than that it was thrown.
    return 'a value that has no text form was thrown'
  }
}
