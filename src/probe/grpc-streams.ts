// The streams of the gRPC port, bounded before grpc-js has any work with them, which is most of what a call costs. They are served
// a few a turn of the loop, one of each connection in rotation: so whoever has one call is not behind somebody's thousand. gRPC
// actor's thread.
import {
  constants,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { GrpcCode } from './grpc-codes.js'
import type { ServeStream } from './grpc-http2.js'

/** Streams open at once, on all connections. A connection that has no other is served beyond that. */
export const MAX_STREAMS = 12_000
/** Handed to grpc-js in one turn of the loop: some ms of work, after which connections and orders are looked at. */
const STREAMS_A_TURN = 8
/** A client that takes its answer so slowly holds its stream no longer than this, in ms. */
const ANSWER_TIMEOUT_MS = 30_000
const SWEEP_MS = 250

/** When a stream arrived, by `performance.now()`: a header of ours, whatever the client has sent by that name. */
export const ARRIVED = 'health-actor-arrived'
const WATCH_PATH = /\/Watch$/

export interface StreamCounts {
  countRefused(): void
  countLate(): void
}

interface OpenStream {
  readonly stream: ServerHttp2Stream
  readonly headers: IncomingHttpHeaders
  readonly flags: number
  readonly arrivedMs: number
}

/** The streams of a connection. */
interface Peer {
  openCount: number
  /** Those that wait for their turn. */
  readonly waiting: OpenStream[]
}

export interface StreamBounds {
  /** How long a request may take from its headers to its end. */
  readonly requestTimeoutMs: number
  readonly maxStreams?: number
  readonly answerTimeoutMs?: number
}

export class GrpcStreams {
  readonly #serve: ServeStream
  readonly #bounds: Required<StreamBounds>
  readonly #counts: StreamCounts
  /** Tells once the server is to close, which it may be told late under load. */
  readonly #isClosing: () => boolean
  readonly #peers = new Map<Http2Session | undefined, Peer>()
  /** Peers with streams that wait, next one first. */
  readonly #queue = new Set<Peer>()
  /** Streams whose requests may not be whole, then those that are being answered, each the longest first. */
  readonly #asking = new Set<OpenStream>()
  readonly #answering = new Set<OpenStream>()
  /** Watches by when their end was first seen, which is sent when the client reads. */
  readonly #watching = new Map<OpenStream, number | undefined>()
  #openCount = 0
  #isScheduled = false
  #timer: NodeJS.Timeout | undefined

  constructor(
    serve: ServeStream,
    bounds: StreamBounds,
    counts: StreamCounts,
    isClosing: () => boolean,
  ) {
    this.#serve = serve
    this.#bounds = { maxStreams: MAX_STREAMS, answerTimeoutMs: ANSWER_TIMEOUT_MS, ...bounds }
    this.#counts = counts
    this.#isClosing = isClosing
  }

  get openCount(): number {
    return this.#openCount
  }

  /** Takes in a new stream. */
  admit(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number): void {
    // Whoever uses the stream has its own; until then a reset must not end the thread.
    stream.on('error', () => {})
    if (this.#isClosing()) {
      refuse(stream, GrpcCode.UNAVAILABLE, 'the server stops')
      return
    }
    const peer = this.#peerOf(stream.session)
    if (this.#openCount >= this.#bounds.maxStreams && peer.openCount > 0) {
      this.#counts.countRefused()
      refuse(stream, GrpcCode.RESOURCE_EXHAUSTED, `more than ${this.#bounds.maxStreams} calls`)
      return
    }
    const open = { stream, headers, flags, arrivedMs: performance.now() }
    this.#openCount++
    peer.openCount++
    this.#asking.add(open)
    stream.once('close', () => this.#forget(open, peer))
    this.#timer ??= setInterval(() => this.#sweepSoon(), SWEEP_MS).unref()
    peer.waiting.push(open)
    this.#queue.add(peer)
    this.#schedule()
  }

  /** Serves nobody any more who has not been yet. */
  close(): void {
    clearInterval(this.#timer)
    for (const { waiting } of this.#queue) {
      for (const { stream } of waiting.splice(0)) {
        refuse(stream, GrpcCode.UNAVAILABLE, 'the server stops')
      }
    }
    this.#queue.clear()
  }

  #peerOf(session: Http2Session | undefined): Peer {
    const known = this.#peers.get(session)
    if (known !== undefined) return known
    const peer: Peer = { openCount: 0, waiting: [] }
    this.#peers.set(session, peer)
    session?.once('close', () => this.#peers.delete(session))
    return peer
  }

  #forget(open: OpenStream, peer: Peer): void {
    this.#openCount--
    peer.openCount--
    this.#asking.delete(open)
    this.#answering.delete(open)
    this.#watching.delete(open)
  }

  /** Not in the midst of the frames that the stream came with, which may be followed by its end. */
  #schedule(): void {
    if (this.#isScheduled || this.#queue.size === 0) return
    this.#isScheduled = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#isScheduled = false
    if (this.#isClosing()) this.close()
    let left = STREAMS_A_TURN
    for (const peer of this.#queue) {
      if (left === 0) break
      // Behind all others, if there is more of it.
      this.#queue.delete(peer)
      const open = peer.waiting.shift()
      if (peer.waiting.length > 0) this.#queue.add(peer)
      // A client that has given up costs nothing more.
      if (open === undefined || open.stream.destroyed || open.stream.closed) continue
      left--
      const { stream, headers, flags, arrivedMs } = open
      if (stream.readableEnded) {
        // Nobody tells grpc-js any more that there is no message, and it would wait for one.
        refuse(stream, GrpcCode.UNIMPLEMENTED, 'no message came with the call')
        continue
      }
      this.#serve(stream, { ...headers, [ARRIVED]: String(arrivedMs) }, flags)
    }
    this.#schedule()
  }

  /** After what has come by now was read, as the HTTP listeners do: the thread may have stood still. */
  #sweepSoon(): void {
    const nowMs = performance.now()
    setImmediate(() => this.#sweep(nowMs))
  }

  #sweep(nowMs: number): void {
    for (const open of this.#asking) {
      if (nowMs - open.arrivedMs < this.#bounds.requestTimeoutMs) break
      this.#asking.delete(open)
      const { stream, headers } = open
      if (stream.state.remoteClose !== 1) this.#endLate(stream)
      else if (WATCH_PATH.test(String(headers[':path']))) this.#watching.set(open, undefined)
      else this.#answering.add(open)
    }
    for (const { stream, arrivedMs } of this.#answering) {
      if (nowMs - arrivedMs < this.#bounds.answerTimeoutMs) break
      this.#endLate(stream)
    }
    for (const [open, endedMs] of this.#watching) {
      if (!open.stream.writableEnded) continue
      if (endedMs === undefined) this.#watching.set(open, nowMs)
      else if (nowMs - endedMs >= this.#bounds.answerTimeoutMs) this.#endLate(open.stream)
    }
  }

  #endLate(stream: ServerHttp2Stream): void {
    this.#counts.countLate()
    if (stream.headersSent || stream.destroyed || stream.closed) {
      stream.close(constants.NGHTTP2_CANCEL)
    } else {
      refuse(stream, GrpcCode.DEADLINE_EXCEEDED, 'the request did not come in time')
    }
  }
}

/** Answers with a status alone, and takes no more of the request. */
function refuse(stream: ServerHttp2Stream, code: GrpcCode, details: string): void {
  if (stream.destroyed || stream.closed) return
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-status': code,
      'grpc-message': details,
    },
    { endStream: true },
  )
  stream.close(constants.NGHTTP2_NO_ERROR)
}
