// Probes over uWebSockets.js: the fast transport. Runs in the probe actor's thread, and only there: an app belongs
// to the loop of the thread that made it.
//
// Danger: an app that is still open when its thread ends aborts the whole process with code 134, whoever ended it
// (uWebSockets.js#324, #465, #925). Whoever uses this class closes it on every path. To be dropped with a version
// of uWebSockets.js that closes its handles by itself.
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Connections } from './connections.js'
import {
  type BoundAddress,
  dropAnswer,
  isLater,
  isLoopbackAddress,
  type ListenerSettings,
  listenError,
  type ProbeAnswer,
  type ProbeHandler,
  type ProbeListener,
  stoppedError,
} from './listener.js'
import { sayOnStandardError } from './say.js'
import type { Uws, UwsApp, UwsRequest, UwsResponse } from './uws.js'
import { type AnswerForm, canProveConnection, mayCloseInWrite, sendOverUws } from './uws-answer.js'
import type { UwsConnection } from './uws-connection.js'
import { UwsConnections } from './uws-connections.js'

export { loadUws, type Uws } from './uws.js'

const STOP_POLL_MS = 5

/** How many free ports are tried where any will do. */
const MAX_PORT_ATTEMPTS = 10

/** How long a client that has not read its answer may delay a stop, in ms. An exit of the process waits longer. */
const STOP_GRACE_MS = 200

const BLIND =
  'health-actor: this uWebSockets.js does not tell which connection asks, so connections are not limited\n'

export class UwsListener implements ProbeListener {
  readonly #uws: Uws
  readonly #handler: ProbeHandler
  readonly #limits: Connections<UwsConnection>
  readonly #connections: UwsConnections
  #app: UwsApp | undefined
  #port: unknown
  /** For good: whoever starts it meanwhile looks here after each wait. */
  #isClosed = false

  constructor(uws: Uws, handler: ProbeHandler, { limits }: ListenerSettings) {
    this.#uws = uws
    this.#handler = handler
    this.#limits = new Connections(limits)
    this.#connections = new UwsConnections(this.#limits, () => sayOnStandardError(BLIND))
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
        if (this.#isClosed || attempt === MAX_PORT_ATTEMPTS) throw error
      }
    }
  }

  async #listen(host: string, port: number): Promise<BoundAddress> {
    if (this.#isClosed) throw stoppedError()
    const app = this.#uws.App()
    this.#app = app
    app.filter((response, count) => this.#connections.filter(response, count))
    app.any('/*', (response, request) => this.#request(response, request))
    const socket = await new Promise<unknown>((resolve) => {
      // Exclusive: otherwise two processes would share the port without a word, and the probes between them.
      app.listen(host, port, this.#uws.LIBUS_LISTEN_EXCLUSIVE_PORT, resolve)
    })
    // With the app, its port was closed.
    if (this.#isClosed) throw stoppedError()
    if (socket) {
      this.#port = socket
      this.#limits.start()
      return { host, port: this.#uws.us_socket_local_port(socket) }
    }
    this.#closeApp()
    // uWebSockets.js does not say why. The system does, if node:net asks it for the same.
    const outcome = await tryBind(host, port)
    throw listenError(host, port, outcome instanceof Error ? outcome : undefined)
  }

  async stop(): Promise<void> {
    if (this.#port !== undefined) {
      this.#uws.us_listen_socket_close(this.#port)
      this.#port = undefined
      const deadlineMs = performance.now() + STOP_GRACE_MS
      while (this.#limits.isAnswering && performance.now() < deadlineMs) await delay(STOP_POLL_MS)
    }
    this.closeNow()
  }

  closeNow(): void {
    this.#isClosed = true
    this.#closeApp()
  }

  #closeApp(): void {
    this.#limits.stop()
    this.#port = undefined
    const app = this.#app
    this.#app = undefined
    app?.close()
  }

  /** Must not throw: that would be the end of the process (uWebSockets.js#123). */
  #request(response: UwsResponse, request: UwsRequest): void {
    let found: ProbeAnswer | Promise<ProbeAnswer> | undefined
    try {
      const connection = this.#connections.tryFind(response)
      if (connection !== undefined && this.#connections.isGreedy(connection)) {
        response.close()
        return
      }
      const method = request.getCaseSensitiveMethod()
      const query = request.getQuery()
      const target = query === undefined ? request.getUrl() : `${request.getUrl()}?${query}`
      found = this.#handler({
        method,
        target,
        header: (name) => request.getHeader(name),
        isFromLoopback: () => isLoopbackAddress(addressOf(response, connection)),
        remoteAddress: () => addressOf(response, connection),
      })
      const form = {
        response,
        isHead: method === 'HEAD',
        isInDoubt: connection === undefined && announcesBody(request),
        connection: request.getHeader('connection').toLowerCase(),
      }
      if (connection === undefined) {
        this.#answerOnClaim(form, found, saysLength(request))
        return
      }
      this.#answer(connection, form, found)
      // Its next request will be told by an `onData`, so what comes before must not be taken for it.
      if (!connection.isWatched) connection.isInBody = announcesBody(request)
    } catch {
      // The handler never throws and the calls don't either. If one does, a closed connection is a failed probe.
      tryClose(response)
      if (found !== undefined) dropAnswer(found)
    }
  }

  #answerOnClaim(
    form: AnswerForm,
    found: ProbeAnswer | Promise<ProbeAnswer>,
    mayLackClaim: boolean,
  ): void {
    const { response, isHead, isInDoubt } = form
    if (isInDoubt && (isHead || isLater(found) || !canProveConnection(form, found))) {
      response.close()
      dropAnswer(found)
      return
    }
    const answer = (connection: UwsConnection) => {
      if (!isLater(found) && mayCloseInWrite(form, found)) this.#sendSoon(connection, form, found)
      else this.#answer(connection, form, found)
    }
    const drop = () => dropAnswer(found)
    this.#connections.waitForClaim({ response, mayLackClaim, answer, drop })
  }

  #answer(
    connection: UwsConnection,
    form: AnswerForm,
    found: ProbeAnswer | Promise<ProbeAnswer>,
  ): void {
    if (isLater(found)) {
      this.#connections.asked(connection)
      void found.then((later) => this.#sendSoon(connection, form, later))
    } else if (found.stream !== undefined && !form.isHead) {
      this.#sendSoon(connection, form, found)
    } else {
      this.#send(connection, form, found)
    }
  }

  /** Outside of all that uWebSockets.js calls. */
  #sendSoon(connection: UwsConnection, form: AnswerForm, answer: ProbeAnswer): void {
    this.#connections.asked(connection)
    setImmediate(() => {
      if (connection.isGone) dropAnswer(answer)
      else form.response.cork(() => this.#send(connection, form, answer))
    })
  }

  #send(connection: UwsConnection, form: AnswerForm, answer: ProbeAnswer): void {
    connection.release = answer.release
    try {
      sendOverUws(this.#connections, connection, form, answer)
    } catch {
      this.#connections.closeSoon(connection)
    }
    // One whose answer goes on is settled when that ends, in whatever way.
    if (!connection.isAnswering) connection.settle()
  }
}

/** Whether anything is said of a body, be it that there is none. */
function saysLength(request: UwsRequest): boolean {
  return request.getHeader('content-length') !== '' || request.getHeader('transfer-encoding') !== ''
}

function announcesBody(request: UwsRequest): boolean {
  const length = request.getHeader('content-length')
  return (length !== '' && length !== '0') || request.getHeader('transfer-encoding') !== ''
}

function tryClose(response: UwsResponse): void {
  try {
    response.close()
  } catch {
    // Its object is done with, so there is nothing to close.
  }
}

/** Asked of uWebSockets.js once a connection, where that is known. */
function addressOf(response: UwsResponse, connection: UwsConnection | undefined): string {
  if (connection?.address !== undefined) return connection.address
  const address = Buffer.from(response.getRemoteAddressAsText()).toString('latin1')
  if (connection !== undefined) connection.address = address
  return address
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
