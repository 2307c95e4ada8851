// What users can configure of a HeartbeatReporter, with the defaults, checked once at its making.
import { checkInteger, checkName, checkOptions, MAX_TIMEOUT_MS } from '../model/arguments.js'
import { Component } from '../model/component.js'
import { argumentError } from '../model/errors.js'
import { checkRestarts } from '../runtime/options.js'
import type { RestartLimits } from '../runtime/restart-intensity.js'
import { checkWorkerBaseUrl } from '../runtime/worker-base-url.js'
import type { Sender } from './headers.js'
import { isOperatorType, OperatorType } from './operator-type.js'
import { type Timestamp, toTimestamp } from './request.js'
import { checkSources, type HeartbeatSourceOptions, type SourcePlace } from './source.js'
import { isToken, type TokenPlace } from './token-source.js'

/** PEM files; read again when they change. */
export interface HeartbeatTlsFiles {
  /** Whom to trust instead of the authorities of Node.js, those of `NODE_EXTRA_CA_CERTS` and the system's (`SSL_CERT_FILE`). */
  caFile?: string
  /** Certificate and key of this client, for a receiver that asks for them. */
  certFile?: string
  keyFile?: string
}

export interface HeartbeatReporterOptions {
  /** The control plane: `https://…` is TLS, `http://…` plaintext. Default: `DAKR_URL` of the environment. */
  url?: string
  /** The cluster's bearer token; `''` sends none. Default: `CLUSTER_TOKEN` of the environment. Never logged, never shown. */
  token?: string
  /** A file with the token instead, read at each call. */
  tokenFile?: string
  tls?: HeartbeatTlsFiles
  /** Default: `CLUSTER_ID` of the environment, or `unknown`. */
  clusterId?: string
  /** Whose report that of the runtime is. Default `OperatorType.Read`. */
  operatorType?: OperatorType
  /** The product, for the headers `x-client` and `x-operator-type`. Default `zxporter`. */
  client?: string
  /** The program's version and commit, in visible ASCII. Default `''`. */
  version?: string
  commit?: string
  /** Since when the program is up. Default: the start of the process. */
  startTime?: Date | Timestamp
  /** Between two heartbeats, in ms, 100 to an hour. Default 15,000. */
  intervalMs?: number
  /** Each interval is longer by a random part of this, in ms. Default: a tenth of `intervalMs`. */
  jitterMs?: number
  /** After how long a heartbeat that was not received is sent once more, in ms. Default 5,000. */
  resendDelayMs?: number
  /** The deadline of each of the three attempts of a call, in ms. Default 10,000. */
  attemptTimeoutMs?: number
  /** How long the last heartbeat, at the stop, may take in all, in ms; 0 sends none. Default 3,000. */
  finalTimeoutMs?: number
  /** The component that tells how it goes, registered at the start; null is none. Default `dakr_transport`. */
  component?: string | null
  /**
   * Further reports to send from the same thread, each in a loop of its own, once the runtime's first heartbeat is out:
   * `nodeOperatorSource()` and `restartOomSource()` of `health-actor/kubernetes`, or modules of one's own.
   */
  sources?: readonly HeartbeatSourceOptions[]
  /** How often a dead heartbeat actor is restarted before the reporter gives up. Default 5 times in 10,000 ms. */
  restarts?: { max?: number; withinMs?: number }
  /** Where a bundler has put this package's worker entries; ends in `/`. Default: as for the `HealthManager`. */
  workerBaseUrl?: string | URL
}

/** The options with every default filled in. Structured-cloneable; holds the token. */
export interface HeartbeatSettings extends Sender, TokenPlace {
  /** Undefined: there is nobody to send to. */
  readonly url: string | undefined
  readonly tls: HeartbeatTlsFiles
  readonly clusterId: string
  readonly operatorType: OperatorType
  readonly startTime: Timestamp
  readonly intervalMs: number
  readonly jitterMs: number
  readonly resendDelayMs: number
  readonly attemptTimeoutMs: number
  readonly finalTimeoutMs: number
  readonly component: string | null
  readonly sources: readonly SourcePlace[]
  readonly restarts: RestartLimits
  readonly workerBaseUrl: string | undefined
}

const OPTION_NAMES: (keyof HeartbeatReporterOptions)[] = [
  'url',
  'token',
  'tokenFile',
  'tls',
  'clusterId',
  'operatorType',
  'client',
  'version',
  'commit',
  'startTime',
  'intervalMs',
  'jitterMs',
  'resendDelayMs',
  'attemptTimeoutMs',
  'finalTimeoutMs',
  'component',
  'sources',
  'restarts',
  'workerBaseUrl',
]
const TLS_NAMES: (keyof HeartbeatTlsFiles)[] = ['caFile', 'certFile', 'keyFile']
const HEADER_TEXT = /^[!-~]*$/
const MAX_INTERVAL_MS = 3_600_000

/**
 * `environment` is `process.env`.
 * @throws HealthError `ERR_HEALTH_ARGUMENT` naming the option that is out of range.
 */
export function resolveHeartbeatOptions(
  options: HeartbeatReporterOptions,
  environment: NodeJS.ProcessEnv,
): HeartbeatSettings {
  checkOptions(options, 'options', OPTION_NAMES)
  const { operatorType = OperatorType.Read, component = Component.DakrTransport } = options
  if (!isOperatorType(operatorType)) {
    throw argumentError('operatorType', operatorType, 'must be one of OperatorType, 0 to 7')
  }
  if (component !== null) checkName(component, 'component')
  const { clusterId = environment['CLUSTER_ID'] || 'unknown', sources = [] } = options
  const { intervalMs = 15_000, resendDelayMs = 5_000, attemptTimeoutMs = 10_000 } = options
  const { finalTimeoutMs = 3_000, client = 'zxporter', version = '', commit = '' } = options
  if (typeof clusterId !== 'string') throw argumentError('clusterId', clusterId, 'must be a string')
  checkInteger(intervalMs, 'intervalMs', 100, MAX_INTERVAL_MS)
  const { jitterMs = Math.round(intervalMs / 10) } = options
  checkInteger(jitterMs, 'jitterMs', 0, MAX_INTERVAL_MS)
  checkInteger(resendDelayMs, 'resendDelayMs', 0, MAX_INTERVAL_MS)
  checkInteger(attemptTimeoutMs, 'attemptTimeoutMs', 1, MAX_INTERVAL_MS)
  checkInteger(finalTimeoutMs, 'finalTimeoutMs', 0, MAX_TIMEOUT_MS)
  checkHeaderText(client, 'client')
  if (client === '') throw argumentError('client', client, 'must not be empty')
  checkHeaderText(version, 'version')
  checkHeaderText(commit, 'commit')
  const url = resolveUrl(options.url ?? (environment['DAKR_URL'] || undefined))
  const tls = resolveTls(options.tls)
  if (url?.startsWith('http:') && Object.values(tls).some((file) => file !== undefined)) {
    throw argumentError('url', url, "must be an 'https:' URL with tls")
  }
  return {
    url,
    ...resolveToken(options, environment),
    tls,
    clusterId,
    operatorType,
    client,
    version,
    commit,
    startTime: toTimestamp(options.startTime ?? processStart(), 'startTime'),
    intervalMs,
    jitterMs,
    resendDelayMs,
    attemptTimeoutMs,
    finalTimeoutMs,
    component,
    sources: checkSources(sources),
    restarts: checkRestarts(options.restarts ?? {}),
    workerBaseUrl: checkWorkerBaseUrl(options.workerBaseUrl),
  }
}

/** What is missing to send heartbeats, for people; undefined where nothing is. An empty token is none, and not missing. */
export function findMissing({ url, token, tokenFile }: HeartbeatSettings): string | undefined {
  if (url === undefined) return 'no url is given, by option or as DAKR_URL'
  const hasToken = token !== undefined || tokenFile !== undefined
  return hasToken ? undefined : 'no token is given, by option or as CLUSTER_TOKEN'
}

function processStart(): Date {
  return new Date(Date.now() - process.uptime() * 1_000)
}

/** Not shown where it is refused: it may hold a password. */
function resolveUrl(given: unknown): string | undefined {
  if (given === undefined) return undefined
  const rule =
    "must be an 'https:' URL, or for plaintext an 'http:' one, without user, query and fragment"
  if (typeof given !== 'string') throw argumentError('typeof url', typeof given, rule)
  // Not URL.canParse, which came with 20.0 and has other gaps there.
  let url: URL
  try {
    url = new URL(given)
  } catch {
    throw argumentError('url.length', given.length, rule)
  }
  const { protocol, username, password, search, hash } = url
  const isPlain = username === '' && password === '' && search === '' && hash === ''
  if ((protocol !== 'https:' && protocol !== 'http:') || !isPlain) {
    throw argumentError('url.protocol', protocol, rule)
  }
  return url.href.replace(/\/+$/, '')
}

function resolveToken(
  { token, tokenFile }: HeartbeatReporterOptions,
  environment: NodeJS.ProcessEnv,
): TokenPlace {
  if (tokenFile !== undefined) {
    if (token !== undefined) throw argumentError('tokenFile', tokenFile, 'must be without token')
    checkPath(tokenFile, 'tokenFile')
    return { token: undefined, tokenFile }
  }
  // Secrets that were made with `echo` end in a line break.
  const given: unknown = token ?? (environment['CLUSTER_TOKEN']?.trim() || undefined)
  if (given !== undefined && given !== '' && !isToken(given)) {
    const rule = 'must be a string of at most 16,384 visible ASCII characters'
    throw argumentError('typeof token', typeof given, rule)
  }
  return { token: given as string | undefined, tokenFile: undefined }
}

function resolveTls(tls: HeartbeatTlsFiles = {}): HeartbeatTlsFiles {
  checkOptions(tls, 'tls', TLS_NAMES)
  const { caFile, certFile, keyFile } = tls
  if (caFile !== undefined) checkPath(caFile, 'tls.caFile')
  if (certFile !== undefined) checkPath(certFile, 'tls.certFile')
  if (keyFile !== undefined) checkPath(keyFile, 'tls.keyFile')
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw argumentError('tls.keyFile', keyFile, 'must be given together with tls.certFile')
  }
  return {
    ...(caFile !== undefined && { caFile }),
    ...(certFile !== undefined && { certFile }),
    ...(keyFile !== undefined && { keyFile }),
  }
}

function checkPath(path: unknown, name: string): asserts path is string {
  if (typeof path !== 'string' || path === '') {
    throw argumentError(name, path, 'must be the path of a file')
  }
}

function checkHeaderText(text: unknown, name: string): asserts text is string {
  if (typeof text !== 'string' || !HEADER_TEXT.test(text)) {
    throw argumentError(name, text, 'must be a string of visible ASCII characters')
  }
}
