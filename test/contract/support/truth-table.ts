// Every case that a verdict can depend on, and what the reference's § 1.4 and § 1.5 say about it, restated
// without the code under test. Pure.
import type { HealthStatus } from '../../../src/index.js'

export interface Case {
  /** The status of `collector_manager`; undefined: not registered. */
  readonly manager: HealthStatus | undefined
  /** The status of `dakr_transport`; undefined: not registered. */
  readonly transport: HealthStatus | undefined
  readonly isStandby: boolean
  readonly isLivenessSuppressed: boolean
  readonly isReadinessSuppressed: boolean
}

const statuses = [undefined, 0, 1, 2, 3] as const
const either = [false, true] as const

export function everyCase(): Case[] {
  return statuses.flatMap((manager) =>
    statuses.flatMap((transport) =>
      either.flatMap((isStandby) =>
        either.flatMap((isLivenessSuppressed) =>
          either.map((isReadinessSuppressed) => ({
            manager,
            transport,
            isStandby,
            isLivenessSuppressed,
            isReadinessSuppressed,
          })),
        ),
      ),
    ),
  )
}

/** The error for a `collector_manager` whose message is `m`. */
export function expectedLiveness({ manager, isLivenessSuppressed }: Case): string | undefined {
  return manager === 3 && !isLivenessSuppressed ? 'collector_manager is unhealthy: m' : undefined
}

// What each status does to readiness, by the words of the reference.
const complaints = {
  none: 'is not registered',
  0: 'is not ready (status: unspecified)',
  1: undefined,
  2: undefined,
  3: 'is not ready (status: unhealthy)',
} as const

export function expectedReadiness(row: Case): string | undefined {
  if (row.isStandby || row.isReadinessSuppressed) return undefined
  const ofManager = complaints[row.manager ?? 'none']
  if (ofManager !== undefined) return `collector_manager ${ofManager}`
  const ofTransport = complaints[row.transport ?? 'none']
  return ofTransport === undefined ? undefined : `dakr_transport ${ofTransport}`
}
