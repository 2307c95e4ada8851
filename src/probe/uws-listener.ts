// Probes over uWebSockets.js: the fast transport. Runs in the probe actor's thread, and only there: an app belongs
// to the loop of the thread that made it.
//
// Danger: an app that is still open when its thread ends aborts the whole process with code 134, whoever ended it
// (uWebSockets.js#324, #465, #925). Whoever uses this class closes it on every path. To be dropped with a version
// of uWebSockets.js that closes its handles by itself.
import { type AddressInfo, createServer } from 'node:net'
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

// The part of uWebSockets.js that is used. Its own types are there only where the optional package is.
interface UwsRequest {
  getCaseSensitiveMethod(): string
  getUrl(): string
  getQuery(): string | undefined
  getHeader(lowerCaseName: string): string
}
interface UwsResponse {
  writeStatus(status: string): UwsResponse
  writeHeader(name: string, value: string): UwsResponse
  end(body: Uint8Array, closeConnection: boolean): unknown
  endWithoutBody(): unknown
  close(): unknown
  cork(write: () => void): UwsResponse
  onAborted(handler: () => void): UwsResponse
  getRemoteAddressAsText(): ArrayBuffer
}
interface UwsApp {
  any(pattern: string, handler: (response: UwsResponse, request: UwsRequest) => void): UwsApp
  listen(host: string, port: number, options: number, callback: (socket: unknown) => void): UwsApp
  close(): UwsApp
}
export interface Uws {
  App(): UwsApp
  us_socket_local_port(socket: unknown): number
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number
}

/** How many free ports are tried where any will do. */
const MAX_PORT_ATTEMPTS = 10

const STATUS_LINES = {
  200: '200 OK',
  400: '400 Bad Request',
  401: '401 Unauthorized',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  503: '503 Service Unavailable',
} as const

/** Loads uWebSockets.js, a user's own by normal resolution. Rejects where it is missing or not made for this platform. */
export async function loadUws(): Promise<Uws> {
  // In a variable, so that the package need not be there to compile or bundle this file.
  const packageName = 'uWebSockets.js'
  const loaded: { default: Uws } = await import(packageName)
  return loaded.default
}

export class UwsListener implements ProbeListener {
  readonly #uws: Uws
  readonly #handler: ProbeHandler
  #app: UwsApp | undefined

  constructor(uws: Uws, handler: ProbeHandler, _settings: ListenerSettings) {
    this.#uws = uws
    this.#handler = handler
  }

  async start(host: string, port: number): Promise<BoundAddress> {
    if (port !== 0) return this.#listen(host, port)
    // Asked for port 0, uWebSockets.js does not set SO_REUSEADDR, and nobody could bind that port again while old
    // connections are in TIME_WAIT, as a restart has to. So the free port is found first. Somebody may take it in
    // between; then the next one is tried.
    for (let attempt = 1; ; attempt++) {
      const free = await tryBind(host, 0)
      if (free instanceof Error) throw listenError(host, 0, free)
      try {
        return await this.#listen(host, free)
      } catch (error) {
        if (attempt === MAX_PORT_ATTEMPTS) throw error
      }
    }
  }

  async #listen(host: string, port: number): Promise<BoundAddress> {
    const app = this.#uws.App()
    this.#app = app
    app.any('/*', (response, request) => this.#answer(response, request))
    const socket = await new Promise<unknown>((resolve) => {
      // Exclusive: otherwise two processes would share the port without a word, and the probes between them.
      app.listen(host, port, this.#uws.LIBUS_LISTEN_EXCLUSIVE_PORT, resolve)
    })
    if (socket) return { host, port: this.#uws.us_socket_local_port(socket) }
    this.closeNow()
    // uWebSockets.js does not say why. The system does, if node:net asks it for the same.
    const outcome = await tryBind(host, port)
    throw listenError(host, port, outcome instanceof Error ? outcome : undefined)
  }

  /** Answers are written at once, so there is nothing to finish but what the system sends from its own buffers. */
  async stop(): Promise<void> {
    this.closeNow()
  }

  closeNow(): void {
    const app = this.#app
    this.#app = undefined
    app?.close()
  }

  /**
   * Must answer, or say what is to happen when the client goes away, before it returns; and must not throw: either
   * ends the process (uWebSockets.js#1296, #123).
   */
  #answer(response: UwsResponse, request: UwsRequest): void {
    try {
      const method = request.getCaseSensitiveMethod()
      const query = request.getQuery()
      const target = query === undefined ? request.getUrl() : `${request.getUrl()}?${query}`
      const connection = request.getHeader('connection').toLowerCase()
      const found = this.#handler({
        method,
        target,
        header: (name) => request.getHeader(name),
        isFromLoopback: () => isLoopbackAddress(textOf(response.getRemoteAddressAsText())),
      })
      if (isLater(found)) sendLater(response, found, method, connection)
      else send(response, found, method, connection)
    } catch {
      // The handler never throws and the writes don't either; if one does, a closed connection is a failed
      // probe, while an exception here would be the end of the process.
      response.close()
    }
  }
}

function sendLater(
  response: UwsResponse,
  later: Promise<ProbeAnswer>,
  method: string,
  connection: string,
): void {
  let isGone = false
  response.onAborted(() => {
    isGone = true
  })
  void later.then((answer) => {
    if (!isGone) response.cork(() => send(response, answer, method, connection))
  })
}

function send(
  response: UwsResponse,
  { status, contentType, headers, body }: ProbeAnswer,
  method: string,
  connection: string,
): void {
  response.writeStatus(STATUS_LINES[status]).writeHeader('Content-Type', contentType)
  for (const [name, value] of COMMON_HEADERS) response.writeHeader(name, value)
  if (headers !== undefined) for (const [name, value] of headers) response.writeHeader(name, value)
  // For this very value uWebSockets.js closes after the answer by itself, but does not say so. Asked to close for
  // any other, it does both.
  if (connection === 'close') response.writeHeader('Connection', 'close')
  if (method !== 'HEAD') {
    response.end(body, hasCloseToken(connection))
  } else {
    // endWithoutBody(length) leaves the response open in v20.51, so the length is written by hand; and with that
    // it cannot be asked to close, so a HEAD with a list of tokens leaves that to the client.
    response.writeHeader('Content-Length', String(body.length)).endWithoutBody()
  }
}

function textOf(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString('latin1')
}

/** Whether `close` is among the tokens of a Connection header, given in lower case. */
function hasCloseToken(connection: string): boolean {
  return (
    connection.includes('close') && connection.split(',').some((token) => token.trim() === 'close')
  )
}

/** Binds and lets go again: the port that was bound, or the system's error. */
function tryBind(host: string, port: number): Promise<number | Error> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', resolve)
    server.listen({ host, port, exclusive: true }, () => {
      const bound = (server.address() as AddressInfo).port
      server.close(() => resolve(bound))
    })
  })
}
