// Passes a TCP connection on and keeps what the client has sent, and counts what came back.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

export class RecordingProxy {
  readonly #chunks: Buffer[] = []
  readonly #sockets = new Set<Socket>()
  /** Bytes that the receiver has sent. */
  answeredBytes = 0
  port = 0

  static async start(t: TestContext, targetPort: number): Promise<RecordingProxy> {
    const proxy = new RecordingProxy()
    const server = createServer((client) => {
      const target = connect(targetPort, '127.0.0.1')
      for (const socket of [client, target]) {
        proxy.#sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => {
          client.destroy()
          target.destroy()
        })
      }
      client.on('data', (chunk: Buffer) => proxy.#chunks.push(chunk))
      target.on('data', (chunk: Buffer) => {
        proxy.answeredBytes += chunk.length
      })
      client.pipe(target)
      target.pipe(client)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    proxy.port = (server.address() as AddressInfo).port
    t.after(() => {
      proxy.destroy()
      server.close()
    })
    return proxy
  }

  /** All that clients have sent so far. */
  get sent(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  /** Ends all connections without a word of HTTP/2. */
  destroy(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
    this.#sockets.clear()
  }
}
