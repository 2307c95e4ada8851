// One connection of uWebSockets.js, and how those that were answered with a body are told apart. For the rules that are
// named here see uws-connections.ts. Probe actor's thread.
import type { Connection } from './connections.js'
import type { StreamSource } from './listener.js'
import type { UwsResponse } from './uws.js'

const MAX_WATCHED = 256
const NOT_WATCHED = -1

export class UwsConnection implements Connection {
  /** The object of its connect; not to be touched once `isGone`. */
  readonly #socket: UwsResponse
  readonly #onGone: () => void
  isGone = false
  /** Whether a request of it is not answered yet. */
  isAnswering = false
  /** Whether its last answer had a body, so that its offset tells when it asks again. */
  hasSentBody = false
  /** Whether its `onData` is set. */
  isArmed = false
  /** Whether more of the body of its last request may come. */
  isInBody = false
  /** What writes to it without an end, if anything does. */
  stream: StreamSource | undefined
  /** What its answer owes when its body is no longer wanted, if anything. */
  release: (() => void) | undefined
  /** The client's, once somebody has asked for it. */
  address: string | undefined
  /** Its place in {@link WatchedConnections}, which alone sets it. */
  watchIndex = NOT_WATCHED

  constructor(socket: UwsResponse, onGone: (connection: UwsConnection) => void) {
    this.#socket = socket
    this.#onGone = () => onGone(this)
    this.guard()
  }

  close(): void {
    if (!this.isGone) this.#socket.close()
  }

  /** Its answer has been sent, or never will be. */
  settle(): void {
    this.release?.()
    this.release = undefined
  }

  /** Rule 1. */
  guard(): void {
    this.#socket.onAborted(this.#onGone)
  }

  onData(handler: (isLast: boolean) => void): void {
    this.#socket.onData((_, isLast) => handler(isLast))
  }

  /** Bytes of body written since the start of its last request. */
  get writtenBytes(): number {
    return this.#socket.getWriteOffset()
  }

  get isWatched(): boolean {
    return this.watchIndex !== NOT_WATCHED
  }

  /** Rules 3 and 4. Of one that waits for an answer the offset may be 0 as well. */
  get asksAgain(): boolean {
    return this.hasSentBody && !this.isAnswering && this.writtenBytes === 0
  }
}

/** Rule 3. */
export class WatchedConnections {
  readonly #watched: UwsConnection[] = []
  /** Where to look first: they tend to ask in turns. */
  #next = 0

  /** The one that is asking. */
  tryFind(): UwsConnection | undefined {
    const watched = this.#watched
    for (let looked = 0; looked < watched.length; looked++) {
      if (this.#next >= watched.length) this.#next = 0
      const connection = watched[this.#next++]!
      if (connection.asksAgain) return connection
    }
    return undefined
  }

  /** Whether the next request of a connection will be found here. */
  tryAdd(connection: UwsConnection): boolean {
    if (!connection.hasSentBody) {
      this.remove(connection)
      return false
    }
    if (connection.isWatched) return true
    if (this.#watched.length >= MAX_WATCHED) return false
    connection.watchIndex = this.#watched.push(connection) - 1
    return true
  }

  remove(connection: UwsConnection): void {
    const index = connection.watchIndex
    if (index === NOT_WATCHED) return
    connection.watchIndex = NOT_WATCHED
    const moved = this.#watched.pop()!
    if (moved === connection) return
    this.#watched[index] = moved
    moved.watchIndex = index
  }
}
