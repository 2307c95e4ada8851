// What a person at the terminal sees: one line a second, and the account at the end. Pure.
import type { QueueCounts } from './buffer-queue.js'

export interface Totals extends QueueCounts {
  readonly written: number
  readonly writtenBytes: number
  /** Samples that the sink has taken out of the queue and not written. */
  readonly pending: number
}

/** @param liveness undefined when it passes, otherwise why not; readiness likewise. */
export function summaryLine(
  elapsedMs: number,
  before: Totals,
  now: Totals,
  intervalMs: number,
  capacity: number,
  liveness: string | undefined,
  readiness: string | undefined,
): string {
  const perSecond = (count: number) => Math.round((count * 1000) / intervalMs)
  const produced = perSecond(producedOf(now) - producedOf(before))
  const columns = [
    `${Math.round(elapsedMs / 1000)} s`.padStart(6),
    `${produced} samples/s`.padStart(15),
    `written ${now.written}`,
    `dropped ${now.dropped}`,
    `queue ${now.depth}/${capacity}`,
    `live: ${liveness ?? 'yes'}`,
    `ready: ${readiness ?? 'yes'}`,
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
