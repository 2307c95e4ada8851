// What users can configure of a FleetReceiver, with the defaults, checked once at its making.
import { checkInteger, checkOptions } from '../model/arguments.js'
import { argumentError } from '../model/errors.js'
import type { FleetLimits } from './fleet.js'
import { isToken } from './token-source.js'

/** PEM files. */
export interface FleetTlsFiles {
  certFile: string
  keyFile: string
  /** Of the clients: those without a certificate by one of these are refused. */
  clientCaFile?: string
}

export interface FleetReceiverOptions {
  /** Address to listen on. Default `127.0.0.1`. */
  host?: string
  /** Port of the heartbeats, by gRPC; 0 is any free one. Default 0. */
  port?: number
  /** Port of page and JSON; 0 is any free one, null for neither. Whoever reaches it sees the fleet. Default 0. */
  httpPort?: number | null
  /** Without it heartbeats come in plaintext. */
  tls?: FleetTlsFiles
  /** The bearer token that every call must carry; without it none is asked for. */
  token?: string
  /** How often operators report, in ms. Default 15,000. */
  intervalMs?: number
  /** After how many intervals without a heartbeat an operator is absent. Default 3. */
  absentAfter?: number
  /** Operators at once, 1 to 100,000. Those that are absent make room for new ones. Default 10,000. */
  maxMembers?: number
  /** Bytes of all heartbeats that are kept. Default 64 MiB. */
  maxBytes?: number
  /** Bytes of one message. Default 1 MiB. */
  maxMessageBytes?: number
}

export interface FleetReceiverSettings extends FleetLimits {
  readonly host: string
  readonly port: number
  readonly httpPort: number | null
  readonly tls: FleetTlsFiles | undefined
  readonly token: string | undefined
  readonly maxMessageBytes: number
}

const OPTION_NAMES: (keyof FleetReceiverOptions)[] = [
  'host',
  'port',
  'httpPort',
  'tls',
  'token',
  'intervalMs',
  'absentAfter',
  'maxMembers',
  'maxBytes',
  'maxMessageBytes',
]

/** @throws HealthError `ERR_HEALTH_ARGUMENT` naming the option that is out of range. */
export function resolveFleetOptions(options: FleetReceiverOptions): FleetReceiverSettings {
  checkOptions(options, 'options', OPTION_NAMES)
  const { host = '127.0.0.1', port = 0, httpPort = 0, tls, token } = options
  const { intervalMs = 15_000, absentAfter = 3, maxMembers = 10_000 } = options
  const { maxBytes = 64 * 2 ** 20, maxMessageBytes = 2 ** 20 } = options
  if (typeof host !== 'string' || host === '') {
    throw argumentError('host', host, 'must be a string that is not empty')
  }
  checkInteger(port, 'port', 0, 65_535)
  if (httpPort !== null) checkInteger(httpPort, 'httpPort', 0, 65_535)
  checkInteger(intervalMs, 'intervalMs', 1, 3_600_000)
  checkInteger(absentAfter, 'absentAfter', 1, 1_000)
  checkInteger(maxMembers, 'maxMembers', 1, 100_000)
  checkInteger(maxBytes, 'maxBytes', 1, 2 ** 31)
  checkInteger(maxMessageBytes, 'maxMessageBytes', 1, 2 ** 26)
  // The token itself is never shown.
  if (token !== undefined && !isToken(token)) {
    throw argumentError('typeof token', typeof token, 'must be visible ASCII characters')
  }
  checkTls(tls)
  return {
    host,
    port,
    httpPort,
    tls,
    token,
    intervalMs,
    absentAfter,
    maxMembers,
    maxBytes,
    maxMessageBytes,
  }
}

function checkTls(tls: FleetTlsFiles | undefined): void {
  if (tls === undefined) return
  checkOptions(tls, 'tls', ['certFile', 'keyFile', 'clientCaFile'])
  for (const [name, file] of Object.entries({ clientCaFile: '-', ...tls })) {
    if (typeof file !== 'string' || file === '') {
      throw argumentError(`tls.${name}`, file, 'must be the path of a PEM file')
    }
  }
  if (tls.certFile === undefined || tls.keyFile === undefined) {
    throw argumentError('tls', tls, 'must have certFile and keyFile')
  }
}
