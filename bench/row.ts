// One comparison of ours with a peer: its figures, its ratio where that is more than noise, and its verdict. Pure.
import type { Bench } from './harness.js'
import { isSilent, type Sample, type Series, seriesOf, tryP999 } from './series.js'
import {
  ascending,
  judgeLatency,
  judgeRatio,
  judgeTail,
  noiseFloor,
  quantile,
  ratioBeyondNoise,
  type Summary,
  summarize,
  type Target,
  type Verdict,
} from './statistics.js'

/** One comparison, as `--json` writes it. Every bench gives one row a peer, or one without. */
export interface Row {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly value: number
  readonly min: number
  readonly p50: number
  readonly p99: number
  /** Of latencies, where there are a thousand; else null. */
  readonly p999: number | null
  readonly max: number
  readonly samples: number
  /** Of the samples, probes that were not answered in time. */
  readonly timeouts: number
  readonly peer: string | null
  readonly peerValue: number | null
  readonly peerMin: number | null
  readonly peerP99: number | null
  readonly peerP999: number | null
  readonly peerMax: number | null
  readonly peerTimeouts: number | null
  /** Why there are no figures of a peer that is named. */
  readonly peerNote: string | null
  /** value / peerValue; null without a peer and inside the noise. */
  readonly ratio: number | null
  readonly noise: number
  readonly target: Target | null
  readonly isMet: boolean | null
  readonly isAtTheEdge: boolean | null
}

/** The row of one comparison. Our value is the median over both of our own series. */
export function rowOf(
  bench: Pick<Bench, 'name' | 'title' | 'unit' | 'target'>,
  ours: readonly Sample[],
  again: readonly Sample[],
  peer: { readonly name: string; readonly samples: readonly Sample[] } | undefined,
  random: () => number,
): Row {
  const own = [seriesOf(ours), seriesOf(again)] as const
  const events = own.flatMap((series) => series.events)
  const summary = summarize(events)
  const their = peer === undefined ? undefined : seriesOf(peer.samples)
  const isAnswering = their !== undefined && !isSilent(their)
  const theirs = isAnswering ? summarize(their.events) : undefined
  const noise = noiseFloor(
    own[0].turns,
    own[1].turns,
    isAnswering ? their.turns : undefined,
    random,
  )
  const tailOf = (list: readonly number[]) => (bench.unit === 'µs' ? (tryP999(list) ?? null) : null)
  const { target } = bench
  const verdict = target && judge(target, summary, own, peer?.name, theirs, noise)
  return {
    name: bench.name,
    title: bench.title,
    unit: bench.unit,
    value: summary.p50,
    min: summary.min,
    p50: summary.p50,
    p99: summary.p99,
    p999: tailOf(events),
    max: summary.max,
    samples: summary.count,
    timeouts: own[0].timeouts + own[1].timeouts,
    peer: peer?.name ?? null,
    peerValue: theirs?.p50 ?? null,
    peerMin: theirs?.min ?? null,
    peerP99: theirs?.p99 ?? null,
    peerP999: isAnswering ? tailOf(their.events) : null,
    peerMax: theirs?.max ?? null,
    peerTimeouts: their?.timeouts ?? null,
    peerNote:
      their === undefined || isAnswering
        ? null
        : `no answer, ${their.timeouts} of ${their.events.length} probes timed out`,
    ratio: theirs === undefined ? null : (ratioBeyondNoise(summary.p50, theirs.p50, noise) ?? null),
    noise,
    target: verdict === undefined ? null : (target ?? null),
    isMet: verdict?.isMet ?? null,
    isAtTheEdge: verdict?.isAtTheEdge ?? null,
  }
}

/** The row of a peer without figures, by default as it could not run here: our own and nothing to compare them with. */
export function skippedRow(own: Row, peer: string, peerNote = 'skipped'): Row {
  return { ...own, peer, peerNote, target: null, isMet: null, isAtTheEdge: null }
}

function judge(
  target: Target,
  summary: Summary,
  [first, again]: readonly [Series, Series],
  peer: string | undefined,
  theirs: Summary | undefined,
  noise: number,
): Verdict | undefined {
  if ('p50AtMost' in target) return judgeLatency(summary, target, noise)
  if ('p999AtMost' in target) {
    const own = tryP999([...first.events, ...again.events])
    if (own === undefined) return undefined
    const tailOf = ({ events }: Series) => quantile(ascending(events), 0.999)
    return judgeTail(own, tailOf(first), tailOf(again), target)
  }
  if (theirs === undefined || peer !== target.peer) return undefined
  return judgeRatio(summary.p50 / theirs.p50, target.relation, target.factor, noise)
}
