// One call: up to three attempts with the same bytes, by the rules of the reference's retry interceptor. Pure: clock and
// transport are passed in.
import { type Clock, wait, within } from './clock.js'
import { CallError, type CodeName, type Method, type Transport } from './transport.js'

const MAX_ATTEMPTS = 3
const FIRST_BACKOFF_MS = 250
const MAX_BACKOFF_MS = 3_000

/** After these another attempt may go through; every other code is final. */
const RETRYABLE: ReadonlySet<CodeName> = new Set([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'RESOURCE_EXHAUSTED',
  'UNKNOWN',
  'CANCELLED',
  'ABORTED',
])

export type CallOutcome =
  | { readonly isOk: true; readonly response: Uint8Array; readonly attempts: number }
  | { readonly isOk: false; readonly error: CallError; readonly attempts: number }

export interface CallContext {
  readonly transport: Transport
  readonly clock: Clock
  /** Of each attempt, in ms. */
  readonly attemptTimeoutMs: number
}

/** Never rejects. An aborted signal ends it at once, with CANCELLED. */
export async function call(
  { transport, clock, attemptTimeoutMs }: CallContext,
  method: Method,
  message: Uint8Array,
  signal: AbortSignal,
): Promise<CallOutcome> {
  for (let attempts = 1; ; attempts++) {
    const result = await attempt()
    if (result instanceof Uint8Array) return { isOk: true, response: result, attempts }
    if (attempts === MAX_ATTEMPTS || !RETRYABLE.has(result.code)) {
      return { isOk: false, error: result, attempts }
    }
    await wait(clock, Math.min(FIRST_BACKOFF_MS * 2 ** (attempts - 1), MAX_BACKOFF_MS), signal)
    if (signal.aborted) return { isOk: false, error: result, attempts }
  }

  async function attempt(): Promise<Uint8Array | CallError> {
    try {
      const answer = await within(clock, attemptTimeoutMs, signal, (ending) =>
        transport.send(method, message, { signal: ending, timeoutMs: attemptTimeoutMs }),
      )
      if (answer !== undefined) return answer.value
      if (signal.aborted) return new CallError('CANCELLED', 'the call was given up')
      return new CallError('DEADLINE_EXCEEDED', `no answer within ${attemptTimeoutMs} ms`)
    } catch (error) {
      if (error instanceof CallError) return error
      return new CallError('INTERNAL', 'the transport has failed', { cause: error })
    }
  }
}
