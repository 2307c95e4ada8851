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
  if (read(() => reason instanceof Error) !== true)
    return { name: 'Error', message: describe(reason) }
  const error = reason as NodeJS.ErrnoException
  const code = read(() => error.code)
  const errno = read(() => error.errno)
  // Node.js makes the text of a stack when it is asked for first, of whatever the error's name is by then.
  const stack = read(() => error.stack)
  const cause = read(() => error.cause)
  return {
    name: describe(read(() => error.name)),
    message: describe(read(() => error.message)),
    ...(typeof code === 'string' && { code }),
    ...(typeof errno === 'number' && { errno }),
    ...(typeof stack === 'string' && { stack }),
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: toEnvelope(cause, depth + 1) }),
  }
}

/** Undefined for what throws in its turn, a getter or a proxy: the rest is worth telling. */
function read<T>(part: () => T): T | undefined {
  try {
    return part()
  } catch {
    return undefined
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
