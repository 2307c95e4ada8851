// The pure half of the harness: quantiles, the noise floor, ratios and verdicts. No clocks, no threads.

/** What is shown of one subject's samples. */
export interface Summary {
  readonly count: number
  /** The smallest: what a time would be that nobody disturbed. */
  readonly min: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** What a row is to reach: a ratio to a peer of the same run, or limits of its own. */
export type Target =
  | { readonly peer: string; readonly relation: '<=' | '>='; readonly factor: number }
  | { readonly p50AtMost: number; readonly p99AtMost: number }
  | { readonly p999AtMost: number }

export interface Verdict {
  readonly isMet: boolean
  /** True where noise alone could have turned the verdict. */
  readonly isAtTheEdge: boolean
}

/** Deterministic numbers in [0, 1): the same seed shuffles the same way (the mulberry32 generator). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A new array in random order; the given one stays as it is. */
export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const copy = [...list]
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const moved = copy[last]!
    copy[last] = copy[other]!
    copy[other] = moved
  }
  return copy
}

/** The value below which the share `q` of the ascending samples lies, interpolated between neighbours. */
export function quantile(ascending: readonly number[], q: number): number {
  if (ascending.length === 0) throw new RangeError('quantile of no samples')
  const position = (ascending.length - 1) * q
  const below = Math.floor(position)
  const low = ascending[below]!
  const high = ascending[Math.min(below + 1, ascending.length - 1)]!
  return low + (high - low) * (position - below)
}

export function ascending(samples: readonly number[]): number[] {
  return [...samples].sort((a, b) => a - b)
}

export function median(samples: readonly number[]): number {
  return quantile(ascending(samples), 0.5)
}

export function summarize(samples: readonly number[]): Summary {
  const sorted = ascending(samples)
  return {
    count: sorted.length,
    min: sorted[0]!,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    max: sorted[sorted.length - 1]!,
  }
}

const RESAMPLES = 500

/** How far a ratio is from 1 in either direction: 2 and 0.5 are both 1 away. */
export function distance(ratio: number): number {
  return Math.max(ratio, 1 / ratio) - 1
}

/**
 * How far apart the medians of two runs of one subject lie by chance: the share below which 95 % of the
 * differences stay when both runs are drawn anew from the samples (a bootstrap).
 */
export function spread(samples: readonly number[], runLength: number, random: () => number) {
  const draw = () =>
    median(Array.from({ length: runLength }, () => samples[Math.floor(random() * samples.length)]!))
  const differences = Array.from({ length: RESAMPLES }, () => distance(draw() / draw()))
  return quantile(ascending(differences), 0.95)
}

/**
 * The noise floor of a comparison, as a share: the largest of the difference seen between two identical subjects
 * (`first` and `again`), of what chance does to those, and of what chance does to the peer.
 */
export function noiseFloor(
  first: readonly number[],
  again: readonly number[],
  peer: readonly number[] | undefined,
  random: () => number,
): number {
  const seen = distance(median(first) / median(again))
  const own = spread([...first, ...again], first.length, random)
  const others = peer === undefined ? 0 : spread(peer, peer.length, random)
  return Math.max(seen, own, others)
}

/** `value / peerValue`, or undefined where it is no farther from 1 than the noise. */
export function ratioBeyondNoise(
  value: number,
  peerValue: number,
  noise: number,
): number | undefined {
  const ratio = value / peerValue
  return distance(ratio) <= noise ? undefined : ratio
}

/** Whether a ratio reaches its factor, and whether that could be noise. */
export function judgeRatio(
  ratio: number,
  relation: '<=' | '>=',
  factor: number,
  noise: number,
): Verdict {
  const isMet = relation === '<=' ? ratio <= factor : ratio >= factor
  return { isMet, isAtTheEdge: distance(ratio / factor) <= noise }
}

/** Whether latencies stay within their limits, and whether that could be noise of the median. */
export function judgeLatency(
  summary: Summary,
  limits: { readonly p50AtMost: number; readonly p99AtMost: number },
  noise: number,
): Verdict {
  const shares = [summary.p50 / limits.p50AtMost, summary.p99 / limits.p99AtMost]
  return {
    isMet: shares.every((share) => share <= 1),
    isAtTheEdge: shares.some((share) => distance(share) <= noise),
  }
}

/** Whether the 99.9th percentile of `own` stays within the limit; noise could turn it where `first` and `again` disagree. */
export function judgeTail(
  own: number,
  first: number,
  again: number,
  { p999AtMost }: { readonly p999AtMost: number },
): Verdict {
  return {
    isMet: own <= p999AtMost,
    isAtTheEdge: first <= p999AtMost !== again <= p999AtMost,
  }
}
