// What a receiver takes for a heartbeat. What comes over the network is anybody's. Pure; loads protobufjs.
import { argumentError } from '../model/errors.js'
import { isValidTimestamp, type ReportHealthRequest } from './request.js'
import {
  decodeReportConnectorHealth,
  decodeReportHealth,
  type ReportConnectorHealthRequest,
} from './wire.js'

const MAX_ID_BYTES = 255
const MAX_COMPONENTS = 10_000

/** @throws HealthError `ERR_HEALTH_ARGUMENT` saying what is wrong, for the sender. */
export function checkedReportHealth(bytes: Uint8Array): ReportHealthRequest {
  const request = decoded(bytes, decodeReportHealth)
  checkId(request.clusterId, 'cluster_id', 1)
  checkId(request.version, 'version', 0)
  checkId(request.commit, 'commit', 0)
  if (!isValidTimestamp(request.uptimeSince)) {
    throw argumentError('uptime_since', request.uptimeSince, 'must be of the years 1 to 9999')
  }
  const { components } = request
  if (components.length > MAX_COMPONENTS) {
    throw argumentError('components.length', components.length, `at most ${MAX_COMPONENTS}`)
  }
  for (const { name } of components) checkId(name, 'components.name', 1)
  const names = new Set(components.map(({ name }) => name))
  if (names.size !== components.length) {
    throw argumentError('components', components, 'must have a name each of their own')
  }
  return request
}

/** @throws HealthError `ERR_HEALTH_ARGUMENT` */
export function checkedReportConnectorHealth(bytes: Uint8Array): ReportConnectorHealthRequest {
  const request = decoded(bytes, decodeReportConnectorHealth)
  checkId(request.clusterId, 'cluster_id', 1)
  if (request.statuses.length > MAX_COMPONENTS) {
    throw argumentError('statuses.length', request.statuses.length, `at most ${MAX_COMPONENTS}`)
  }
  for (const { connectorId, checkedAt } of request.statuses) {
    checkId(connectorId, 'statuses.connector_id', 1)
    if (!isValidTimestamp(checkedAt)) {
      throw argumentError('statuses.checked_at', checkedAt, 'must be of the years 1 to 9999')
    }
  }
  return request
}

function decoded<T>(bytes: Uint8Array, decode: (bytes: Uint8Array) => T): T {
  try {
    return decode(bytes)
  } catch (cause) {
    throw argumentError('message.length', bytes.length, 'is not of the contract', { cause })
  }
}

function checkId(text: string, argument: string, minBytes: number): void {
  const bytes = Buffer.byteLength(text)
  if (bytes < minBytes || bytes > MAX_ID_BYTES) {
    throw argumentError(argument, text, `must be ${minBytes} to ${MAX_ID_BYTES} bytes`)
  }
}
