// What a heartbeat says: a report and who it is of, in the form that goes over the wire. Pure; any thread.
import { metadataPairs, readArgument } from '../model/arguments.js'
import { argumentError, show } from '../model/errors.js'
import type { HealthStatus } from '../model/health-status.js'
import { compareUtf8 } from '../model/report.js'
import { isOperatorType, type OperatorType } from './operator-type.js'

/** `google.protobuf.Timestamp`. */
export interface Timestamp {
  /** Since 1970-01-01T00:00:00Z; negative before it. */
  readonly seconds: number
  /** 0 to 999,999,999, counted forward in time also before 1970. */
  readonly nanos: number
}

export interface ComponentHealth {
  readonly name: string
  readonly status: HealthStatus
  readonly message: string
  readonly metadata: Readonly<Record<string, string>>
}

/** `api.v1.ReportHealthRequest`. Structured-cloneable. */
export interface ReportHealthRequest {
  readonly clusterId: string
  readonly operatorType: OperatorType
  readonly version: string
  /** The worst status of the components; unspecified where there are none. */
  readonly overallStatus: HealthStatus
  /** Sorted by the UTF-8 bytes of their names. */
  readonly components: readonly ComponentHealth[]
  readonly uptimeSince: Timestamp
  readonly commit: string
}

/** A report as builders take it: a `HealthReport`, or any map that looks like one. */
export type ReportInput = ReadonlyMap<
  string,
  {
    readonly status: number
    readonly message: string
    readonly metadata?: Readonly<Record<string, string>> | null | undefined
  }
>

/**
 * The heartbeat of everything that a runtime holds now.
 * @throws HealthError as `buildHeartbeatRequestFromReport`, and what `HealthManager.buildReport` throws.
 */
export function buildHeartbeatRequest(
  manager: { buildReport(): ReportInput },
  clusterId: string,
  operatorType: OperatorType,
  version: string,
  commit: string,
  startTime: Date | Timestamp,
): ReportHealthRequest {
  if (typeof manager?.buildReport !== 'function') {
    throw argumentError('manager', manager, 'must be a HealthManager')
  }
  const report = manager.buildReport()
  return buildHeartbeatRequestFromReport(
    report,
    clusterId,
    operatorType,
    version,
    commit,
    startTime,
  )
}

/**
 * The heartbeat of a report. A status that is none of the four becomes unspecified; half a surrogate pair, which UTF-8 has
 * no bytes for, becomes U+FFFD, so that one bad message does not cost the heartbeat. A `Date` has milliseconds; give a
 * {@link Timestamp} for nanoseconds.
 * @throws HealthError `ERR_HEALTH_ARGUMENT`
 */
export function buildHeartbeatRequestFromReport(
  report: ReportInput | null | undefined,
  clusterId: string,
  operatorType: OperatorType,
  version: string,
  commit: string,
  startTime: Date | Timestamp,
): ReportHealthRequest {
  if (!isOperatorType(operatorType)) {
    throw argumentError('operatorType', operatorType, 'must be one of OperatorType, 0 to 7')
  }
  const items = readArgument('report', report, () =>
    [...(report ?? [])].map(([name, item]) => ({ name, item })),
  )
  const components = items
    .map(({ name, item }) => componentOf(name, item))
    .sort(({ name: a }, { name: b }) => compareUtf8(a, b))
  return {
    clusterId: wellFormedText(clusterId, 'clusterId'),
    operatorType,
    version: wellFormedText(version, 'version'),
    // The numbers are in the order of severity.
    overallStatus: worstOf(components),
    components,
    uptimeSince: toTimestamp(startTime, 'startTime'),
    commit: wellFormedText(commit, 'commit'),
  }
}

/** The years 1 to 9999, which is all that a protobuf timestamp may say. */
const MIN_SECONDS = -62_135_596_800
const MAX_SECONDS = 253_402_300_799
const TIME_RULE = 'must be a Date or a Timestamp of the years 1 to 9999'

/** @throws HealthError `ERR_HEALTH_ARGUMENT` naming `argument`. */
export function toTimestamp(time: Date | Timestamp, argument: string): Timestamp {
  const { seconds, nanos } = time instanceof Date ? ofDate(time) : (time ?? {})
  if (!isValidTimestamp({ seconds, nanos })) {
    throw argumentError(argument, time instanceof Date ? time.getTime() : time, TIME_RULE)
  }
  return { seconds, nanos }
}

export function isValidTimestamp({ seconds, nanos }: Timestamp): boolean {
  const isInYears = Number.isInteger(seconds) && seconds >= MIN_SECONDS && seconds <= MAX_SECONDS
  return isInYears && Number.isInteger(nanos) && nanos >= 0 && nanos < 1e9
}

function ofDate(time: Date): Timestamp {
  const ms = time.getTime()
  const seconds = Math.floor(ms / 1_000)
  return { seconds, nanos: (ms - seconds * 1_000) * 1_000_000 }
}

/** The numbers are in the order of severity. */
function worstOf(components: readonly ComponentHealth[]): HealthStatus {
  let worst: HealthStatus = 0
  for (const { status } of components) if (status > worst) worst = status
  return worst
}

function knownStatus(status: unknown): HealthStatus {
  return status === 1 || status === 2 || status === 3 ? status : 0
}

/** A report may come from anybody's code. */
function componentOf(name: unknown, item: unknown): ComponentHealth {
  const { status, message, metadata } = Object(item) as Partial<
    Record<keyof ComponentHealth, unknown>
  >
  return {
    name: wellFormedText(name, 'name'),
    status: knownStatus(status),
    message: wellFormedText(message, `report[${show(name)}].message`),
    metadata: wellFormedMetadata(metadata),
  }
}

function wellFormedMetadata(metadata: unknown): Record<string, string> {
  // Without a prototype `__proto__` is a key as any other.
  const copy: Record<string, string> = Object.create(null)
  const pairs = metadata === null || metadata === undefined ? [] : metadataPairs(metadata)
  for (let i = 0; i < pairs.length; i += 2) {
    copy[pairs[i]!.toWellFormed()] = pairs[i + 1]!.toWellFormed()
  }
  return copy
}

function wellFormedText(text: unknown, argument: string): string {
  if (typeof text !== 'string') throw argumentError(argument, text, 'must be a string')
  return text.toWellFormed()
}
