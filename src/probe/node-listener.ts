// Probes over node:http, where uWebSockets.js cannot load or may not be used. Runs in the probe actor's thread.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type BoundAddress,
  COMMON_HEADERS,
  IDLE_TIMEOUT_MS,
  listenError,
  type ProbeHandler,
  type ProbeListener,
} from './listener.js'

/** How long the headers of a request may take, as in the Go server, in ms. */
const HEADERS_TIMEOUT_MS = 5_000
/** How long a client that has not read its answer may delay a stop, in ms. */
const STOP_GRACE_MS = 500

export class NodeListener implements ProbeListener {
  readonly #server: Server

  constructor(handler: ProbeHandler) {
    this.#server = createServer(
      {
        keepAliveTimeout: IDLE_TIMEOUT_MS,
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: IDLE_TIMEOUT_MS,
        connectionsCheckingInterval: 1_000,
      },
      (request, response) => answer(handler, request, response),
    )
    this.#server.timeout = IDLE_TIMEOUT_MS
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
  const { status, contentType, allow, body } = handler(request.method ?? '', request.url ?? '')
  response.setHeader('Content-Type', contentType)
  for (const [name, value] of COMMON_HEADERS) response.setHeader(name, value)
  if (allow !== undefined) response.setHeader('Allow', allow)
  response.setHeader('Content-Length', body.length)
  response.statusCode = status
  response.end(body)
}
