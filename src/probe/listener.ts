// The port between HTTP and the answers to probes: what a transport must do, whoever implements it. Two do,
// uWebSockets.js and node:http, and both pass test/contract/probe-contract.ts. Used in the probe actor's thread.
import { HealthError } from '../model/errors.js'

/** One answer, complete. The same object may be answered many times; nobody changes it. */
export interface ProbeAnswer {
  readonly status: 200 | 404 | 405 | 503
  readonly contentType: string
  /** The `Allow` header: the methods of a path, for an answer that refuses one. */
  readonly allow?: string
  /** Sent for GET; for HEAD only its length is. */
  readonly body: Uint8Array
}

/**
 * Answers a request. `target` is the request target as received, percent-encoded, with or without its query.
 * Synchronous, since a transport may have to answer before its callback returns; never throws.
 */
export type ProbeHandler = (method: string, target: string) => ProbeAnswer

export interface BoundAddress {
  /** The host as it was given. */
  readonly host: string
  /** The port that was bound, also where 0 was given. */
  readonly port: number
}

/** A transport. Started once, then stopped once. */
export interface ProbeListener {
  /** @throws HealthError `ERR_HEALTH_LISTEN` with the system's error as cause, where it is known. */
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

/** A connection without a request for so long is closed, in ms. uWebSockets.js has this one built in. */
export const IDLE_TIMEOUT_MS = 10_000

/** `port=0` and the system's own words where it gave any. */
export function listenError(host: string, port: number, cause?: unknown): HealthError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new HealthError(
    'ERR_HEALTH_LISTEN',
    `cannot listen for probes: host=${host} port=${port}${why}`,
    cause === undefined ? undefined : { cause },
  )
}
