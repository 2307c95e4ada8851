// Keeps the limits of connections for node:http, which has none of this kind: its own maxConnections drops the one that
// comes, not the one that idles. And it hands out all requests of a packet before any answer is on its way, whatever that
// takes. Probe actor's thread.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Connection, Connections } from './connections.js'
import { Fairness } from './fairness.js'

/** How many answers that are not there at once a connection may wait for; the next one closes it. */
const MAX_WAITING = 4

export class NodeConnection implements Connection {
  readonly #socket: Socket
  /** Requests of it that are not answered yet; several, where they were sent at once. */
  openRequests = 0
  /** Those of them whose answers are not there yet. */
  waiting = 0
  isClosed = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  close(): void {
    this.isClosed = true
    this.#socket.destroy()
  }
}

export type NodeLimits = Connections<NodeConnection>

/** Answers a request; resolves where that comes later. What it makes of a body is told to `got`, in bytes. */
export type AnswerRequest = (
  request: IncomingMessage,
  response: ServerResponse,
  got: (bytes: number) => void,
) => Promise<void> | undefined

/** Follows the connections of `server`, before it listens, and has those requests answered that are within the limits. */
export function limitNodeConnections(
  server: Server,
  limits: NodeLimits,
  answer: AnswerRequest,
): void {
  const turn = new Turn()
  // By the socket that requests come over: of TLS, that is another one than was accepted.
  const bySocket = new WeakMap<Socket, NodeConnection>()
  const handshaking = new Map<string, NodeConnection>()

  server.on('connection', (socket: Socket) => {
    const connection = new NodeConnection(socket)
    const name = nameOf(socket)
    bySocket.set(socket, connection)
    handshaking.set(name, connection)
    socket.once('close', () => {
      limits.closed(connection)
      if (handshaking.get(name) === connection) handshaking.delete(name)
    })
    if (!limits.open(connection)) connection.close()
  })

  server.on('secureConnection', (socket: Socket) => {
    const connection = handshaking.get(nameOf(socket))
    if (connection !== undefined) bySocket.set(socket, connection)
  })

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const connection = bySocket.get(request.socket)
    // The parser goes on with its packet, also where the connection was closed in the middle of it.
    if (connection === undefined || connection.isClosed) return
    if (connection.waiting >= MAX_WAITING || turn.isGreedy(connection)) {
      connection.close()
      return
    }
    connection.openRequests++
    limits.asked(connection)
    response.once('close', () => {
      connection.openRequests--
      if (connection.openRequests === 0) limits.answered(connection)
    })
    const later = answer(request, response, (bytes) => turn.got(connection, bytes))
    if (later === undefined) return
    connection.waiting++
    void later.then(() => connection.waiting--)
  })
}

/** Fairness until the loop comes round. */
class Turn {
  readonly #fairness = new Fairness<NodeConnection>()
  #isEnding = false

  isGreedy(connection: NodeConnection): boolean {
    const isGreedy = this.#fairness.asks(connection)
    this.#endSoon()
    return isGreedy
  }

  got(connection: NodeConnection, bytes: number): void {
    this.#fairness.got(connection, bytes)
    this.#endSoon()
  }

  /** Not before it matters: one that asks in packets of its own has its count ended in time. */
  #endSoon(): void {
    if (this.#isEnding || !this.#fairness.isHalfSpent) return
    this.#isEnding = true
    setImmediate(() => {
      this.#isEnding = false
      this.#fairness.endRow()
    })
  }
}

/** What the two sockets of a TLS connection have in common, and no two connections at once. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
