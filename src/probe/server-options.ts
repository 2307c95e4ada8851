// What users can configure of a HealthServer, with the defaults, checked once at its making.
import { isMainThread } from 'node:worker_threads'
import {
  type EvidenceOptions,
  type EvidenceSettings,
  resolveEvidence,
} from '../evidence/evidence-settings.js'
import { checkDurationMs, checkInteger, checkOptions } from '../model/arguments.js'
import { argumentError, type HealthError } from '../model/errors.js'
import { checkWorkerBaseUrl } from '../runtime/worker-base-url.js'
import type { TransportChoice } from './choose-listener.js'
import {
  type ClientLimits,
  DEFAULT_LIMITS,
  type ListenerLimits,
  type TlsFiles,
} from './listener.js'
import type { Audience, Detail } from './routes.js'

/** The probe actor or the gRPC actor died, and another one answers in its place. */
export interface ServerRestart {
  /** Restarts since the start of the server, of both. */
  readonly restarts: number
  /** What the last one died of. */
  readonly cause: HealthError
}

export interface HealthServerOptions extends EvidenceOptions {
  /** Address or name to listen on. Default `'0.0.0.0'`, all IPv4 interfaces; `'::'` is all of both kinds. */
  host?: string
  /** Port to listen on, 0 to 65,535; 0 is any free one, told by `start()`. Default 8081. */
  port?: number
  /**
   * `'uws'` is uWebSockets.js, `'node'` is `node:http`. Default `'auto'`: `uws` where it loads, the server is started by
   * the main thread and no `tls` is set, `node` elsewhere. `uws` started by a worker aborts the process when that worker
   * is terminated, and it speaks HTTP/1.1 only.
   */
  transport?: TransportChoice
  /**
   * How long a probe waits for reports that are not applied yet, in ms, before it is answered with the last applied
   * state. 0 to 1,000, default 5, far below the second that a kubelet waits: probes are answered one after another, and
   * an exit of the process may wait for the one at work. All waits together take no more than a quarter of the time, so that
   * probes are answered also while reports come faster than they are applied.
   */
  readTimeoutMs?: number
  /**
   * To whom components, messages and metadata are shown. `'always'`, the default, shows them to everybody, as the
   * reference does; `'never'` to nobody; `'authorized'` to clients on this host's loopback interface and to those that
   * send `token`. All others get the status alone; by gRPC, to them only the verdicts are services. A proxy on this host
   * makes loopback clients of all of its own.
   */
  detail?: Detail
  /** The bearer token of `detail: 'authorized'`, 16 to 2,048 visible ASCII characters. Never logged, never shown. */
  token?: string
  /** What bounds clients, those of gRPC on their own port as well. */
  limits?: {
    /**
     * Connections at once, 16 to 65,535, default 1,024. One more takes the place of the one that has been idle for longest. Of
     * those that come at the same moment each is looked at first, so for that moment there may be twice as many.
     */
    maxConnections?: number
    /**
     * How long a request's headers may take, in ms, 100 to 600,000; by gRPC, its message after them. Default 5,000, as in the
     * reference.
     */
    headersTimeoutMs?: number
    /** How long a connection may be idle, in ms, 100 to 600,000. Default 10,000, which uWebSockets.js does not exceed. */
    idleTimeoutMs?: number
    /**
     * Clients of `/events` at once, 0 to half of `maxConnections`, which are the other half's to probe. Default 128, or that
     * half if it is less.
     */
    maxStreams?: number
    /**
     * Bodies that clients have asked for and not taken yet, in bytes, 1 MiB to 1 TiB. Default 64 MiB. Beyond that, one of more
     * than 10 KiB is refused with 503; bodies of that size, which is what a kubelet is sent, never are. Those who are sent the
     * same at the same time hold one body, but over TLS one each.
     */
    maxUnsentBytes?: number
  }
  /** Answers HTTPS instead of HTTP: paths of PEM files, read again when they change. A kubelet does not verify them. */
  tls?: TlsFiles
  /** `/startupz`. */
  startup?: {
    /**
     * It passes for this long from `start()` on whether the program is ready or not, in ms; for longer while components with
     * `progress` get on (up to the runtime's `maxSuppressionMs`), not while one has stalled. Default 0.
     */
    suppressMs?: number
  }
  /** Answers `grpc.health.v1.Health` on a port and from a thread of its own; without it, there is no gRPC. */
  grpc?: {
    /** Port to listen on, 0 to 65,535; 0 is any free one, told by `start()` as `grpcPort`. */
    port: number
    /** Default: the server's `host`. */
    host?: string
    /** TLS instead of plaintext, which is all that a kubelet speaks. */
    tls?: TlsFiles
  }
  /** How often a dead probe actor, or gRPC actor, is restarted before the server gives it up. Default 5 times in 10,000 ms. */
  restarts?: { max?: number; withinMs?: number }
  /** Where a bundler has put this package's worker entries; ends in `/`. */
  workerBaseUrl?: string | URL
  /** Told of each restart. */
  onRestart?: (restart: ServerRestart) => void
  /** Told when the server has given one of them up; without it, that is a process warning. */
  onError?: (error: HealthError) => void
}

export interface GrpcSettings {
  readonly host: string
  readonly port: number
  readonly tls: TlsFiles | undefined
}

export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly transport: TransportChoice
  readonly readTimeoutMs: number
  readonly audience: Audience
  readonly limits: ClientLimits
  readonly maxStreams: number
  readonly tls: TlsFiles | undefined
  readonly startupSuppressMs: number
  readonly grpc: GrpcSettings | undefined
  /** Undefined where there is no file for last words. */
  readonly evidence: EvidenceSettings | undefined
  readonly workerBaseUrl: string | undefined
  readonly restarts: { readonly max: number; readonly withinMs: number }
}

const LIMIT_NAMES = [...Object.keys(DEFAULT_LIMITS), 'maxStreams']
const DEFAULT_MAX_STREAMS = 128
const MAX_READ_TIMEOUT_MS = 1_000
const MAX_CLIENT_TIMEOUT_MS = 600_000
const TOKEN = /^[!-~]{16,2048}$/

const OPTION_NAMES = [
  'host',
  'port',
  'transport',
  'readTimeoutMs',
  'detail',
  'token',
  'limits',
  'tls',
  'startup',
  'grpc',
  'terminationLog',
  'incidentFile',
  'wedgeComponents',
  'restarts',
  'workerBaseUrl',
  'onRestart',
  'onError',
]

/** @throws HealthError `ERR_HEALTH_ARGUMENT` naming the option that is out of range. */
export function resolveServerOptions(options: HealthServerOptions): ServerSettings {
  checkOptions(options, 'options', OPTION_NAMES)
  const { host = '0.0.0.0', port = 8081, readTimeoutMs = 5 } = options
  checkHost(host, 'host')
  checkInteger(port, 'port', 0, 65_535)
  checkInteger(readTimeoutMs, 'readTimeoutMs', 0, MAX_READ_TIMEOUT_MS)
  const tls = checkTls(options.tls, 'tls')
  const limits = resolveLimits(options.limits)
  checkCallback(options.onRestart, 'onRestart')
  checkCallback(options.onError, 'onError')
  return {
    host,
    port,
    transport: resolveTransport(options.transport, tls),
    readTimeoutMs,
    audience: resolveAudience(options),
    limits,
    maxStreams: resolveMaxStreams(options.limits?.maxStreams, limits),
    tls,
    startupSuppressMs: resolveStartup(options.startup),
    grpc: resolveGrpc(options.grpc, host),
    evidence: resolveEvidence(options),
    workerBaseUrl: checkWorkerBaseUrl(options.workerBaseUrl),
    restarts: resolveRestarts(options.restarts),
  }
}

function resolveTransport(
  transport: TransportChoice = 'auto',
  tls: TlsFiles | undefined,
): TransportChoice {
  if (transport !== 'auto' && transport !== 'uws' && transport !== 'node') {
    throw argumentError('transport', transport, "must be 'auto', 'uws' or 'node'")
  }
  // uWebSockets.js cannot take new certificates without closing its port.
  if (transport === 'uws' && tls !== undefined) {
    throw argumentError('transport', transport, "must be 'auto' or 'node' with tls")
  }
  // A worker can be terminated without a chance to close uWebSockets.js, which would abort the whole process.
  return transport === 'auto' && (!isMainThread || tls !== undefined) ? 'node' : transport
}

function resolveAudience({ detail = 'always', token }: HealthServerOptions): Audience {
  if (detail !== 'always' && detail !== 'never' && detail !== 'authorized') {
    throw argumentError('detail', detail, "must be 'always', 'never' or 'authorized'")
  }
  // The token itself is never shown.
  if (token !== undefined && (typeof token !== 'string' || !TOKEN.test(token))) {
    const rule = 'must be a string of 16 to 2,048 visible ASCII characters'
    throw argumentError('typeof token', typeof token, rule)
  }
  return { detail, token }
}

function resolveLimits(limits: HealthServerOptions['limits'] = {}): ClientLimits {
  checkOptions(limits, 'limits', LIMIT_NAMES)
  const all = { ...DEFAULT_LIMITS, ...limits }
  const { maxConnections, headersTimeoutMs, idleTimeoutMs, maxUnsentBytes } = all
  checkInteger(maxConnections, 'limits.maxConnections', 16, 65_535)
  checkInteger(headersTimeoutMs, 'limits.headersTimeoutMs', 100, MAX_CLIENT_TIMEOUT_MS)
  checkInteger(idleTimeoutMs, 'limits.idleTimeoutMs', 100, MAX_CLIENT_TIMEOUT_MS)
  checkInteger(maxUnsentBytes, 'limits.maxUnsentBytes', 2 ** 20, 2 ** 40)
  return { maxConnections, headersTimeoutMs, idleTimeoutMs, maxUnsentBytes }
}

/** Nobody gives way to a new connection but who is idle, and a stream never is. */
function resolveMaxStreams(maxStreams: unknown, { maxConnections }: ListenerLimits): number {
  const half = Math.floor(maxConnections / 2)
  if (maxStreams === undefined) return Math.min(DEFAULT_MAX_STREAMS, half)
  checkInteger(maxStreams, 'limits.maxStreams', 0, half)
  return maxStreams
}

function resolveStartup(startup: HealthServerOptions['startup'] = {}): number {
  checkOptions(startup, 'startup', ['suppressMs'])
  const { suppressMs = 0 } = startup
  checkDurationMs(suppressMs, 'startup.suppressMs')
  return suppressMs
}

function resolveGrpc(
  grpc: HealthServerOptions['grpc'],
  serverHost: string,
): GrpcSettings | undefined {
  if (grpc === undefined) return undefined
  checkOptions(grpc, 'grpc', ['port', 'host', 'tls'])
  const { port, host = serverHost } = grpc
  checkInteger(port, 'grpc.port', 0, 65_535)
  checkHost(host, 'grpc.host')
  return { host, port, tls: checkTls(grpc.tls, 'grpc.tls') }
}

function resolveRestarts(
  restarts: HealthServerOptions['restarts'] = {},
): ServerSettings['restarts'] {
  checkOptions(restarts, 'restarts', ['max', 'withinMs'])
  const { max = 5, withinMs = 10_000 } = restarts
  checkInteger(max, 'restarts.max', 0, 1_000_000)
  checkInteger(withinMs, 'restarts.withinMs', 1, 2 ** 31 - 1)
  return { max, withinMs }
}

function checkHost(host: unknown, name: string): asserts host is string {
  if (typeof host !== 'string' || host === '') {
    throw argumentError(name, host, 'must be a string that is not empty')
  }
}

function checkTls(tls: unknown, name: string): TlsFiles | undefined {
  if (tls === undefined) return undefined
  checkOptions(tls, name, ['certFile', 'keyFile'])
  const { certFile, keyFile } = tls as Partial<TlsFiles>
  if (typeof certFile !== 'string' || certFile === '') {
    throw argumentError(`${name}.certFile`, certFile, 'must be the path of a PEM file')
  }
  if (typeof keyFile !== 'string' || keyFile === '') {
    throw argumentError(`${name}.keyFile`, keyFile, 'must be the path of a PEM file')
  }
  return { certFile, keyFile }
}

function checkCallback(callback: unknown, name: string): void {
  if (callback !== undefined && typeof callback !== 'function') {
    throw argumentError(name, callback, 'must be a function')
  }
}
