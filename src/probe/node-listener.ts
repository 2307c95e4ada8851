// Probes over node:http or node:https, where uWebSockets.js cannot load or may not be used. Runs in the probe actor's
// thread.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { METHOD_NOT_ALLOWED } from './answers.js'
import { CertificateFiles, type CertificateHolder } from './certificate-files.js'
import { Connections } from './connections.js'
import {
  type BoundAddress,
  COMMON_HEADERS,
  isLater,
  isLoopbackAddress,
  type ListenerLimits,
  type ListenerSettings,
  listenError,
  type ProbeAnswer,
  type ProbeHandler,
  type ProbeListener,
  stoppedError,
} from './listener.js'
import { limitNodeConnections, type NodeLimits, type NodeResponses } from './node-connections.js'
import { streamOverNode } from './node-stream.js'

/** How long a client that has not read its answer may delay a stop, in ms. */
const STOP_GRACE_MS = 500
/** Of the request line and headers together. Half of node's own, and twice what uWebSockets.js takes. */
const MAX_HEADER_BYTES = 8 * 1024

export class NodeListener implements ProbeListener {
  readonly #server: Server
  readonly #limits: NodeLimits
  readonly #secured: Secured | undefined
  /** For good: whoever starts it meanwhile looks here after each wait. */
  #isClosed = false

  constructor(handler: ProbeHandler, { limits, tls }: ListenerSettings) {
    const options = optionsFor(limits)
    if (tls === undefined) {
      this.#server = createServer(options)
    } else {
      // node:https speaks HTTP/1.1 alone, and says so to a kubelet that offers HTTP/2 as well.
      const server = createHttpsServer({ ...options, handshakeTimeout: limits.headersTimeoutMs })
      this.#server = server
      this.#secured = { server, files: new CertificateFiles(tls) }
    }
    // keepAliveTimeout is for the header that tells clients of it. Whoever is late is closed by Connections: node's own timer,
    // where nobody listens to it, does not look at what has come meanwhile.
    this.#server.on('timeout', () => {})
    this.#limits = new Connections(limits)
    const responses = limitNodeConnections(
      this.#server,
      this.#limits,
      (request, response) => answer(handler, request, response, responses),
      (_, response) => send(METHOD_NOT_ALLOWED, response, responses),
    )
  }

  async start(host: string, port: number): Promise<BoundAddress> {
    await this.#secured?.files.serveOn(this.#secured.server)
    try {
      return await this.#listen(host, port)
    } catch (error) {
      this.closeNow()
      throw error
    }
  }

  async stop(): Promise<void> {
    this.#isClosed = true
    this.#stopTimers()
    if (!this.#server.listening) return
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    // Not node's own closeIdleConnections: it knows nothing of those that have not finished their TLS handshake.
    this.#limits.closeIdle()
    const timer = setTimeout(() => this.#limits.closeAll(), STOP_GRACE_MS)
    await closed
    clearTimeout(timer)
  }

  closeNow(): void {
    this.#isClosed = true
    this.#stopTimers()
    if (this.#server.listening) this.#server.close()
    this.#limits.closeAll()
  }

  #listen(host: string, port: number): Promise<BoundAddress> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw stoppedError()
      this.#server.once('close', () => reject(stoppedError()))
      // For good: once it listens, a connection that cannot be accepted is no reason to end.
      this.#server.on('error', (error) => reject(listenError(host, port, error)))
      this.#server.listen({ host, port, exclusive: true }, () => {
        // A server that is still looking up its host cannot be closed until it listens.
        if (this.#isClosed) {
          this.#server.close()
          return
        }
        this.#limits.start()
        resolve({ host, port: (this.#server.address() as AddressInfo).port })
      })
    })
  }

  #stopTimers(): void {
    this.#limits.stop()
    this.#secured?.files.close()
  }
}

interface Secured {
  readonly server: CertificateHolder
  readonly files: CertificateFiles
}

function optionsFor({ idleTimeoutMs }: ListenerLimits) {
  return {
    maxHeaderSize: MAX_HEADER_BYTES,
    // What is late is closed by Connections, which looks at what has come first.
    headersTimeout: 0,
    requestTimeout: 0,
    keepAliveTimeout: idleTimeoutMs,
  }
}

function answer(
  handler: ProbeHandler,
  request: IncomingMessage,
  response: ServerResponse,
  responses: NodeResponses,
): void {
  const found = handler({
    method: request.method ?? '',
    target: request.url ?? '',
    header: (name) => String(request.headers[name] ?? ''),
    isFromLoopback: () => isLoopbackAddress(request.socket.remoteAddress ?? ''),
    remoteAddress: () => request.socket.remoteAddress ?? '',
  })
  if (isLater(found)) void found.then((later) => send(later, response, responses))
  else send(found, response, responses)
}

function send(answer: ProbeAnswer, response: ServerResponse, responses: NodeResponses): void {
  const { status, contentType, headers, body, stream, isLast, release } = answer
  if (release !== undefined) responses.holds(response, release)
  response.setHeader('Content-Type', contentType)
  for (const [name, value] of COMMON_HEADERS) response.setHeader(name, value)
  if (headers !== undefined) for (const [name, value] of headers) response.setHeader(name, value)
  response.statusCode = status
  if (isLast || stream !== undefined) response.shouldKeepAlive = false
  if (stream !== undefined) {
    if (response.req.method === 'HEAD') {
      response.end()
      return
    }
    responses.streams(response)
    streamOverNode(response, stream)
    return
  }
  response.setHeader('Content-Length', body.length)
  response.end(body)
}
