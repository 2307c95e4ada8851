// `OperatorHealthService` on grpc-js, for a receiver. Loads grpc-js.
import { createHash, timingSafeEqual } from 'node:crypto'
import {
  status as Code,
  type Metadata,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { HealthError } from '../model/errors.js'
import type { Fleet } from './fleet.js'
import { checkedReportConnectorHealth, checkedReportHealth } from './fleet-check.js'
import type { ReportHealthRequest } from './request.js'
import { encodeReportHealthResponse } from './wire.js'

type Bytes = Uint8Array

const asBuffer = (bytes: Bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const asBytes = (bytes: Buffer): Bytes => bytes

/** Bytes in and out: what is no message gets a code that says so. */
function unary(method: string) {
  return {
    path: `/api.v1.OperatorHealthService/${method}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: asBuffer,
    requestDeserialize: asBytes,
    responseSerialize: asBuffer,
    responseDeserialize: asBytes,
  }
}

export const fleetServiceDefinition: ServiceDefinition = {
  ReportHealth: unary('ReportHealth'),
  ReportConnectorHealth: unary('ReportConnectorHealth'),
}

const MAX_CLIENT_CHARACTERS = 200
const NO_ROOM = { code: Code.RESOURCE_EXHAUSTED, details: 'the receiver has no room for another' }

export interface FleetServiceOptions {
  readonly fleet: Fleet
  /** Undefined: anybody may report. */
  readonly token: string | undefined
  readonly onHeartbeat: (request: ReportHealthRequest) => void
}

export function createFleetService(options: FleetServiceOptions): UntypedServiceImplementation {
  const { fleet, token, onHeartbeat } = options
  const isAllowed = (metadata: Metadata) =>
    token === undefined || isSame(textOf(metadata, 'authorization'), `Bearer ${token}`)

  const answering =
    (answer: (message: Bytes, metadata: Metadata) => Bytes | typeof NO_ROOM) =>
    (call: ServerUnaryCall<Bytes, Bytes>, callback: sendUnaryData<Bytes>) => {
      if (!isAllowed(call.metadata)) {
        callback({ code: Code.UNAUTHENTICATED, details: 'the token is missing or wrong' })
        return
      }
      try {
        const result = answer(call.request, call.metadata)
        if (result === NO_ROOM) callback(NO_ROOM)
        else callback(null, result as Bytes)
      } catch (error) {
        const isTheirs = error instanceof HealthError
        callback({
          code: isTheirs ? Code.INVALID_ARGUMENT : Code.INTERNAL,
          details: isTheirs ? error.message : 'the receiver has failed',
        })
      }
    }

  return {
    ReportHealth: answering((message, metadata) => {
      const request = checkedReportHealth(message)
      const client = textOf(metadata, 'x-client').slice(0, MAX_CLIENT_CHARACTERS)
      if (!fleet.keep(request, message, client)) return NO_ROOM
      onHeartbeat(request)
      return encodeReportHealthResponse(fleet.takeCollection(request))
    }),
    ReportConnectorHealth: answering((message) => {
      const request = checkedReportConnectorHealth(message)
      return fleet.keepConnectors(request, message) ? new Uint8Array() : NO_ROOM
    }),
  }
}

function textOf(metadata: Metadata, name: string): string {
  const [value] = metadata.get(name)
  return typeof value === 'string' ? value : ''
}

/** In a time that says nothing of how much of it is right. */
function isSame(given: string, wanted: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(wanted))
}
