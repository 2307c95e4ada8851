// The port between HTTP and the answers to probes: what a transport must do, whoever implements it. Two do,
// uWebSockets.js and node:http, and both pass test/contract/probe-contract.ts. Used in the probe actor's thread.
import { HealthError } from '../model/errors.js'

export type AnswerStatus = 200 | 400 | 401 | 404 | 405 | 503
export type Header = readonly [name: string, value: string]

/** Where an answer without an end is written to. Belongs to the transport; nothing here throws, also once it is closed. */
export interface StreamSink {
  /**
   * Hands over a chunk, as one piece. False where the client does not take more for now: a transport holds that chunk and
   * at most the one before it, so nothing else is written until `drained`, which may find that it takes no more still.
   */
  write(chunk: Uint8Array): boolean
  /** Ends the answer, and its connection. */
  end(): void
  /** Closes its connection, whatever was written. */
  abort(): void
}

/** What goes on writing to a sink, and what its transport tells it, never from within a call to the sink. Never throws. */
export interface StreamSource {
  /** After a `write` that was false: the client has taken some of what was held. */
  drained(): void
  /** The connection is gone. Nothing is called after this. */
  closed(): void
}

/** One answer, complete. The same object may be answered many times; nobody changes it. */
export interface ProbeAnswer {
  readonly status: AnswerStatus
  readonly contentType: string
  /** Further headers, such as `Allow` for an answer that refuses a method. */
  readonly headers?: readonly Header[]
  /** Sent for GET; for HEAD only its length is. */
  readonly body: Uint8Array
  /**
   * Instead of the body: begins an answer that goes on until one side ends it. Its connection counts as neither answering
   * nor idle meanwhile. For HEAD it is not called: the head is the same, and says of no length.
   */
  readonly stream?: (sink: StreamSink) => StreamSource
  /** Whether its connection is closed behind it. */
  readonly isLast?: boolean
  /**
   * Called at least once when the body is no longer wanted: it has been sent, or it never will be. So a transport that was
   * given an answer owes this, whatever becomes of the connection. Idempotent, never throws.
   */
  readonly release?: () => void
  /** Why it is no success, for the ledger; never sent, so also where the body does not say it. */
  readonly reason?: string
}

/** One request. What is asked for by a method costs nothing until then, and is there only while the handler runs. */
export interface ProbeRequest {
  readonly method: string
  /** The request target as received, percent-encoded, with its query. */
  readonly target: string
  /** The value of a header; `''` where the request has none of that name. */
  header(lowerCaseName: string): string
  /** Whether the client's address is one of this host's loopback interface. */
  isFromLoopback(): boolean
  /** The client's address as the transport writes it. */
  remoteAddress(): string
}

/**
 * Answers a request. Most answers are there at once; one that is not must not look at the request any more after its
 * first await. Never throws, never rejects.
 */
export type ProbeHandler = (request: ProbeRequest) => ProbeAnswer | Promise<ProbeAnswer>

/** What bounds a listener, so that no client can keep others from being answered. */
export interface ListenerLimits {
  /**
   * Connections open at once. A new one beyond them takes the place of the one that has been idle for longest. Those that come
   * in one turn of the loop are read before they give way, so that for a turn there may be twice as many.
   */
  readonly maxConnections: number
  /**
   * From a connection's start until the headers of its first request are whole, in ms. uWebSockets.js ends the wait
   * after some 10 s in any case.
   */
  readonly headersTimeoutMs: number
  /**
   * A connection is closed so long after its last answer, in ms, also where the next request is coming in bit by bit.
   * uWebSockets.js closes it after some 10 s in any case.
   */
  readonly idleTimeoutMs: number
}

/** Files of a certificate chain and its key, PEM; read again when they change. */
export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** What bounds all clients of a probe server. */
export interface ClientLimits extends ListenerLimits {
  /** Of bodies that clients have asked for and not taken yet, in bytes; see unsent-bodies.ts. */
  readonly maxUnsentBytes: number
}

/** How a listener is set up, besides where it listens. */
export interface ListenerSettings {
  readonly limits: ListenerLimits
  readonly tls: TlsFiles | undefined
}

export interface BoundAddress {
  /** The host as it was given. */
  readonly host: string
  /** The port that was bound, also where 0 was given. */
  readonly port: number
}

/** A transport. Started once, then stopped once. */
export interface ProbeListener {
  /**
   * @throws HealthError `ERR_HEALTH_LISTEN` with the system's error as cause, where it is known; `ERR_HEALTH_STOPPED`
   * where it is stopped or closed before it listens: then nothing is left open.
   */
  start(host: string, port: number): Promise<BoundAddress>
  /** Refuses new connections, finishes what is being sent, then closes the rest. Idempotent. */
  stop(): Promise<void>
  /** Closes everything before it returns, for a thread that is about to end. Idempotent. */
  closeNow(): void
}

/** Sent with every answer. A probe is a question about now: never stored, and never answered 304. */
export const COMMON_HEADERS = [
  ['Cache-Control', 'no-store'],
  ['X-Content-Type-Options', 'nosniff'],
] as const

const LOOPBACK = [
  // As node writes them.
  /^(::ffff:)?127(\.\d{1,3}){3}$/i,
  /^::1$/,
  // As uWebSockets.js does, which leaves no zero out and writes IPv4 in IPv6 in hexadecimal.
  /^(0{1,4}:){5}ffff:7f[\da-f]{2}:[\da-f]{1,4}$/i,
  /^(0{1,4}:){7}0{0,3}1$/,
]

/** `127.0.0.0/8` and `::1`, also as IPv4 in IPv6. */
export function isLoopbackAddress(address: string): boolean {
  return LOOPBACK.some((form) => form.test(address))
}

/** Tells an answer that comes later from one that is there. */
export function isLater(
  answer: ProbeAnswer | Promise<ProbeAnswer>,
): answer is Promise<ProbeAnswer> {
  return answer instanceof Promise
}

/** For an answer that nobody is there to take any more, or will be. */
export function dropAnswer(answer: ProbeAnswer | Promise<ProbeAnswer>): void {
  if (isLater(answer)) void answer.then(dropAnswer)
  else answer.release?.()
}

export const DEFAULT_LIMITS: ClientLimits = {
  maxConnections: 1_024,
  headersTimeoutMs: 5_000,
  idleTimeoutMs: 10_000,
  maxUnsentBytes: 64 * 1024 * 1024,
}

/** `port=0` and the system's own words where it gave any. */
export function listenError(host: string, port: number, cause?: unknown): HealthError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new HealthError(
    'ERR_HEALTH_LISTEN',
    `cannot listen for probes: host=${host} port=${port}${why}`,
    cause === undefined ? undefined : { cause },
  )
}

/** For a start that a stop came before, or in between. */
export function stoppedError(): HealthError {
  return new HealthError('ERR_HEALTH_STOPPED', 'the server was stopped before it could listen')
}
