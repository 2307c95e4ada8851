// The gRPC port. Loads grpc-js, so it is itself imported in no thread but the gRPC actor's.
//
// The port is bound and its connections are accepted here rather than by grpc-js: so a port in use is the system's own
// error, connections have a bound, a certificate can be replaced, and all of it can be closed at once. grpc-js 1.14 does
// not close the sessions of a server without channelz when it is forced to shut down.
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createServer as createTlsServer } from 'node:tls'
import {
  type ConnectionInjector,
  Server as GrpcServer,
  logVerbosity,
  ServerCredentials,
  setLogVerbosity,
} from '@grpc/grpc-js'
import { HealthError } from '../model/errors.js'
import { AudienceGuard } from './audience.js'
import { CertificateFiles } from './certificate-files.js'
import { GrpcConnections } from './grpc-connections.js'
import { GrpcHealth } from './grpc-health.js'
import { interposeStreams } from './grpc-http2.js'
import {
  createHealthService,
  loadHealthService,
  MAX_WATCHERS_A_CONNECTION,
  type OnAnswered,
} from './grpc-service.js'
import type { WatchSource } from './grpc-source.js'
import { GrpcStreams, type StreamCounts } from './grpc-streams.js'
import { WatchHub } from './grpc-watch.js'
import { type ListenerLimits, listenError, stoppedError } from './listener.js'
import type { ProbeReader } from './routes.js'
import { sayOnStandardError } from './say.js'
import type { GrpcSettings, ServerSettings } from './server-options.js'

/** How long clients that do not read, or do not go, may delay a stop, in ms. */
const STOP_GRACE_MS = 500
/** Turns of the loop after which watchers were told and their streams ended. Of a busy one, a turn may take longer than all of that. */
const TURNS_TO_TELL = 8

const MAX_REQUEST_BYTES = 4_096
/**
 * Twice the watchers, for Node.js 22 and later count a stream that its client has reset until their event loop turns: a
 * client that cancels all of its watches and opens as many anew, in one packet, keeps within what it was allowed.
 */
const MAX_STREAMS_A_CONNECTION = 2 * MAX_WATCHERS_A_CONNECTION
/** As much as node:http allows, tokens included. */
const MAX_HEADER_BYTES = 16 * 1024
/** Of a session, in MB: all streams that it may have, each with headers of that size, and some more. */
const MAX_SESSION_MEMORY_MB = 8
/**
 * A client that is gone without a word is noticed by a ping, in ms. So is one whose frames were such that node:http2 has
 * given the session up, but not the connection.
 */
const KEEPALIVE_MS = 20_000
const KEEPALIVE_TIMEOUT_MS = 10_000

const UNBOUNDED =
  'health-actor: this version of @grpc/grpc-js does not let calls be bounded in time and number; gRPC is answered nonetheless\n'

/** What the listener tells of its calls and streams, and whom it asks. */
export interface GrpcListenerHooks {
  readonly counts: StreamCounts
  readonly onAnswered: OnAnswered
  /** Whether the server is about to close. Asked for each stream, so that this is known however many there are. */
  readonly isClosing: () => boolean
}

export class GrpcListener {
  readonly #settings: GrpcSettings
  readonly #limits: ListenerLimits
  readonly #health: GrpcHealth
  readonly #hub: WatchHub
  readonly #connections: GrpcConnections
  readonly #audience: AudienceGuard
  readonly #server: GrpcServer
  readonly #injector: ConnectionInjector
  readonly #onAnswered: OnAnswered
  /** There once a stream could come. */
  #streams: GrpcStreams | undefined
  #listener: Server | undefined
  #files: CertificateFiles | undefined
  #closed: Promise<void> | undefined
  /** For good: whoever starts it meanwhile looks here after each wait. */
  #isClosed = false

  constructor(
    settings: GrpcSettings,
    { limits, audience }: Pick<ServerSettings, 'limits' | 'audience'>,
    reader: ProbeReader,
    source: WatchSource,
    { counts, onAnswered, isClosing }: GrpcListenerHooks,
  ) {
    this.#settings = settings
    this.#limits = limits
    this.#health = new GrpcHealth(reader, () => source.isStopping())
    this.#hub = new WatchHub(source)
    this.#connections = new GrpcConnections(limits.maxConnections)
    this.#audience = new AudienceGuard(audience)
    // It would log what clients do wrong.
    setLogVerbosity(logVerbosity.NONE)
    this.#server = new GrpcServer({
      'grpc.enable_channelz': 0,
      'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
      'grpc.max_concurrent_streams': MAX_STREAMS_A_CONNECTION,
      'grpc-node.max_session_memory': MAX_SESSION_MEMORY_MB,
      'grpc.max_connection_idle_ms': limits.idleTimeoutMs,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    })
    // TLS, where there is any, is done by the time that grpc-js sees a connection.
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure())
    this.#onAnswered = onAnswered
    const isBounded = interposeStreams(
      this.#server,
      { maxHeaderListSize: MAX_HEADER_BYTES },
      (serve) => {
        const bounds = { requestTimeoutMs: limits.headersTimeoutMs }
        const streams = new GrpcStreams(serve, bounds, counts, isClosing)
        this.#streams = streams
        return (stream, headers, flags) => streams.admit(stream, headers, flags)
      },
    )
    if (!isBounded) sayOnStandardError(UNBOUNDED)
  }

  /**
   * Resolves to the port that was bound.
   * @throws HealthError `ERR_HEALTH_LISTEN` with the cause where it cannot be bound or the certificate cannot be used,
   * `ERR_HEALTH_STOPPED` where it is closed before it listens.
   */
  async start(): Promise<number> {
    const { host, port } = this.#settings
    try {
      const service = await loadHealthService()
      if (this.#isClosed) throw stoppedError()
      this.#server.addService(
        service,
        createHealthService(
          this.#health,
          this.#hub,
          this.#connections,
          this.#audience,
          this.#onAnswered,
        ),
      )
      const listener = await this.#createListener()
      if (this.#isClosed) throw stoppedError()
      this.#listener = listener
      return await this.#listen(listener, host, port)
    } catch (error) {
      const wasClosed = this.#isClosed
      this.closeNow()
      if (wasClosed) throw stoppedError()
      throw error instanceof HealthError ? error : listenError(host, port, error)
    }
  }

  /** Tells watchers that nothing is served any more, ends their streams, then closes port and connections. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  /** Closes everything before it returns. Idempotent. */
  closeNow(): void {
    this.#refuse()
    this.#connections.destroyAll()
    this.#server.forceShutdown()
  }

  async #close(): Promise<void> {
    this.#refuse()
    // What it calls back is no sign that watchers have been told: since Node.js 24 a server of node:http2 closes its
    // sessions itself, and grpc-js 1.14 takes a session that is closing for one that is closed.
    this.#server.tryShutdown(() => {})
    const served = this.#connections.servedClosed()
    for (let i = 0; i < TURNS_TO_TELL; i++) await nextTurn()
    const timer = setTimeout(() => this.#connections.destroyAll(), STOP_GRACE_MS)
    await served
    clearTimeout(timer)
    this.closeNow()
  }

  #refuse(): void {
    this.#isClosed = true
    this.#health.close()
    this.#hub.close()
    this.#streams?.close()
    if (this.#listener?.listening) this.#listener.close()
    this.#files?.close()
  }

  async #createListener(): Promise<Server> {
    const inject = (socket: Socket) => {
      // A handshake may take longer than a stop; grpc-js would serve a connection that comes after it.
      if (this.#isClosed) {
        socket.destroy()
        return
      }
      this.#connections.serve(socket)
      this.#injector.injectConnection(socket)
    }
    const { tls } = this.#settings
    if (tls === undefined) {
      return createServer((socket) => {
        if (this.#connections.admit(socket)) inject(socket)
      })
    }
    const handshakeTimeout = this.#limits.headersTimeoutMs
    const server = createTlsServer({ ALPNProtocols: ['h2'], handshakeTimeout }, inject)
    server.on('connection', (socket: Socket) => this.#connections.admit(socket))
    this.#files = new CertificateFiles(tls)
    await this.#files.serveOn(server)
    return server
  }

  #listen(server: Server, host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.once('close', () => reject(stoppedError()))
      server.listen({ host, port, exclusive: true }, () => {
        server.off('error', reject)
        // A connection that could not be accepted, for want of descriptors, say, is that client's loss alone.
        server.on('error', () => {})
        // A server that is still looking up its host cannot be closed until it listens.
        if (this.#isClosed) server.close()
        else resolve((server.address() as AddressInfo).port)
      })
    })
  }
}
