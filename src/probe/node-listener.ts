// Probes over node:http, where uWebSockets.js cannot load or may not be used. Runs in the probe actor's thread.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type BoundAddress,
  COMMON_HEADERS,
  isLater,
  isLoopbackAddress,
  type ListenerSettings,
  listenError,
  type ProbeAnswer,
  type ProbeHandler,
  type ProbeListener,
} from './listener.js'

/** How long a client that has not read its answer may delay a stop, in ms. */
const STOP_GRACE_MS = 500

export class NodeListener implements ProbeListener {
  readonly #server: Server

  constructor(handler: ProbeHandler, { limits }: ListenerSettings) {
    const { headersTimeoutMs, idleTimeoutMs } = limits
    this.#server = createServer(
      {
        keepAliveTimeout: idleTimeoutMs,
        headersTimeout: headersTimeoutMs,
        requestTimeout: Math.max(idleTimeoutMs, headersTimeoutMs),
        connectionsCheckingInterval: 1_000,
      },
      (request, response) => answer(handler, request, response),
    )
    this.#server.timeout = idleTimeoutMs
  }

  start(host: string, port: number): Promise<BoundAddress> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => reject(listenError(host, port, error)))
      this.#server.listen({ host, port, exclusive: true }, () => {
        resolve({ host, port: (this.#server.address() as AddressInfo).port })
      })
    })
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    const timer = setTimeout(() => this.#server.closeAllConnections(), STOP_GRACE_MS)
    await closed
    clearTimeout(timer)
  }

  closeNow(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

function answer(handler: ProbeHandler, request: IncomingMessage, response: ServerResponse): void {
  const found = handler({
    method: request.method ?? '',
    target: request.url ?? '',
    header: (name) => String(request.headers[name] ?? ''),
    isFromLoopback: () => isLoopbackAddress(request.socket.remoteAddress ?? ''),
  })
  if (isLater(found)) void found.then((later) => send(later, response))
  else send(found, response)
}

function send(answer: ProbeAnswer, response: ServerResponse): void {
  const { status, contentType, headers, body } = answer
  response.setHeader('Content-Type', contentType)
  for (const [name, value] of COMMON_HEADERS) response.setHeader(name, value)
  if (headers !== undefined) for (const [name, value] of headers) response.setHeader(name, value)
  response.setHeader('Content-Length', body.length)
  response.statusCode = status
  response.end(body)
}
