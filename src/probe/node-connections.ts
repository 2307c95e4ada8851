// Keeps the limits of connections for node:http, which has none of this kind: its own maxConnections drops the one that
// comes, not the one that idles. Probe actor's thread.
import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Connection, Connections } from './connections.js'
import { Pipeline, Turns } from './node-pipeline.js'

class NodeConnection implements Connection {
  readonly #socket: Socket
  readonly pipeline: Pipeline

  constructor(socket: Socket, turns: Turns) {
    this.#socket = socket
    this.pipeline = new Pipeline(turns)
  }

  close(): void {
    this.pipeline.close()
    this.#socket.destroy()
  }
}

export type NodeLimits = Connections<NodeConnection>

/** Answers a request, at once or later. Never throws. */
export type NodeAnswer = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Follows the connections of `server`, before it listens, and has their requests answered when it is their turn. What it
 * gives back is told of each response that becomes one without an end.
 */
export function limitNodeConnections(
  server: Server,
  limits: NodeLimits,
  answer: NodeAnswer,
  refuseConnect: NodeAnswer,
): (response: ServerResponse) => void {
  const turns = new Turns()
  // By the socket that requests come over: of TLS, that is another one than was accepted.
  const bySocket = new WeakMap<Socket, NodeConnection>()
  const handshaking = new Map<string, NodeConnection>()

  server.on('connection', (socket: Socket) => {
    const connection = new NodeConnection(socket, turns)
    const name = nameOf(socket)
    bySocket.set(socket, connection)
    handshaking.set(name, connection)
    socket.once('close', () => {
      connection.pipeline.close()
      limits.closed(connection)
      if (handshaking.get(name) === connection) handshaking.delete(name)
    })
    if (!limits.open(connection)) connection.close()
  })

  server.on('secureConnection', (socket: Socket) => {
    const connection = handshaking.get(nameOf(socket))
    if (connection !== undefined) bySocket.set(socket, connection)
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
    pipeline.ask(socket, () => {
      response.once('close', () => {
        pipeline.answered()
        if (pipeline.isEmpty) limits.answered(connection)
      })
      answer(request, response)
    })
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

  return ({ req: { socket } }) => {
    const connection = bySocket.get(socket)
    if (connection !== undefined) limits.streams(connection)
  }
}

/** What the two sockets of a TLS connection have in common, and no two connections at once. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
