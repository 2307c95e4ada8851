// The connections of the gRPC port, bounded: a new one beyond the bound takes the place of the one that has gone without a
// call for longest, and is refused where all are in use. Probe actor's thread.
import type { Socket } from 'node:net'

/** A client that has been asked to go, and has been told all, gets this long to do so, in ms. */
const LINGER_MS = 1_000

interface Connection {
  readonly socket: Socket
  /** Streams that stay open. */
  streamCount: number
}

export class GrpcConnections {
  readonly #maxCount: number
  /** By peer, as gRPC names it; longest without a call first. */
  readonly #byPeer = new Map<string, Connection>()

  constructor(maxCount: number) {
    this.#maxCount = maxCount
  }

  get count(): number {
    return this.#byPeer.size
  }

  /** Takes a connection in; false where there is no room, and the socket has been destroyed. */
  admit(socket: Socket): boolean {
    // Whoever uses the socket has its own; until then a reset must not end the thread.
    socket.on('error', () => {})
    const isGone = socket.remoteAddress === undefined
    if (isGone || (this.#byPeer.size >= this.#maxCount && !this.#evictIdle())) {
      socket.destroy()
      return false
    }
    const peer = `${socket.remoteAddress}:${socket.remotePort}`
    this.#byPeer.set(peer, { socket, streamCount: 0 })
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

  /** Notes a call that is answered at once. */
  touch(peer: string): void {
    const connection = this.#byPeer.get(peer)
    if (connection === undefined) return
    this.#byPeer.delete(peer)
    this.#byPeer.set(peer, connection)
  }

  /** Notes a call that stays open; what is given notes its end, once. */
  hold(peer: string): () => void {
    const connection = this.#byPeer.get(peer)
    if (connection === undefined) return () => {}
    connection.streamCount++
    return () => {
      connection.streamCount--
      this.touch(peer)
    }
  }

  destroyAll(): void {
    for (const { socket } of this.#byPeer.values()) socket.destroy()
    this.#byPeer.clear()
  }

  #evictIdle(): boolean {
    for (const [peer, { socket, streamCount }] of this.#byPeer) {
      if (streamCount > 0) continue
      this.#byPeer.delete(peer)
      socket.destroy()
      return true
    }
    return false
  }
}
