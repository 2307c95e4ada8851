// The connections of the gRPC port, bounded: a new one beyond the bound takes the place of the one that has gone without a
// call for longest, first of those without a stream: a watcher may come again, a probe must not be refused. gRPC actor's
// thread.
import type { Socket } from 'node:net'
import { monotonicMs } from '../memory/control.js'

/** A client that has been asked to go, and has been told all, gets this long to do so, in ms. */
const LINGER_MS = 1_000
/**
 * A connection without a stream may still be at its first call, or at reading the answer, for so long after it was last
 * used, in ms: as long as a kubelet waits by default. Until then it gives way no sooner than others, or watchers that come
 * again at once would end the probe that they made room for.
 */
const UNDER_WAY_MS = 1_000

interface Connection {
  readonly socket: Socket
  /** Streams that stay open. */
  streamCount: number
  /** When it came, or when a call of it last began or ended. */
  usedMs: number
}

export class GrpcConnections {
  readonly #maxCount: number
  readonly #now: () => number
  /** By peer, as gRPC names it; longest without a call first. */
  readonly #byPeer = new Map<string, Connection>()
  /** Those that gRPC is spoken on: of TLS, the sockets inside. */
  readonly #served = new Set<Socket>()
  #onServedClosed: () => void = () => {}

  /** `now` tells ms on a clock that never goes back; `monotonicMs` but in tests. */
  constructor(maxCount: number, now: () => number = monotonicMs) {
    this.#maxCount = maxCount
    this.#now = now
  }

  get count(): number {
    return this.#byPeer.size
  }

  /** Takes a connection in; false where its client is gone already, and the socket has been destroyed. */
  admit(socket: Socket): boolean {
    // Whoever uses the socket has its own; until then a reset must not end the thread.
    socket.on('error', () => {})
    if (socket.remoteAddress === undefined) {
      socket.destroy()
      return false
    }
    if (this.#byPeer.size >= this.#maxCount) this.#evict()
    const peer = `${socket.remoteAddress}:${socket.remotePort}`
    this.#byPeer.set(peer, { socket, streamCount: 0, usedMs: this.#now() })
    socket.once('close', () => {
      if (this.#byPeer.get(peer)?.socket === socket) this.#byPeer.delete(peer)
    })
    // Our end is closed; a client that never closes its own would keep the rest of it for ever.
    socket.once('finish', () => {
      const timer = setTimeout(() => socket.destroy(), socket.readableEnded ? 0 : LINGER_MS)
      timer.unref()
      socket.once('close', () => clearTimeout(timer))
    })
    return true
  }

  /** Notes that from now on gRPC is spoken on a connection. */
  serve(socket: Socket): void {
    this.#served.add(socket)
    socket.once('close', () => {
      this.#served.delete(socket)
      if (this.#served.size === 0) this.#onServedClosed()
    })
  }

  /** Resolves when nobody is served any more; who is still in a handshake is not waited for. To be called once. */
  servedClosed(): Promise<void> {
    if (this.#served.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onServedClosed = resolve
    })
  }

  /** Calls of a peer that stay open. */
  streamCount(peer: string): number {
    return this.#byPeer.get(peer)?.streamCount ?? 0
  }

  /** Notes a call that is answered at once. */
  touch(peer: string): void {
    const connection = this.#byPeer.get(peer)
    if (connection === undefined) return
    connection.usedMs = this.#now()
    this.#byPeer.delete(peer)
    this.#byPeer.set(peer, connection)
  }

  /** Notes a call that stays open; what is given notes its end, once. */
  hold(peer: string): () => void {
    const connection = this.#byPeer.get(peer)
    if (connection === undefined) return () => {}
    connection.streamCount++
    this.touch(peer)
    return () => {
      connection.streamCount--
      this.touch(peer)
    }
  }

  destroyAll(): void {
    for (const { socket } of this.#byPeer.values()) socket.destroy()
    this.#byPeer.clear()
    // Whoever waits for them must not depend on the events of sockets that were destroyed before they were served.
    this.#served.clear()
    this.#onServedClosed()
  }

  #evict(): void {
    let chosen: [peer: string, Connection] | undefined
    for (const each of this.#byPeer) {
      chosen ??= each
      const [, { streamCount, usedMs }] = each
      if (streamCount > 0) continue
      // Those that follow were used later still.
      if (this.#now() - usedMs >= UNDER_WAY_MS) chosen = each
      break
    }
    if (chosen === undefined) return
    const [peer, { socket }] = chosen
    this.#byPeer.delete(peer)
    socket.destroy()
  }
}
