// One client of `/events`: how far it is, and whether it takes more. It is never sent more than it takes, so one that is
// slow is lapped, and told so by a gap. Probe actor's thread.
import type { EventPages } from './event-pages.js'
import type { StreamSink, StreamSource } from './listener.js'

/** A comment, which means nothing to a client. */
const HEARTBEAT = Buffer.from(':\n\n')

export interface EventStreamOptions {
  readonly pages: EventPages
  /** Number of the first transition to send. */
  readonly first: number
  /** An event to send before all others. */
  readonly preface: Uint8Array | undefined
  readonly nowMs: () => number
  /** The client takes more again. */
  readonly onDrained: () => void
  readonly onClosed: () => void
}

export class EventStream implements StreamSource {
  readonly #sink: StreamSink
  readonly #pages: EventPages
  readonly #nowMs: () => number
  readonly #onDrained: () => void
  readonly #onClosed: () => void
  /** Number of the next transition to send. */
  #next: number
  #isOver = false
  /** Since when the client takes nothing; undefined while it does. */
  #blockedAtMs: number | undefined
  #wroteAtMs = 0

  constructor(sink: StreamSink, options: EventStreamOptions) {
    const { pages, first, preface, nowMs, onDrained, onClosed } = options
    this.#sink = sink
    this.#pages = pages
    this.#next = first
    this.#nowMs = nowMs
    this.#onDrained = onDrained
    this.#onClosed = onClosed
    // Tells client and proxies that it has begun.
    this.#write(preface === undefined ? HEARTBEAT : Buffer.concat([HEARTBEAT, preface]))
  }

  /** Whether its client takes nothing for now. */
  get isBlocked(): boolean {
    return this.#blockedAtMs !== undefined
  }

  /** Sends a page, if there is one and the client takes it; whether there may be another one to send. */
  sendPage(): boolean {
    if (this.#isOver || this.#blockedAtMs !== undefined) return false
    const page = this.#pages.from(this.#next)
    if (page === undefined) return false
    this.#next = page.next
    return this.#write(page.bytes)
  }

  /** Sends something, if nothing was sent for so long; ends one whose client has taken nothing for longer than is good. */
  keepAlive(silentMs: number, stalledMs: number): void {
    if (this.#isOver) return
    const nowMs = this.#nowMs()
    if (this.#blockedAtMs !== undefined) {
      if (nowMs - this.#blockedAtMs >= stalledMs) this.#sink.abort()
    } else if (nowMs - this.#wroteAtMs >= silentMs) {
      this.#write(HEARTBEAT)
    }
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#sink.end()
  }

  drained(): void {
    if (this.#isOver) return
    this.#blockedAtMs = undefined
    // Few bytes, as the transport may go on, and find out that the client has not taken all that it holds, only by them.
    if (this.#write(HEARTBEAT)) this.#onDrained()
  }

  closed(): void {
    this.#isOver = true
    this.#onClosed()
  }

  #write(chunk: Uint8Array): boolean {
    const nowMs = this.#nowMs()
    this.#wroteAtMs = nowMs
    const takesMore = this.#sink.write(chunk)
    if (!takesMore) this.#blockedAtMs = nowMs
    return takesMore
  }
}
