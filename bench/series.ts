// What a subject's turns have brought: one number each, or the latencies of many probes, of which some may never have been
// answered. Pure.
import { ascending, median, quantile } from './statistics.js'

/** Answers that take longer are none: the kubelet's default. */
export const PROBE_TIMEOUT_MS = 1000
const TIMEOUT_US = PROBE_TIMEOUT_MS * 1000

/** What one turn of probes at a fixed rate has brought. */
export interface Latencies {
  readonly microseconds: readonly number[]
  /** Probes that were not answered in time. */
  readonly timeouts: number
}

export type Sample = number | Latencies

export interface Series {
  /** Every number that was measured. A timeout is in it as the second that it has lasted at least. */
  readonly events: readonly number[]
  /** One number a turn, its median: probes of one turn are no independent samples, so noise is told from these. */
  readonly turns: readonly number[]
  readonly timeouts: number
}

export function seriesOf(samples: readonly Sample[]): Series {
  const turns = samples.map(eventsOf)
  return {
    events: turns.flat(),
    turns: turns.filter((events) => events.length > 0).map(median),
    timeouts: samples.reduce<number>((sum, each) => sum + timeoutsOf(each), 0),
  }
}

function eventsOf(sample: Sample): readonly number[] {
  if (typeof sample === 'number') return [sample]
  return [...sample.microseconds, ...Array<number>(sample.timeouts).fill(TIMEOUT_US)]
}

function timeoutsOf(sample: Sample): number {
  return typeof sample === 'number' ? 0 : sample.timeouts
}

/** Not one probe was answered, so there is no latency to tell. */
export function isSilent({ events, timeouts }: Series): boolean {
  return events.length > 0 && timeouts === events.length
}

/** So many that the one in a thousand was seen. */
const EVENTS_FOR_P999 = 1000

/** The 99.9th percentile; undefined of fewer events than it takes to have seen one. */
export function tryP999(events: readonly number[]): number | undefined {
  return events.length < EVENTS_FOR_P999 ? undefined : quantile(ascending(events), 0.999)
}
