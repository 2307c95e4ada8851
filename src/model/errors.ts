// The errors that this package throws or returns. Match on `code`: classes and prototypes do not
// survive a structured clone, codes do.

/** Every code that a {@link HealthError} can carry. */
export type HealthErrorCode =
  /** An argument is not of the documented form; the message names it and its value. */
  | 'ERR_HEALTH_ARGUMENT'
  /** A mailbox stayed full for `publishTimeoutMs`: the manager is down or far behind. The update was not accepted. */
  | 'ERR_HEALTH_BACKPRESSURE'
  /** No room for another component or another thread. */
  | 'ERR_HEALTH_CAPACITY'
  /** The verdict of a liveness or readiness check; see {@link HealthCheckError}. */
  | 'ERR_HEALTH_CHECK'
  /** The Kubernetes API server could not be asked; the message says why, `cause` holds the client's error. */
  | 'ERR_HEALTH_KUBERNETES'
  /** A heartbeat could not be made or was not received; the message has the code of gRPC. */
  | 'ERR_HEALTH_HEARTBEAT'
  /** The shared region was laid out by another version of this package. */
  | 'ERR_HEALTH_LAYOUT'
  /** The HTTP server could not listen; `cause` holds the system's error where there is one. */
  | 'ERR_HEALTH_LISTEN'
  /** A transition observer failed, took too long, hung, or was stopped before it was told everything. */
  | 'ERR_HEALTH_OBSERVER'
  /** The runtime was stopped. */
  | 'ERR_HEALTH_STOPPED'
  /** The manager actor did not answer within the bound, or restarts failed too often. */
  | 'ERR_HEALTH_UNAVAILABLE'

/** Base class of all errors of this package. */
export class HealthError extends Error {
  readonly code: HealthErrorCode

  constructor(code: HealthErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'HealthError'
    this.code = code
  }
}

/** Why a liveness or readiness check fails. Returned by checks, never thrown by them; its `stack` names no callers. */
export class HealthCheckError extends HealthError {
  /** The component that the verdict rests on: the first of the policy's list that fails. */
  readonly component: string

  constructor(component: string, message: string) {
    // A verdict is an answer: the stack of whoever asked says nothing about it, and costs more than the check itself.
    const { stackTraceLimit } = Error
    limitStackTrace(0)
    super('ERR_HEALTH_CHECK', message)
    limitStackTrace(stackTraceLimit)
    this.name = 'HealthCheckError'
    this.component = component
  }
}

function limitStackTrace(frames: number): void {
  try {
    Error.stackTraceLimit = frames
  } catch {
    // Somebody has frozen Error: then stacks are collected as ever.
  }
}

const MAX_SHOWN_CHARACTERS = 120

/** Renders a value for an error message: short, on one line, and never calling user code such as `toString`. */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'string': {
      const text = JSON.stringify(value)
      return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text
    }
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'bigint':
      return `${value}n`
    case 'symbol':
      return 'a symbol'
    case 'function':
      return 'a function'
    default:
      if (value === null) return 'null'
      return isArray(value) ? 'an array' : 'an object'
  }
}

/** `Array.isArray` throws for a proxy that was revoked, which is nothing any more. */
export function isArray(value: unknown): value is unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

/** An `ERR_HEALTH_ARGUMENT` in the form `name=value: rule`. */
export function argumentError(
  name: string,
  value: unknown,
  rule: string,
  options?: ErrorOptions,
): HealthError {
  return new HealthError('ERR_HEALTH_ARGUMENT', `${name}=${show(value)}: ${rule}`, options)
}

/** What every call gets after the stop, or after its own thread has detached. */
export function stopped(): HealthError {
  return new HealthError('ERR_HEALTH_STOPPED', 'the runtime is stopped')
}

/** Makes a `never` of a tag that a switch has not handled: a compile error first, a throw if it happens anyway. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value ${show(value)}`)
}
