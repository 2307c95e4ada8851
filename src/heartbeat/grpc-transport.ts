// Carries calls to the control plane by grpc-js over HTTP/2. Loads grpc-js. Heartbeat actor's thread.
import { readFileSync, statSync } from 'node:fs'
import type { Socket } from 'node:net'
import {
  type CallOptions,
  ChannelCredentials,
  Client,
  status as Code,
  compressionAlgorithms,
  connectivityState,
  InterceptingCall,
  type Interceptor,
  type InterceptorOptions,
  logVerbosity,
  Metadata,
  setLogVerbosity,
} from '@grpc/grpc-js'
import { systemAuthorities } from './authorities.js'
import { headersOf, type Sender } from './headers.js'
import { compressInline, NO_COMPRESS } from './inline-compression.js'
import type { HeartbeatTlsFiles } from './options.js'
import { readToken, type TokenPlace } from './token-source.js'
import {
  type AttemptOptions,
  CallError,
  codeName,
  type Method,
  presentable,
  type Transport,
} from './transport.js'

const SERVICE = 'api.v1.OperatorHealthService'
const GZIP_FROM_BYTES = 1_024
/** An answer has a few bytes. */
const MESSAGE_LIMITS = { maxRequestBytes: 32 * 1024 * 1024, maxResponseBytes: 64 * 1024 }

const CHANNEL_OPTIONS = {
  // Attempts are counted and spaced out by the call itself.
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  // As in the reference: no proxy of the environment.
  'grpc.enable_http_proxy': 0,
  // A connection of its own, which is closed with it.
  'grpc.use_local_subchannel_pool': 1,
  // An attempt is to be one: the library must not sit out a failure of before.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // A peer that is gone without a word is noticed while a call waits for it.
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.max_receive_message_length': MESSAGE_LIMITS.maxResponseBytes,
  'grpc.max_send_message_length': MESSAGE_LIMITS.maxRequestBytes,
  'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
  'grpc.enable_channelz': 0,
}

export interface GrpcTarget extends Sender, TokenPlace {
  readonly url: string
  readonly tls: HeartbeatTlsFiles
}

/** A client, and the connections that it has opened. */
interface Connected {
  readonly client: Client
  readonly sockets: ReadonlySet<Socket>
}

export class GrpcTransport implements Transport {
  readonly #target: GrpcTarget
  readonly #address: string
  readonly #pathPrefix: string
  #connected: Connected | undefined
  /** What the files of TLS were like when the client was made. */
  #stamp = ''

  constructor(target: GrpcTarget) {
    // It would log to standard error, with GRPC_TRACE also the headers, and so the token.
    setLogVerbosity(logVerbosity.NONE)
    this.#target = target
    const { protocol, hostname, port, pathname } = new URL(target.url)
    this.#address = `dns:${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
    this.#pathPrefix = pathname.replace(/\/+$/, '')
  }

  async send(
    method: Method,
    message: Uint8Array,
    { signal, timeoutMs }: AttemptOptions,
  ): Promise<Uint8Array> {
    const token = readToken(this.#target)
    const metadata = new Metadata()
    for (const [name, value] of headersOf(this.#target, token)) metadata.set(name, value)
    const connected = this.#current()
    const path = `${this.#pathPrefix}/${SERVICE}/${method}`
    const options: CallOptions = {
      deadline: Date.now() + timeoutMs,
      interceptors: [compressLarge],
    }
    return new Promise((resolve, reject) => {
      const call = connected.client.makeUnaryRequest(
        path,
        asBuffer,
        asBytes,
        message,
        metadata,
        options,
        (error, response) => {
          signal.removeEventListener('abort', cancel)
          if (error === null) {
            resolve(response ?? new Uint8Array())
            return
          }
          this.#giveUpConnecting(connected, error.code)
          reject(new CallError(codeName(error.code), presentable(error.details, token)))
        },
      )
      const cancel = () => call.cancel()
      signal.addEventListener('abort', cancel, { once: true })
      if (signal.aborted) cancel()
    })
  }

  close(): void {
    if (this.#connected === undefined) return
    const { client, sockets } = this.#connected
    this.#connected = undefined
    client.close()
    for (const socket of sockets) socket.destroy()
  }

  /** Anew where a certificate was renewed. Files that are no good leave the client as it is. */
  #current(): Connected {
    const stamp = stampOf(this.#target.tls)
    if (this.#connected !== undefined && stamp === this.#stamp) return this.#connected
    try {
      const sockets = new Set<Socket>()
      const credentials = watched(this.#credentials(), sockets)
      const client = new Client(this.#address, credentials, CHANNEL_OPTIONS)
      compressInline(client, MESSAGE_LIMITS)
      this.close()
      this.#connected = { client, sockets }
      this.#stamp = stamp
      return this.#connected
    } catch (error) {
      if (this.#connected !== undefined) return this.#connected
      const why = presentable(error instanceof Error ? error.message : 'unknown', undefined)
      throw new CallError('FAILED_PRECONDITION', `cannot use the files of tls: ${why}`)
    }
  }

  /**
   * A peer that accepts a connection and says nothing would be waited for without end, by every later call too: grpc-js 1.14
   * has no bound for the handshakes. What has taken a whole attempt is begun anew by the next one.
   */
  #giveUpConnecting(connected: Connected, code: number): void {
    if (connected !== this.#connected) return
    if (code !== Code.DEADLINE_EXCEEDED && code !== Code.CANCELLED) return
    const state = connected.client.getChannel().getConnectivityState(false)
    if (state === connectivityState.CONNECTING) this.close()
  }

  #credentials(): ChannelCredentials {
    const { url, tls } = this.#target
    if (url.startsWith('http:')) return ChannelCredentials.createInsecure()
    const { caFile, certFile, keyFile } = tls
    const read = (file: string | undefined) => (file === undefined ? null : readFileSync(file))
    const authorities = read(caFile) ?? systemAuthorities(process.env) ?? null
    return ChannelCredentials.createSsl(authorities, read(keyFile), read(certFile))
  }
}

/**
 * Has `sockets` hold the open connections: the library offers no way to end one that is still being set up. It is taken from a
 * method that is not for everybody; a version without it leaves the set empty.
 */
function watched(credentials: ChannelCredentials, sockets: Set<Socket>): ChannelCredentials {
  const createConnector = credentials._createSecureConnector?.bind(credentials)
  if (createConnector === undefined) return credentials
  credentials._createSecureConnector = (...parameters) => {
    const connector = createConnector(...parameters)
    const connect = connector.connect.bind(connector)
    connector.connect = (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      return connect(socket)
    }
    return connector
  }
  return credentials
}

/** Small messages would only grow. The header says gzip in any case, as the reference's does. */
const compressLarge: Interceptor = (options: InterceptorOptions, nextCall) =>
  new CompressingCall(nextCall(options))

class CompressingCall extends InterceptingCall {
  override sendMessageWithContext(
    context: Parameters<InterceptingCall['sendMessageWithContext']>[0],
    message: Uint8Array,
  ): void {
    const isSmall = message.length < GZIP_FROM_BYTES
    super.sendMessageWithContext(isSmall ? { ...context, flags: NO_COMPRESS } : context, message)
  }
}

function asBuffer(message: Uint8Array): Buffer {
  return Buffer.from(message.buffer, message.byteOffset, message.byteLength)
}

function asBytes(message: Buffer): Uint8Array {
  return message
}

/** Changes with the files behind the names: a mounted secret is renewed by swapping a link somewhere above them. */
function stampOf({ caFile, certFile, keyFile }: HeartbeatTlsFiles): string {
  return [caFile, certFile, keyFile].map((file) => (file === undefined ? '' : stat(file))).join(' ')
}

function stat(file: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true })
    return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}
