// The latest heartbeat of each cluster and operator, in memory, within bounds. Kept as the bytes that came, which are small, and
// read when somebody asks. Pure: the clock is passed in. Loads protobufjs.

import { type HealthStatusName, healthStatusName } from '../model/health-status.js'
import { compareUtf8 } from '../model/report.js'
import type { Clock } from './clock.js'
import { type OperatorType, operatorTypeName } from './operator-type.js'
import type { ReportHealthRequest, Timestamp } from './request.js'
import {
  decodeReportConnectorHealth,
  decodeReportHealth,
  type ReportConnectorHealthRequest,
} from './wire.js'

/** One operator of a cluster, by its latest heartbeat. */
export interface FleetMember {
  readonly clusterId: string
  /** `read`, `node`, … */
  readonly operatorType: string
  readonly status: HealthStatusName
  /** No heartbeat for so many intervals that something is wrong. */
  readonly isAbsent: boolean
  /** When the latest heartbeat came, ISO 8601. */
  readonly lastSeen: string
  /** Heartbeats that came, since the start of the receiver. */
  readonly heartbeats: number
  readonly version: string
  readonly commit: string
  /** ISO 8601. */
  readonly uptimeSince: string
  /** What the sender calls itself: its header `x-client`. */
  readonly client: string
  readonly components: readonly {
    readonly name: string
    readonly status: HealthStatusName
    readonly message: string
    readonly metadata: Readonly<Record<string, string>>
  }[]
}

export interface FleetConnectors {
  readonly clusterId: string
  readonly lastSeen: string
  readonly connectors: readonly {
    readonly connectorId: string
    readonly status: string
    readonly error?: string
    readonly checkedAt: string
  }[]
}

export interface FleetCounts {
  readonly operators: number
  /** Of them. */
  readonly absent: number
}

export interface FleetLimits {
  /** How often an operator reports. */
  readonly intervalMs: number
  /** After this many intervals without a heartbeat it is absent. */
  readonly absentAfter: number
  /** Operators and clusters with connectors at once; those that are absent make room for new ones. */
  readonly maxMembers: number
  /** Of all messages that are kept. */
  readonly maxBytes: number
}

interface Kept {
  readonly message: Uint8Array
  readonly client: string
  readonly seenMs: number
  readonly seenAt: number
  readonly count: number
}

export class Fleet {
  readonly #clock: Clock
  readonly #limits: FleetLimits
  /** The one that was heard of longest ago comes first. */
  readonly #members = new Map<string, Kept>()
  readonly #connectors = new Map<string, Kept>()
  readonly #collectNow = new Set<string>()
  #bytes = 0

  constructor(clock: Clock, limits: FleetLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  /** Without reading what they said. */
  counts(): FleetCounts {
    const members = [...this.#members.values()]
    const absent = members.filter((kept) => this.#isAbsent(kept)).length
    return { operators: members.length, absent }
  }

  /** False where there is no room for it. */
  keep({ clusterId, operatorType }: ReportHealthRequest, message: Uint8Array, client: string) {
    return this.#keep(this.#members, keyOf(clusterId, operatorType), message, client)
  }

  /** False where there is no room for it. */
  keepConnectors({ clusterId }: ReportConnectorHealthRequest, message: Uint8Array): boolean {
    return this.#keep(this.#connectors, clusterId, message, '')
  }

  /** The next heartbeat of each operator of the cluster that is known is answered with `collect_now`; of all, without an id. */
  requestCollection(clusterId?: string): void {
    for (const key of this.#members.keys()) {
      if (clusterId === undefined || clusterOf(key) === clusterId) this.#collectNow.add(key)
    }
  }

  /** Whether a collection was asked for since the last time. */
  takeCollection({ clusterId, operatorType }: ReportHealthRequest): boolean {
    return this.#collectNow.delete(keyOf(clusterId, operatorType))
  }

  /**
   * Those of now, sorted by cluster and operator. Each is read when it is its turn: all of them at once are many times as large as
   * what they said.
   */
  *members(): Generator<FleetMember> {
    for (const [, kept] of sorted(this.#members)) yield this.#memberOf(kept)
  }

  /** Those of now, sorted by cluster; each is read when it is its turn. */
  *connectors(): Generator<FleetConnectors> {
    for (const [clusterId, { message, seenAt }] of sorted(this.#connectors)) {
      const { statuses } = decodeReportConnectorHealth(message)
      const connectors = statuses.map(({ checkedAt, ...fields }) => ({
        ...fields,
        checkedAt: isoOf(checkedAt),
      }))
      yield { clusterId, lastSeen: new Date(seenAt).toISOString(), connectors }
    }
  }

  #keep(place: Map<string, Kept>, key: string, message: Uint8Array, client: string): boolean {
    const before = place.get(key)
    if (!this.#hasRoom(message, before)) this.#removeAbsent(message, before)
    // What was known of it is out of date then, but better than nothing; it stays where it is in the order.
    if (!this.#hasRoom(message, before)) return false
    this.#remove(place, key)
    place.set(key, {
      message: message.slice(),
      client,
      seenMs: this.#clock.nowMs(),
      seenAt: this.#clock.wallMs(),
      count: (before?.count ?? 0) + 1,
    })
    this.#bytes += message.length
    return true
  }

  #remove(place: Map<string, Kept>, key: string): void {
    const kept = place.get(key)
    if (kept === undefined) return
    place.delete(key)
    this.#bytes -= kept.message.length
  }

  /** For a message in place of `before`. */
  #hasRoom(message: Uint8Array, before: Kept | undefined): boolean {
    const { maxMembers, maxBytes } = this.#limits
    const count = this.#members.size + this.#connectors.size - (before === undefined ? 0 : 1)
    const bytes = this.#bytes - (before?.message.length ?? 0)
    return count < maxMembers && bytes + message.length <= maxBytes
  }

  #removeAbsent(message: Uint8Array, before: Kept | undefined): void {
    for (const place of [this.#members, this.#connectors]) {
      for (const [key, kept] of place) {
        if (this.#hasRoom(message, before) || !this.#isAbsent(kept)) break
        if (kept === before) continue
        this.#remove(place, key)
        if (place === this.#members) this.#collectNow.delete(key)
      }
    }
  }

  #isAbsent({ seenMs }: Kept): boolean {
    const { intervalMs, absentAfter } = this.#limits
    return this.#clock.nowMs() - seenMs > intervalMs * absentAfter
  }

  #memberOf(kept: Kept): FleetMember {
    const request = decodeReportHealth(kept.message)
    return {
      clusterId: request.clusterId,
      operatorType: operatorTypeName(request.operatorType),
      status: healthStatusName(request.overallStatus),
      isAbsent: this.#isAbsent(kept),
      lastSeen: new Date(kept.seenAt).toISOString(),
      heartbeats: kept.count,
      version: request.version,
      commit: request.commit,
      uptimeSince: isoOf(request.uptimeSince),
      client: kept.client,
      components: request.components.map(({ status, ...fields }) => ({
        ...fields,
        status: healthStatusName(status),
      })),
    }
  }
}

/** Now: what comes while somebody goes through them is for the next one who does. */
function sorted(place: ReadonlyMap<string, Kept>): readonly (readonly [string, Kept])[] {
  return [...place].sort(([a], [b]) => compareUtf8(a, b))
}

/** The type is one digit behind the last separator, so that no name of a cluster, whatever is in it, is taken for another's. */
function keyOf(clusterId: string, operatorType: OperatorType): string {
  return `${clusterId}\u0000${operatorType}`
}

function clusterOf(key: string): string {
  return key.slice(0, key.lastIndexOf('\u0000'))
}

function isoOf({ seconds, nanos }: Timestamp): string {
  return new Date(seconds * 1_000 + nanos / 1_000_000).toISOString()
}
