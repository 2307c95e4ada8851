// Answers without an end over uWebSockets.js. Probe actor's thread.
//
// What holds in v20.51, and is used here:
//   a. `write` takes the whole chunk and holds what the system does not take. In a cork it says whether something was
//      held before; what becomes of the chunk itself is told by the next one.
//   b. Where something is held, `onWritable` is called when the system takes more, and nothing is written then but by us.
//   c. The write offset does not move, so a connection whose stream has ended is not told by it; see rule 3 of
//      uws-connections.ts.
//   d. A client that takes nothing of what is held for some 10 s is closed; one for which nothing is held, never.
import type { StreamSink, StreamSource } from './listener.js'
import type { UwsResponse } from './uws.js'
import type { UwsConnection } from './uws-connection.js'
import type { UwsConnections } from './uws-connections.js'

/** Begins a stream on a response whose head is written and whose connection is known. Not from within what an `onData` calls. */
export function streamOverUws(
  connections: UwsConnections,
  connection: UwsConnection,
  response: UwsResponse,
  stream: (sink: StreamSink) => StreamSource,
): void {
  connections.streams(connection)
  response.onWritable(() => {
    // Rule 6.
    setImmediate(() => connection.stream?.drained())
    return true
  })
  connection.stream = stream(new UwsSink(connections, connection, response))
}

class UwsSink implements StreamSink {
  readonly #connections: UwsConnections
  readonly #connection: UwsConnection
  /** Not to be touched once its connection is gone, or the answer has ended. */
  readonly #response: UwsResponse
  #hasEnded = false

  constructor(connections: UwsConnections, connection: UwsConnection, response: UwsResponse) {
    this.#connections = connections
    this.#connection = connection
    this.#response = response
  }

  write(chunk: Uint8Array): boolean {
    if (this.#isOver) return false
    let takesMore = false
    this.#response.cork(() => {
      takesMore = this.#response.write(chunk)
    })
    return takesMore
  }

  end(): void {
    if (this.#isOver) return
    this.#hasEnded = true
    // As an answer without a body, see c.
    this.#connections.write(this.#connection, 0, () => {
      this.#response.cork(() => this.#response.end())
      return true
    })
    this.abort()
  }

  abort(): void {
    if (!this.#connection.isGone) this.#connections.closeSoon(this.#connection)
  }

  get #isOver(): boolean {
    return this.#hasEnded || this.#connection.isGone
  }
}
