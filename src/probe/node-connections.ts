// Keeps the limits of connections for node:http, which has none of this kind: its own maxConnections drops the one that
// comes, not the one that idles. Probe actor's thread.
import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Connection, Connections } from './connections.js'
import { Pipeline, Turns } from './node-pipeline.js'

class NodeConnection implements Connection {
  readonly #socket: Socket
  readonly pipeline: Pipeline
  /** What its answers owe when their bodies are no longer wanted. */
  readonly #releases = new Set<() => void>()
  #isGone = false

  constructor(socket: Socket, turns: Turns) {
    this.#socket = socket
    this.pipeline = new Pipeline(turns)
  }

  close(): void {
    this.pipeline.close()
    this.#socket.destroy()
  }

  /** Its socket is closed. */
  gone(): void {
    this.#isGone = true
    this.pipeline.close()
    for (const release of this.#releases) release()
    this.#releases.clear()
  }

  /** `release` is called when the response is over: of one that has not had its turn on the socket, node does not tell. */
  holds(response: ServerResponse, release: () => void): void {
    if (this.#isGone) {
      release()
      return
    }
    this.#releases.add(release)
    response.once('close', () => {
      this.#releases.delete(release)
      release()
    })
  }
}

export type NodeLimits = Connections<NodeConnection>

/** Answers a request, at once or later. Never throws. */
export type NodeAnswer = (request: IncomingMessage, response: ServerResponse) => void

/** What is to be told of responses. */
export interface NodeResponses {
  /** It becomes one without an end. */
  streams(response: ServerResponse): void
  /** Its body is wanted until `release` is called. */
  holds(response: ServerResponse, release: () => void): void
}

/** Follows the connections of `server`, before it listens, and has their requests answered when it is their turn. */
export function limitNodeConnections(
  server: Server,
  limits: NodeLimits,
  answer: NodeAnswer,
  refuseConnect: NodeAnswer,
): NodeResponses {
  const turns = new Turns()
  // By the socket that requests come over: of TLS, that is another one than was accepted.
  const bySocket = new WeakMap<Socket, NodeConnection>()
  const handshaking = new Map<string, NodeConnection>()

  server.on('connection', (socket: Socket) => {
    // Its client is gone, and with it what tells it apart.
    if (socket.remoteAddress === undefined) {
      socket.destroy()
      return
    }
    const connection = new NodeConnection(socket, turns)
    const name = nameOf(socket)
    bySocket.set(socket, connection)
    handshaking.set(name, connection)
    socket.once('close', () => {
      connection.gone()
      limits.closed(connection)
      if (handshaking.get(name) === connection) handshaking.delete(name)
    })
    if (!limits.open(connection)) connection.close()
  })

  server.on('secureConnection', (socket: Socket) => {
    const connection = handshaking.get(nameOf(socket))
    // As above, since then.
    if (connection === undefined) socket.destroy()
    else bySocket.set(socket, connection)
  })

  const ask = (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    const connection = bySocket.get(socket)
    if (connection === undefined) {
      answer(request, response)
      return
    }
    const { pipeline } = connection
    limits.asked(connection)
    const isHeard = pipeline.ask(socket, () => {
      response.once('close', () => {
        pipeline.answered()
        if (pipeline.isEmpty) limits.answered(connection)
      })
      answer(request, response)
    })
    if (!isHeard) connection.close()
  }
  server.on('request', ask)
  // Without it node would answer 417. To `100-continue` it says so, and then asks here.
  server.on('checkExpectation', ask)

  // node has let go of the socket, and would close it were this not here.
  server.on('connect', (request: IncomingMessage) => {
    const { socket } = request
    // It tells of no end without one.
    socket.on('error', () => socket.destroy())
    const connection = bySocket.get(socket)
    if (connection === undefined) {
      socket.destroy()
      return
    }
    limits.asked(connection)
    connection.pipeline.askLast(() => {
      const response = new ServerResponse(request)
      response.shouldKeepAlive = false
      response.assignSocket(socket)
      response.once('finish', () => socket.destroySoon())
      refuseConnect(request, response)
    })
  })

  const connectionOf = ({ req }: ServerResponse) => bySocket.get(req.socket)
  return {
    streams(response) {
      const connection = connectionOf(response)
      if (connection !== undefined) limits.streams(connection)
    },
    holds(response, release) {
      const connection = connectionOf(response)
      if (connection === undefined) release()
      else connection.holds(response, release)
    },
  }
}

/** What the two sockets of a TLS connection have in common, and no two connections at once. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
