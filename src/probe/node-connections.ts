// Keeps the limits of connections for node:http, which has none of this kind: its own maxConnections drops the one that
// comes, not the one that idles. Probe actor's thread.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Connection, Connections } from './connections.js'

class NodeConnection implements Connection {
  readonly #socket: Socket
  /** Requests of it that are not answered yet; several, where they were sent at once. */
  openRequests = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  close(): void {
    this.#socket.destroy()
  }
}

export type NodeLimits = Connections<NodeConnection>

/**
 * Follows the connections of `server`, before it listens. What it gives back is told of each response that becomes one
 * without an end.
 */
export function limitNodeConnections(
  server: Server,
  limits: NodeLimits,
): (response: ServerResponse) => void {
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

  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const connection = bySocket.get(socket)
    if (connection === undefined) return
    connection.openRequests++
    limits.asked(connection)
    response.once('close', () => {
      connection.openRequests--
      if (connection.openRequests === 0) limits.answered(connection)
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
