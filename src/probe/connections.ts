// The open connections of a listener, and which of them has to go: one that is late, or the one that has been idle
// for longest where there are too many. Knows nothing of transports. Probe actor's thread.
import type { ListenerLimits } from './listener.js'

/** What a transport hands over: how to end one of its connections at once, without a word. */
export interface Connection {
  close(): void
}

/** A client that takes its answer so slowly holds it no longer than this, in ms. */
export const ANSWER_TIMEOUT_MS = 30_000

const MIN_SWEEP_MS = 25
const MAX_SWEEP_MS = 1_000

/**
 * A connection is new until its first request, answering while a request of it is answered, idle after that. One that
 * streams has an answer without an end, and is limited by whoever gives such answers. Each of the other three maps holds
 * the time at which its connections became so, the longest ago first: that is the order in which a Map keeps what is
 * deleted and set again.
 */
export class Connections<C extends Connection> {
  readonly #limits: ListenerLimits
  readonly #nowMs: () => number
  readonly #new = new Map<C, number>()
  readonly #idle = new Map<C, number>()
  readonly #answering = new Map<C, number>()
  readonly #streaming = new Set<C>()
  #lastOpenedMs = 0
  /** What had been opened by then has had its first read. Not kept up to date while there are few. */
  #readUntilMs = Number.NEGATIVE_INFINITY
  #isReading = false
  #timer: NodeJS.Timeout | undefined

  /** `nowMs` is passed by tests. */
  constructor(limits: ListenerLimits, nowMs = () => performance.now()) {
    this.#limits = limits
    this.#nowMs = nowMs
  }

  get count(): number {
    return this.#new.size + this.#idle.size + this.#answering.size + this.#streaming.size
  }

  get isAnswering(): boolean {
    return this.#answering.size > 0
  }

  /**
   * Sweeps from now on. The thread may stand still at any time, and timers come first when it goes on: so what was late when
   * the timer fired is closed when the loop has read what had come by then. The timer keeps no thread alive.
   */
  start(): void {
    const { headersTimeoutMs, idleTimeoutMs } = this.#limits
    const quarterMs = Math.min(headersTimeoutMs, idleTimeoutMs) / 4
    const periodMs = Math.max(MIN_SWEEP_MS, Math.min(quarterMs, MAX_SWEEP_MS))
    this.#timer ??= setInterval(() => {
      const nowMs = this.#nowMs()
      setImmediate(() => this.sweep(nowMs))
    }, periodMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /**
   * A connection was opened. Where there are as many as may be, it takes the place of the one that has been idle for
   * longest; of several that are opened in one turn of the loop, none that could not be read yet, so that for a turn there
   * may be twice as many. False where all others are being answered: then the caller closes this one.
   */
  open(connection: C): boolean {
    const { maxConnections } = this.#limits
    if (this.count >= maxConnections && !this.#makeRoom()) return false
    this.#lastOpenedMs = this.#nowMs()
    this.#new.set(connection, this.#lastOpenedMs)
    if (this.count * 2 >= maxConnections) this.#readSoon()
    return true
  }

  /** A request of it is being answered. */
  asked(connection: C): void {
    if (this.#answering.has(connection) || this.#streaming.has(connection)) return
    if (this.#remove(connection)) this.#answering.set(connection, this.#nowMs())
  }

  /** What is answered has no end: until it is `answered` nonetheless, or `closed`, nobody else closes it. */
  streams(connection: C): void {
    if (this.#remove(connection)) this.#streaming.add(connection)
  }

  /** Its requests have been answered. Also without `asked`, where both are one. */
  answered(connection: C): void {
    if (this.#remove(connection)) this.#idle.set(connection, this.#nowMs())
  }

  /** It is no longer open. */
  closed(connection: C): void {
    this.#remove(connection)
  }

  /** Closes those of which no request is being answered. */
  closeIdle(): void {
    for (const connections of [this.#new, this.#idle]) {
      for (const connection of connections.keys()) this.#close(connection)
    }
  }

  closeAll(): void {
    this.closeIdle()
    for (const connection of this.#answering.keys()) this.#close(connection)
    for (const connection of this.#streaming) this.#close(connection)
  }

  /** Limits none of those that are open any more. */
  forget(): void {
    this.#new.clear()
    this.#idle.clear()
    this.#answering.clear()
    this.#streaming.clear()
  }

  /** Closes what is late at a time. */
  sweep(nowMs = this.#nowMs()): void {
    const { headersTimeoutMs, idleTimeoutMs } = this.#limits
    this.#closeLate(this.#new, nowMs - headersTimeoutMs)
    this.#closeLate(this.#idle, nowMs - idleTimeoutMs)
    this.#closeLate(this.#answering, nowMs - ANSWER_TIMEOUT_MS)
  }

  #makeRoom(): boolean {
    if (this.#evict()) return true
    const unread = first(this.#new)
    if (unread === undefined) return false
    if (this.count >= 2 * this.#limits.maxConnections) this.#close(unread[0])
    return true
  }

  /** Closes the one that is idle, or silent though it was read, for longest. */
  #evict(): boolean {
    const silent = first(this.#new)
    const silentSinceMs = silent?.[1] ?? Infinity
    const idle = first(this.#idle)
    const isRead = silentSinceMs <= this.#readUntilMs
    const evicted = isRead && silentSinceMs < (idle?.[1] ?? Infinity) ? silent : idle
    if (evicted === undefined) return false
    this.#close(evicted[0])
    return true
  }

  /** What is opened in one turn of the loop is read in the next one; then there is no reason to be too many. */
  #readSoon(): void {
    if (this.#isReading) return
    this.#isReading = true
    setImmediate(() => {
      const nowMs = this.#nowMs()
      setImmediate(() => {
        this.#isReading = false
        this.#readUntilMs = nowMs
        while (this.count > this.#limits.maxConnections && this.#evict());
        if (this.#lastOpenedMs > nowMs) this.#readSoon()
      })
    })
  }

  #closeLate(connections: Map<C, number>, oldestMs: number): void {
    for (const [connection, sinceMs] of connections) {
      if (sinceMs > oldestMs) return
      this.#close(connection)
    }
  }

  /** Removed first: a transport may tell of the end later, or at once. */
  #close(connection: C): void {
    this.#remove(connection)
    connection.close()
  }

  #remove(connection: C): boolean {
    return (
      this.#new.delete(connection) ||
      this.#idle.delete(connection) ||
      this.#answering.delete(connection) ||
      this.#streaming.delete(connection)
    )
  }
}

function first<C>(connections: Map<C, number>): [C, number] | undefined {
  for (const entry of connections) return entry
  return undefined
}
