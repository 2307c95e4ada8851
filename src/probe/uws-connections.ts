// Which request of uWebSockets.js came over which connection. uWebSockets.js does not say: it hands out a new object
// for each request, for each connect and for each disconnect. Without knowing it no limit can be kept; and if it is
// wrong, a socket that is gone is closed once more, which ends the process. Probe actor's thread.
//
// What holds in v20.51, and is used here:
//   a. The object of a connect is good for as long as the connection is open. An `onAborted` set on it is called when
//      the connection closes for whatever reason, with or without a request, and makes the object throw from then on
//      instead of touching what is gone. Of a disconnect, the filter is told first.
//   b. The write that completes an answer drops that `onAborted`. Nothing else does.
//   c. The write offset of a connection is 0 at first and from the start of each request until a body is written.
//   d. An `onData` set on it is called directly after the handler of the connection's next request, also where that has
//      no body; after the last chunk it is dropped. Where a body was announced, it may come later, or not at all; and where
//      one of 0 bytes was, it does not come if the headers came in pieces.
//
// The rules that follow from it:
//   1. Each connection has an `onAborted` at all times, but during the write that completes an answer. If the
//      connection closes in that write, the filter is told meanwhile; if not, `onAborted` is set again directly after.
//   2. Nothing is written for a request whose connection is not known.
//   3. Of connections that were answered with a body, the one whose offset is 0 again is asking. To look costs little,
//      but for each of them, so at most 256 are known in this way.
//   4. The others have an `onData`, and the one whose `onData` follows the handler was asking. It cannot be set again
//      before the packet at hand is done with; the one of them that was claimed last is told by its offset until then.
//   5. An `onData` may also be of a connection whose body goes on, and is then none of a request. And for a request that
//      announces a body, the offset has to show that its answer begins on the connection that is meant, before it is
//      completed. One of 0 bytes needs no such proof: its own `onData` follows the handler, or no other but those.
//   6. Nothing that is called by an `onData` or `onWritable` closes their connection: it would free them while they run,
//      and spoil the heap. What may close it is put off until the loop comes round.
//   7. A request that nobody claims is closed, not answered, which is safe by 1. This happens to announced bodies that
//      do not come, to those of 0 bytes whose headers come in pieces, and to what comes in one packet behind a HEAD.
//
// In a version in which d does not hold all would be closed. It is found out by its first request; from then on all
// are answered, and none is limited.
import type { Connections } from './connections.js'
import type { UwsResponse } from './uws.js'
import { UwsConnection, WatchedConnections } from './uws-connection.js'
import { Fairness } from './uws-fairness.js'

/** A request that is answered as soon as its connection is known. */
export interface OpenRequest {
  readonly response: UwsResponse
  /** Whether it says anything of the length of a body, so that nothing is concluded from nobody claiming it. */
  readonly mayLackClaim: boolean
  answer(connection: UwsConnection): void
  /** It is never answered. */
  readonly drop?: () => void
}

export class UwsConnections {
  readonly #connections: Connections<UwsConnection>
  /** Told once, if d does not hold. */
  readonly #onBlind: () => void
  readonly #watched = new WatchedConnections()
  readonly #fairness = new Fairness()
  /** Rule 4: the one that needs a new `onData` when its packet is done with. */
  #last: UwsConnection | undefined
  /** A request whose connection is not known yet. */
  #request: OpenRequest | undefined
  /** The connection whose answer is being written. */
  #writing: UwsConnection | undefined
  #closing: UwsConnection[] = []
  #hasClaimed = false
  #isBlind = false
  #isRoundEnding = false

  constructor(connections: Connections<UwsConnection>, onBlind: () => void) {
    this.#connections = connections
    this.#onBlind = onBlind
  }

  /** For `app.filter`. */
  filter(socket: UwsResponse, count: number): void {
    this.#refuseUnclaimed()
    if (count < 0) {
      // Rule 1. Outside of a write, `onAborted` is about to be called.
      if (this.#writing !== undefined) this.#gone(this.#writing)
      return
    }
    if (this.#isBlind) return
    const connection = this.#create(socket)
    this.#arm(connection)
    if (!this.#connections.open(connection)) this.closeSoon(connection)
  }

  /** First of all in the handler of a request: its connection, where that can be told. */
  tryFind(response: UwsResponse): UwsConnection | undefined {
    this.#refuseUnclaimed()
    if (this.#isBlind) return this.#create(response)
    return this.#last?.asksAgain ? this.#last : this.#watched.tryFind()
  }

  /** Whether a connection that was found has more requests in its packet than is fair. */
  isGreedy(connection: UwsConnection): boolean {
    const isGreedy = this.#fairness.asks(connection)
    // One that asks in packets of its own has its count ended in time.
    if (this.#fairness.isHalfSpent) this.#endRoundSoon()
    return isGreedy
  }

  /** Last of all in it, where it could not. */
  waitForClaim(request: OpenRequest): void {
    this.#request = request
    this.#endRoundSoon()
  }

  /** An answer of it comes later. */
  asked(connection: UwsConnection): void {
    connection.isAnswering = true
    this.#watched.remove(connection)
    this.#connections.asked(connection)
  }

  /** What answers it has no end. */
  streams(connection: UwsConnection): void {
    this.#connections.streams(connection)
  }

  /** Runs a write that may complete the answer of a connection. */
  write(connection: UwsConnection, bodyBytes: number, complete: () => boolean): void {
    this.#refuseUnclaimed()
    if (connection.isGone) return
    this.#writing = connection
    let isComplete: boolean
    try {
      isComplete = complete()
    } catch (error) {
      // How far it came is not known, so nor is whether `onAborted` is still set.
      this.#gone(connection)
      throw error
    } finally {
      this.#writing = undefined
    }
    if (connection.isGone) return
    if (isComplete) this.#answered(connection, bodyBytes)
    else this.asked(connection)
  }

  /** Closes it once what was written has gone to the system. */
  closeSoon(connection: UwsConnection): void {
    if (this.#isBlind) return
    this.#closing.push(connection)
    this.#endRoundSoon()
  }

  #create(socket: UwsResponse): UwsConnection {
    return new UwsConnection(socket, (connection) => this.#gone(connection))
  }

  #answered(connection: UwsConnection, bodyBytes: number): void {
    connection.isAnswering = false
    connection.settle()
    connection.hasSentBody = bodyBytes > 0
    if (this.#isBlind) return
    connection.guard()
    this.#fairness.got(connection, bodyBytes)
    if (this.#fairness.isHalfSpent) this.#endRoundSoon()
    if (this.#watched.tryAdd(connection)) {
      if (this.#last === connection) this.#last = undefined
    } else if (!connection.isArmed) {
      this.#armLater(connection)
    }
    this.#connections.answered(connection)
  }

  #gone(connection: UwsConnection): void {
    connection.isGone = true
    connection.settle()
    this.#watched.remove(connection)
    if (this.#last === connection) this.#last = undefined
    this.#connections.closed(connection)
    connection.stream?.closed()
    connection.stream = undefined
  }

  #arm(connection: UwsConnection): void {
    if (connection.isGone || connection.isArmed) return
    connection.isArmed = true
    connection.onData((isLast) => this.#claim(connection, isLast))
  }

  /** Not before its packet is done with. */
  #armLater(connection: UwsConnection): void {
    // Another packet is at hand, so that of the one before is done with.
    if (this.#last !== undefined && this.#last !== connection) this.#arm(this.#last)
    this.#last = connection
    this.#endRoundSoon()
  }

  #claim(connection: UwsConnection, isLast: boolean): void {
    const { isInBody } = connection
    connection.isInBody = !isLast
    if (isLast) connection.isArmed = false
    const request = this.#request
    // With an answer under way it cannot be a request of this one: uWebSockets.js closes a connection that asks then.
    if (request !== undefined && !isInBody && !connection.isAnswering) {
      this.#request = undefined
      this.#hasClaimed = true
      request.answer(connection)
    }
    const { isArmed, isAnswering, isGone, isWatched } = connection
    const isKnown = isArmed || isAnswering || isGone || isWatched
    if (!isKnown && this.#last !== connection) this.#armLater(connection)
  }

  /** Rule 7. Called before anything else happens, so that the socket of the request is still there to be closed. */
  #refuseUnclaimed(): void {
    const request = this.#request
    if (request === undefined) return
    this.#request = undefined
    if (!this.#hasClaimed && this.#last === undefined && !request.mayLackClaim) this.#goBlind()
    request.response.close()
    request.drop?.()
  }

  #goBlind(): void {
    this.#isBlind = true
    this.#connections.stop()
    this.#connections.forget()
    this.#onBlind()
  }

  #endRoundSoon(): void {
    if (this.#isRoundEnding) return
    this.#isRoundEnding = true
    setImmediate(() => this.#endRound())
  }

  /** The loop has read what there is. */
  #endRound(): void {
    this.#isRoundEnding = false
    this.#fairness.endRow()
    this.#refuseUnclaimed()
    const last = this.#last
    this.#last = undefined
    if (last !== undefined) this.#arm(last)
    const closing = this.#closing
    if (closing.length === 0) return
    this.#closing = []
    for (const connection of closing) connection.close()
  }
}
