// Between the messages of the contract and their bytes. The only file that knows the generated code. Loads protobufjs.
import type { HealthStatus } from '../model/health-status.js'
import { api } from './generated/operator-health.js'
import { isOperatorType, type OperatorType } from './operator-type.js'
import type { ComponentHealth, ReportHealthRequest, Timestamp } from './request.js'

/** Whether a connector works, for `HeartbeatReporter.reportConnectorHealth`. */
export interface ConnectorHealth {
  readonly connectorId: string
  readonly status: string
  /** Absent is another thing than empty. */
  readonly error?: string
  readonly checkedAt: Timestamp
}

export interface ReportConnectorHealthRequest {
  readonly clusterId: string
  readonly statuses: readonly ConnectorHealth[]
}

const { v1 } = api

/** A message of proto3 leaves out what is empty, as Go's does, so that equal heartbeats have equal bytes. */
export function encodeReportHealth(request: ReportHealthRequest): Uint8Array {
  const { components, uptimeSince, ...fields } = request
  return ownBytes(
    v1.ReportHealthRequest.encode({
      ...withoutZeros(fields),
      components: components.map((component) => withoutZeros(component)),
      uptimeSince: withoutZeros(uptimeSince),
    }).finish(),
  )
}

/** @throws Error where the bytes are no such message. */
export function decodeReportHealth(bytes: Uint8Array): ReportHealthRequest {
  const message = v1.ReportHealthRequest.decode(plainBytes(bytes))
  const { clusterId, operatorType, version, commit, overallStatus, uptimeSince } = message
  return {
    clusterId,
    operatorType: isOperatorType(operatorType) ? operatorType : (0 as OperatorType),
    version,
    overallStatus: knownStatus(overallStatus),
    components: message.components.map(toComponent),
    uptimeSince: toTimestamp(uptimeSince),
    commit,
  }
}

export function encodeReportHealthResponse(collectNow: boolean): Uint8Array {
  return ownBytes(v1.ReportHealthResponse.encode(collectNow ? { collectNow } : {}).finish())
}

/** `collect_now`. @throws Error where the bytes are no such message. */
export function decodeReportHealthResponse(bytes: Uint8Array): boolean {
  return v1.ReportHealthResponse.decode(plainBytes(bytes)).collectNow
}

export function encodeReportConnectorHealth(request: ReportConnectorHealthRequest): Uint8Array {
  const statuses = request.statuses.map(({ error, checkedAt, ...fields }) => ({
    ...withoutZeros(fields),
    ...(error !== undefined && { error }),
    checkedAt: withoutZeros(checkedAt),
  }))
  const { clusterId } = request
  return ownBytes(
    v1.ReportConnectorHealthRequest.encode({ ...withoutZeros({ clusterId }), statuses }).finish(),
  )
}

/** @throws Error where the bytes are no such message. */
export function decodeReportConnectorHealth(bytes: Uint8Array): ReportConnectorHealthRequest {
  const { clusterId, statuses } = v1.ReportConnectorHealthRequest.decode(plainBytes(bytes))
  return {
    clusterId,
    statuses: statuses.map(({ connectorId, status, error, checkedAt }) => ({
      connectorId: connectorId ?? '',
      status: status ?? '',
      ...(typeof error === 'string' && { error }),
      checkedAt: toTimestamp(checkedAt),
    })),
  }
}

/** Of a Buffer, protobufjs would read a text that goes on behind the end as one that ends there. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** protobufjs cuts small messages out of one large buffer, which a message that is kept would keep. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.slice()
}

function withoutZeros<T extends object>(message: T): Partial<T> {
  const entries = Object.entries(message).filter(([, value]) => value !== '' && value !== 0)
  return Object.fromEntries(entries) as Partial<T>
}

function toComponent(component: api.v1.IComponentHealth): ComponentHealth {
  const { name, status, message, metadata } = component
  return {
    name: name ?? '',
    status: knownStatus(status),
    message: message ?? '',
    metadata: Object.assign(Object.create(null), metadata),
  }
}

/** 64-bit numbers come as objects of `long`, whatever the generated types say. */
function toTimestamp(
  time: { seconds?: number | null; nanos?: number | null } | null | undefined,
): Timestamp {
  return { seconds: Number(String(time?.seconds ?? 0)), nanos: time?.nanos ?? 0 }
}

function knownStatus(status: number | null | undefined): HealthStatus {
  return status === 1 || status === 2 || status === 3 ? status : 0
}
