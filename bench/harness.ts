// Takes the samples: calibrates each subject's batch, warms it up, and lets all subjects take turns in a new
// random order every round, so that a slow second of the machine hits all of them alike.
import { type LoadGenerator, LoadRefused } from './http-load.js'
import type { ProbeLoad } from './latency-load.js'
import type { GoPeer } from './peers/go.js'
import { type Row, rowOf, skippedRow } from './row.js'
import type { Sample } from './series.js'
import type { ServerProcesses, Skipped } from './server-process.js'
import { shuffled, type Target } from './statistics.js'

/** One subject that is measured. A sample is one number in the bench's unit, or many where they are latencies. */
export interface Subject {
  readonly name: string
  warmUp(): Promise<void>
  sample(): Promise<Sample>
}

export interface Environment {
  readonly isQuick: boolean
  /** How long a sample of a batch lasts at least, unless its bench needs more. */
  readonly minSampleMs: number
  /** Undefined where there is no Go on this machine, or it failed to build the peer. */
  readonly go: GoPeer | undefined
  /** The Go peer and why it is not there; empty where it is. */
  readonly goSkipped: readonly Skipped[]
  readonly load: LoadGenerator
  readonly probes: ProbeLoad
  readonly servers: ServerProcesses
  readonly random: () => number
}

/** A bench whose subjects are ready to be sampled. */
export interface OpenBench {
  readonly ours: Subject
  /** The same as `ours`, a second time: what the two differ by is noise. */
  readonly again: Subject
  readonly peers: readonly Subject[]
  /** Peers that could not be started here. */
  readonly skipped?: readonly Skipped[]
  /** Peers that cannot do what is measured, and why: their rows say so. */
  readonly unable?: readonly Skipped[]
  /** Ends everything that was started; returns remarks for the table. */
  close(): Promise<string[]>
}

export interface Bench {
  /** What `--only` matches. */
  readonly name: string
  readonly title: string
  readonly unit: 'ns/op' | 'req/s' | 'µs'
  readonly target?: Target
  /** Left out of `--quick`, which is for what has a figure to reach, once each. */
  readonly isLong?: boolean
  /** A sample is one event. Garbage is collected once before them all: a forced collection also gives up compiled code. */
  readonly isOfEvents?: boolean
  /** Samples of each subject: in full, and in `--quick`. */
  readonly samples: { readonly full: number; readonly quick: number }
  open(environment: Environment): Promise<OpenBench>
}

export interface Outcome {
  readonly rows: readonly Row[]
  readonly remarks: readonly string[]
}

/** The bench once it is prepared; closed again where that fails, as nobody else would. */
export async function prepared(bench: OpenBench, prepare: () => Promise<void>): Promise<OpenBench> {
  try {
    await prepare()
    return bench
  } catch (error) {
    await bench.close()
    throw error
  }
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
  let turns: Turns
  let remarks: string[]
  try {
    const rounds = environment.isQuick ? bench.samples.quick : bench.samples.full
    turns = await takeTurns(open, rounds, environment.random, bench.isOfEvents ?? false)
  } finally {
    remarks = await open.close()
  }
  const of = (subject: Subject) => turns.samples.get(subject) ?? []
  const peers = open.peers.filter((peer) => !turns.refusals.has(peer))
  const compare = (peer: Subject | undefined) =>
    rowOf(
      bench,
      of(open.ours),
      of(open.again),
      peer === undefined ? undefined : { name: peer.name, samples: of(peer) },
      environment.random,
    )
  const rows = peers.length === 0 ? [compare(undefined)] : peers.map(compare)
  const { target } = bench
  if (target && 'peer' in target && !rows.some(({ peer }) => peer === target.peer)) {
    rows.unshift(skippedRow(compare(undefined), target.peer))
  }
  for (const [{ name }, why] of turns.refusals) rows.push(skippedRow(compare(undefined), name, why))
  for (const { name, why } of open.unable ?? [])
    rows.push(skippedRow(compare(undefined), name, why))
  for (const { name, why } of open.skipped ?? []) {
    rows.push(skippedRow(compare(undefined), name))
    remarks = [...remarks, `${name} skipped: ${why}`]
  }
  return { rows, remarks }
}

interface Turns {
  readonly samples: ReadonlyMap<Subject, Sample[]>
  /** Peers that refused the load, and what they answered: they have no figure, as the rest of their turns is left out. */
  readonly refusals: ReadonlyMap<Subject, string>
}

async function takeTurns(
  { ours, again, peers }: OpenBench,
  rounds: number,
  random: () => number,
  isOfEvents: boolean,
): Promise<Turns> {
  const subjects = [ours, again, ...peers]
  const samples = new Map(subjects.map((subject) => [subject, [] as Sample[]]))
  const refusals = new Map<Subject, string>()
  const take = async (subject: Subject, turn: () => Promise<void>) => {
    if (refusals.has(subject)) return
    try {
      await turn()
    } catch (error) {
      if (!(error instanceof LoadRefused) || !peers.includes(subject)) throw error
      refusals.set(subject, error.message)
    }
  }
  for (const subject of subjects) await take(subject, () => subject.warmUp())
  if (isOfEvents) collectGarbage()
  for (let round = 0; round < rounds; round++) {
    for (const subject of shuffled(subjects, random)) {
      if (!isOfEvents) collectGarbage()
      await take(subject, async () => {
        samples.get(subject)?.push(await subject.sample())
      })
    }
  }
  return { samples, refusals }
}
