// What a person at the terminal sees: one line a second, and the account at the end. Pure.
import { type HealthManager, HealthStatus, healthStatusName } from '../../src/index.js'
import type { QueueCounts } from './buffer-queue.js'
import { unlessAway } from './telling.js'

export interface Totals extends QueueCounts {
  readonly written: number
  readonly writtenBytes: number
  /** Samples that the sink has taken out of the queue and not written. */
  readonly pending: number
}

/** What the runtime says of itself; undefined verdicts pass, others tell why not. */
export interface Verdicts {
  readonly liveness: string | undefined
  readonly readiness: string | undefined
  /** Components that are degraded or unhealthy, each with its status. */
  readonly unwell: readonly string[]
}

const UNKNOWN: Verdicts = { liveness: 'unknown', readiness: 'unknown', unwell: [] }

/** Unknown while the runtime is away: a summary must not stop the work that it sums up. */
export function verdictsOf(
  health: Pick<HealthManager, 'livenessCheck' | 'checkReadiness'>,
): Verdicts {
  let verdicts = UNKNOWN
  unlessAway(() => {
    const { report, error } = health.checkReadiness()
    verdicts = {
      liveness: health.livenessCheck()?.message,
      readiness: error?.message,
      unwell: [...report]
        .filter(([, { status }]) => status > HealthStatus.Healthy)
        .map(([name, { status }]) => `${name} ${healthStatusName(status)}`),
    }
  })
  return verdicts
}

export interface Interval {
  /** Since the start of the program's work. */
  readonly elapsedMs: number
  readonly intervalMs: number
  readonly before: Totals
  readonly now: Totals
}

export function summaryLine(interval: Interval, capacity: number, verdicts: Verdicts): string {
  const { elapsedMs, intervalMs, before, now } = interval
  const producedCount = producedOf(now) - producedOf(before)
  const columns = [
    `${Math.round(elapsedMs / 1000)} s`.padStart(6),
    `${Math.round((producedCount * 1000) / intervalMs)} samples/s`.padStart(15),
    `written ${now.written}`,
    `dropped ${now.dropped}`,
    `queue ${now.depth}/${capacity}`,
    `live: ${verdicts.liveness ?? 'yes'}`,
    `ready: ${verdicts.readiness ?? 'yes'}`,
    ...verdicts.unwell,
  ]
  return columns.join('  ')
}

export function producedOf(counts: QueueCounts): number {
  return counts.accepted + counts.dropped
}

/** What became of every sample. */
export interface Account {
  readonly line: string
  /** Samples left in the queue or in the sink at the end, because the destination did not take them in time. */
  readonly abandoned: number
  /** Whether produced = written + dropped + abandoned. The two sides are counted by different threads. */
  readonly isBalanced: boolean
}

export function accountOf(totals: Totals): Account {
  const produced = producedOf(totals)
  const abandoned = totals.depth + totals.pending
  const isBalanced = produced === totals.written + totals.dropped + abandoned
  const mebibytes = (totals.writtenBytes / 1024 / 1024).toFixed(1)
  const left = abandoned === 0 ? '' : ` + abandoned ${abandoned}`
  const sums = `produced ${produced} = written ${totals.written} + dropped ${totals.dropped}${left}`
  const missed = totals.missed === 0 ? '' : `, ${totals.missed} readings missed`
  const verdict = isBalanced ? '' : ': THE SUMS DO NOT MATCH'
  return { line: `${sums} (${mebibytes} MiB${missed})${verdict}`, abandoned, isBalanced }
}
