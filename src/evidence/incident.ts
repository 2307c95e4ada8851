// What is known of the runtime at the moment of an incident, from the shared memory alone. Any thread.
import { readBreadcrumbs, type ThreadBreadcrumb } from '../memory/breadcrumb.js'
import { journalCount } from '../memory/journal.js'
import { JournalReader } from '../memory/journal-reader.js'
import type { Region } from '../memory/region.js'
import { readSuppressions } from '../memory/suppressions.js'
import { HealthStatus, healthStatusName } from '../model/health-status.js'
import { judgeLiveness, judgeReadiness, type Policy } from '../model/policy.js'
import type { ProbeStats } from '../model/probe-stats.js'
import { isUnbounded } from '../model/suppression.js'
import type { HealthReader } from '../runtime/health-reader.js'

/** An event loop is stuck; the manager was given up; an exception that nobody caught; an exit with another code than 0. */
export type IncidentKind = 'wedge' | 'manager-lost' | 'uncaught-exception' | 'exit'

/** What has happened, from whoever saw it. */
export interface Cause {
  readonly kind: IncidentKind
  /** What is to blame, in a line. */
  readonly culprit: string
  readonly exitCode?: number
  readonly stack?: string
}

/** A verdict in the words of the probes' bodies. */
export interface TellingVerdict {
  readonly status: string
  readonly error?: string
}

export interface TellingSuppression {
  readonly check: string
  readonly owner: string
  readonly reason: string
  /** Left out where it holds as long as the start-up gets on. */
  readonly remainingMs?: number
}

export interface TellingComponent {
  readonly component: string
  readonly status: string
  readonly message: string
  readonly metadata: Readonly<Record<string, string>>
  readonly since: string
}

export interface TellingTransition {
  readonly number: number
  readonly at: string
  readonly component: string
  readonly from: string
  readonly to: string
  readonly message: string
  readonly metadata: Readonly<Record<string, string>>
}

/** All of it, to be written as JSON. */
export interface Incident extends Cause {
  readonly at: string
  readonly pid: number
  readonly liveness: TellingVerdict
  readonly readiness: TellingVerdict
  /** Who suppresses a verdict, and why. */
  readonly suppressed: readonly TellingSuppression[]
  /** What kubelets were told, where it is known. */
  readonly probes?: ProbeStats
  /** What threads say that they are at. */
  readonly breadcrumbs: readonly ThreadBreadcrumb[]
  /** Those that are unhealthy, then those that are degraded. */
  readonly components: readonly TellingComponent[]
  /** The last ones, the newest first. */
  readonly transitions: readonly TellingTransition[]
}

const TRANSITIONS = 50

export interface Scene {
  readonly region: Region
  readonly policy: Policy
  /** Of the thread that asks; one that waits for nobody. */
  readonly reader: HealthReader
  readonly probes?: ProbeStats | undefined
}

/** Never throws for what can't be read: the cause alone is better than nothing. */
export function describeIncident(
  cause: Cause,
  { region, policy, reader, probes }: Scene,
): Incident {
  return {
    ...cause,
    at: new Date().toISOString(),
    pid: process.pid,
    ...verdictsOf(reader, policy),
    suppressed: suppressedOf(reader, region),
    ...(probes && { probes }),
    breadcrumbs: readBreadcrumbs(region),
    transitions: lastTransitions(region),
  }
}

function verdictsOf(
  reader: HealthReader,
  policy: Policy,
): Pick<Incident, 'liveness' | 'readiness' | 'components'> {
  try {
    const { report, gate } = reader.look()
    const find = (name: string) => report.get(name)
    const liveness = judgeLiveness(policy, gate, find)
    const readiness = judgeReadiness(policy, gate, find)
    const components = [HealthStatus.Unhealthy, HealthStatus.Degraded].flatMap((wanted) =>
      [...report]
        .filter(([, { status }]) => status === wanted)
        .map(([component, { status, message, metadata, since }]) => ({
          component,
          status: healthStatusName(status),
          message,
          metadata,
          since: new Date(since).toISOString(),
        })),
    )
    return {
      liveness: liveness ? { status: 'unhealthy', error: liveness.message } : { status: 'healthy' },
      readiness: readiness
        ? { status: 'not ready', error: readiness.message }
        : { status: 'ready' },
      components,
    }
  } catch (error) {
    // The manager writes all the while, before this thread's first look.
    const unknown = { status: 'unknown', error: error instanceof Error ? error.message : '' }
    return { liveness: unknown, readiness: unknown, components: [] }
  }
}

function suppressedOf(reader: HealthReader, region: Region): Incident['suppressed'] {
  try {
    return Object.entries(readSuppressions(region, reader.startUp())).map(
      ([check, suppression]) => {
        const { owner, reason, remainingMs } = suppression
        const hasEnd = !isUnbounded(suppression)
        return { check, owner, reason, ...(hasEnd && { remainingMs: Math.ceil(remainingMs) }) }
      },
    )
  } catch {
    // As for the verdicts, which say so.
    return []
  }
}

function lastTransitions(region: Region): TellingTransition[] {
  const first = Math.max(1, journalCount(region.words) - TRANSITIONS + 1)
  const journal = new JournalReader(region, first)
  const transitions: TellingTransition[] = []
  // Bounded, as the manager may journal faster than this reads.
  for (let i = 0; i < TRANSITIONS; i++) {
    const entry = journal.next()
    if (entry === undefined) break
    if ('missed' in entry) continue
    const { number, component, oldStatus, newStatus, message, metadata, at } = entry
    transitions.push({
      number,
      at: new Date(at).toISOString(),
      component,
      from: healthStatusName(oldStatus),
      to: healthStatusName(newStatus),
      message,
      metadata,
    })
  }
  return transitions.reverse()
}
