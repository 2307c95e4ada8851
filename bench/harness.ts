// Takes the samples: calibrates each subject's batch, warms it up, and lets all subjects take turns in a new
// random order every round, so that a slow second of the machine hits all of them alike.
import type { LoadGenerator } from './http-load.js'
import type { GoPeer } from './peers/go.js'
import {
  judgeLatency,
  judgeRatio,
  noiseFloor,
  ratioBeyondNoise,
  type Summary,
  shuffled,
  summarize,
  type Target,
  type Verdict,
} from './statistics.js'

/** One subject that is measured. A sample is one number in the bench's unit. */
export interface Subject {
  readonly name: string
  warmUp(): Promise<void>
  sample(): Promise<number>
}

export interface Environment {
  readonly isQuick: boolean
  /** How long a sample of a batch lasts at least, unless its bench needs more. */
  readonly minSampleMs: number
  /** Undefined where there is no Go on this machine, or it failed to build the peer. */
  readonly go: GoPeer | undefined
  readonly load: LoadGenerator
  readonly random: () => number
}

/** A bench whose subjects are ready to be sampled. */
export interface OpenBench {
  readonly ours: Subject
  /** The same as `ours`, a second time: what the two differ by is noise. */
  readonly again: Subject
  readonly peers: readonly Subject[]
  /** Ends everything that was started; returns remarks for the table. */
  close(): Promise<string[]>
}

export interface Bench {
  /** What `--only` matches. */
  readonly name: string
  readonly title: string
  readonly unit: 'ns/op' | 'req/s' | 'µs'
  readonly target?: Target
  /** Left out of `--quick`. */
  readonly isLong?: boolean
  /** A sample is one event. Garbage is collected once before them all: a forced collection also gives up compiled code. */
  readonly isOfEvents?: boolean
  /** Samples of each subject: in full, and in `--quick`. */
  readonly samples: { readonly full: number; readonly quick: number }
  open(environment: Environment): Promise<OpenBench>
}

/** One comparison, as `--json` writes it. Every bench gives one row a peer, or one without. */
export interface Row {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly value: number
  readonly min: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly samples: number
  readonly peer: string | null
  readonly peerValue: number | null
  readonly peerMin: number | null
  readonly peerP99: number | null
  readonly peerMax: number | null
  /** value / peerValue; null without a peer and inside the noise. */
  readonly ratio: number | null
  readonly noise: number
  readonly target: Target | null
  readonly isMet: boolean | null
  readonly isAtTheEdge: boolean | null
}

export interface Outcome {
  readonly rows: readonly Row[]
  readonly remarks: readonly string[]
}

const GROWTH_LIMIT = 10
const WARM_UP_SAMPLES = 4

/**
 * A subject that carries out `count` operations at a time and says how many ns the timed part took. The count is
 * chosen so that a sample lasts at least `minSampleMs`, which keeps the clock's own cost out of it.
 */
export function timedSubject(
  name: string,
  minSampleMs: number,
  run: (count: number) => number | Promise<number>,
  minCount = 8,
): Subject {
  let count = minCount
  return {
    name,
    async warmUp() {
      for (;;) {
        // The faster of two: a single one may have been kept from running.
        const elapsedNs = Math.min(await run(count), await run(count))
        const missing = (minSampleMs * 1e6 * 1.2) / Math.max(elapsedNs, 1)
        if (missing <= 1.2) break
        count = Math.ceil(count * Math.min(missing, GROWTH_LIMIT))
      }
      for (let i = 0; i < WARM_UP_SAMPLES; i++) await run(count)
    },
    async sample() {
      return (await run(count)) / count
    },
  }
}

/** Process-wide ns: comparable between threads, unlike `performance.now()`. */
export function nowNs(): number {
  return Number(process.hrtime.bigint())
}

/** Collects garbage where `--expose-gc` allows it, so that no subject pays for another one's. */
export function collectGarbage(): void {
  globalThis.gc?.()
}

/** Runs one bench from start to end. */
export async function runBench(bench: Bench, environment: Environment): Promise<Outcome> {
  const open = await bench.open(environment)
  let samples: Map<Subject, number[]>
  let remarks: string[]
  try {
    const subjects = [open.ours, open.again, ...open.peers]
    const rounds = environment.isQuick ? bench.samples.quick : bench.samples.full
    samples = await takeTurns(subjects, rounds, environment.random, bench.isOfEvents ?? false)
  } finally {
    remarks = await open.close()
  }
  const of = (subject: Subject) => samples.get(subject) ?? []
  const compare = (peer: Subject | undefined) =>
    rowOf(
      bench,
      of(open.ours),
      of(open.again),
      peer === undefined ? undefined : { name: peer.name, samples: of(peer) },
      environment.random,
    )
  const rows = open.peers.length === 0 ? [compare(undefined)] : open.peers.map(compare)
  const { target } = bench
  if (target && 'peer' in target && !rows.some(({ peer }) => peer === target.peer)) {
    rows.unshift(skippedRow(compare(undefined), target.peer))
  }
  return { rows, remarks }
}

async function takeTurns(
  subjects: readonly Subject[],
  rounds: number,
  random: () => number,
  isOfEvents: boolean,
): Promise<Map<Subject, number[]>> {
  const samples = new Map(subjects.map((subject) => [subject, [] as number[]]))
  for (const subject of subjects) await subject.warmUp()
  if (isOfEvents) collectGarbage()
  for (let round = 0; round < rounds; round++) {
    for (const subject of shuffled(subjects, random)) {
      if (!isOfEvents) collectGarbage()
      samples.get(subject)?.push(await subject.sample())
    }
  }
  return samples
}

/** The row of one comparison. Our value is the median over both of our own series. */
export function rowOf(
  bench: Pick<Bench, 'name' | 'title' | 'unit' | 'target'>,
  ours: readonly number[],
  again: readonly number[],
  peer: { readonly name: string; readonly samples: readonly number[] } | undefined,
  random: () => number,
): Row {
  const own = summarize([...ours, ...again])
  const theirs = peer === undefined ? undefined : summarize(peer.samples)
  const noise = noiseFloor(ours, again, peer?.samples, random)
  const { target } = bench
  const verdict = target && judge(target, own, peer?.name, theirs, noise)
  return {
    name: bench.name,
    title: bench.title,
    unit: bench.unit,
    value: own.p50,
    min: own.min,
    p50: own.p50,
    p99: own.p99,
    max: own.max,
    samples: own.count,
    peer: peer?.name ?? null,
    peerValue: theirs?.p50 ?? null,
    peerMin: theirs?.min ?? null,
    peerP99: theirs?.p99 ?? null,
    peerMax: theirs?.max ?? null,
    ratio: theirs === undefined ? null : (ratioBeyondNoise(own.p50, theirs.p50, noise) ?? null),
    noise,
    target: verdict === undefined ? null : (target ?? null),
    isMet: verdict?.isMet ?? null,
    isAtTheEdge: verdict?.isAtTheEdge ?? null,
  }
}

/** The row of a peer that could not run here: our own figures and nothing to compare them with. */
export function skippedRow(own: Row, peer: string): Row {
  return { ...own, peer, target: null, isMet: null, isAtTheEdge: null }
}

function judge(
  target: Target,
  own: Summary,
  peer: string | undefined,
  theirs: Summary | undefined,
  noise: number,
): Verdict | undefined {
  if ('p50AtMost' in target) return judgeLatency(own, target, noise)
  if (theirs === undefined || peer !== target.peer) return undefined
  return judgeRatio(own.p50 / theirs.p50, target.relation, target.factor, noise)
}
