// The port between what sends heartbeats and what carries them. Pure.

export type Method = 'ReportHealth' | 'ReportConnectorHealth'

/** The status codes of gRPC by number. */
const CODE_NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const
export type CodeName = (typeof CODE_NAMES)[number]

export function codeName(code: number): CodeName {
  return CODE_NAMES[code] ?? 'UNKNOWN'
}

/** An attempt that did not come back with an answer. Its message has been freed of secrets. */
export class CallError extends Error {
  readonly code: CodeName

  constructor(code: CodeName, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CallError'
    this.code = code
  }
}

export interface AttemptOptions {
  readonly signal: AbortSignal
  /** After this long it is of no use any more, in ms. */
  readonly timeoutMs: number
}

/** Carries one message there and one back. */
export interface Transport {
  /** Makes one attempt. @throws CallError */
  send(method: Method, message: Uint8Array, options: AttemptOptions): Promise<Uint8Array>
  close(): void
}

/** Stands in where there is nobody to send to: every message arrives. */
export const standInTransport: Transport = {
  send: async () => new Uint8Array(),
  close: () => {},
}

const MAX_DETAIL_CHARACTERS = 300
const BREAKS = /[\p{Cc}\u2028\u2029]+/gu

/** What a server or a library says, short, on one line, and without the token, which a server may send back. */
export function presentable(text: string, token: string | undefined): string {
  const clean = token ? text.replaceAll(token, '[token]') : text
  // grpc-js ends some of its details in the name of a note that is empty.
  const line = clean
    .replace(BREAKS, ' ')
    .replace(/ Resolution note: $/, '')
    .trim()
  return line.length > MAX_DETAIL_CHARACTERS ? `${line.slice(0, MAX_DETAIL_CHARACTERS)}…` : line
}
