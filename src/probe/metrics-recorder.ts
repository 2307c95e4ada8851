// Counts and times what the probe actor answers. Runs with every probe, so it does no more than add to plain arrays;
// what becomes of the numbers is decided when somebody scrapes them. Probe actor's thread.
import type { Policy } from '../model/policy.js'
import type { OnJudged } from './check.js'
import type { ProbeLedger } from './ledger.js'
import { isLater, type ProbeHandler } from './listener.js'
import { Judgements } from './metrics-judgements.js'
import { parseTarget } from './query.js'

/** Every `path` there can be, however many targets clients think of. */
export const PATHS = [
  '/healthz',
  '/livez',
  '/readyz',
  '/startupz',
  '/components',
  '/components/{name}',
  '/metrics',
  '/transitions',
  '/events',
  '/ledger',
  'other',
] as const

const COMPONENT_PATH = PATHS.indexOf('/components/{name}')
const OTHER_PATH = PATHS.indexOf('other')
const pathIndexes = new Map<string, number>(
  PATHS.flatMap((path, index) =>
    index === COMPONENT_PATH || index === OTHER_PATH ? [] : [[path, index]],
  ),
)

/** Upper bounds in seconds; one more bucket holds what takes longer. */
export const BUCKETS = [
  0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025,
  0.05, 0.1, 0.25, 0.5, 1,
] as const
const BUCKET_COUNT = BUCKETS.length + 1
const bucketEndsMs = BUCKETS.map((seconds) => seconds * 1e3)

/** No code is as large as this. */
const CODES = 600

/** Answers that are shown from the start on, as an increase from nothing to 1 is none to Prometheus. */
const EXPECTED: readonly (readonly [path: (typeof PATHS)[number], code: number])[] = [
  ['/healthz', 200],
  ['/healthz', 503],
  ['/livez', 200],
  ['/livez', 503],
  ['/readyz', 200],
  ['/readyz', 503],
  ['/startupz', 200],
  ['/startupz', 503],
  ['/metrics', 200],
]
const expectedCells = new Set(EXPECTED.map(([path, code]) => PATHS.indexOf(path) * CODES + code))

export class ProbeRecorder {
  readonly judgements: Judgements
  /** By path and code. */
  readonly #answers = new Float64Array(PATHS.length * CODES)
  /** By path and bucket. */
  readonly #buckets = new Float64Array(PATHS.length * BUCKET_COUNT)
  /** By path, in ms. */
  readonly #sums = new Float64Array(PATHS.length)

  constructor(policy: Policy) {
    this.judgements = new Judgements(policy)
  }

  /** For the checks. They say what they have judged by, so nobody else needs to know how a target is read. */
  readonly onJudged: OnJudged = (path, look, asked) => this.judgements.count(path, look, asked)

  record(target: string, code: number, durationMs: number): void {
    const path = pathIndexOf(target)
    this.#answers[path * CODES + code]!++
    let bucket = 0
    while (bucket < BUCKETS.length && durationMs > bucketEndsMs[bucket]!) bucket++
    this.#buckets[path * BUCKET_COUNT + bucket]!++
    this.#sums[path]! += durationMs
  }

  /** How often each path was answered with each code. */
  *answers(): Iterable<{ path: string; code: number; count: number }> {
    for (const [cell, count] of this.#answers.entries()) {
      if (count === 0 && !expectedCells.has(cell)) continue
      yield { path: PATHS[Math.floor(cell / CODES)]!, code: cell % CODES, count }
    }
  }

  /** How long answers took, for each path that was asked for: how many took up to each of BUCKETS, how many in all. */
  *durations(): Iterable<{ path: string; upTo: number[]; count: number; sumSeconds: number }> {
    for (const [index, path] of PATHS.entries()) {
      const upTo: number[] = []
      let count = 0
      for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
        count += this.#buckets[index * BUCKET_COUNT + bucket]!
        if (bucket < BUCKETS.length) upTo.push(count)
      }
      if (count > 0) yield { path, upTo, count, sumSeconds: this.#sums[index]! / 1e3 }
    }
  }
}

/** The same handler, counted, timed and entered in the ledger: up to the answer, not up to the client that has received it. */
export function measured(
  handler: ProbeHandler,
  recorder: ProbeRecorder,
  ledger?: ProbeLedger,
): ProbeHandler {
  return (request) => {
    const { target } = request
    const start = performance.now()
    const answer = handler(request)
    if (!isLater(answer)) {
      const durationMs = performance.now() - start
      recorder.record(target, answer.status, durationMs)
      ledger?.enter(request, answer, durationMs)
      return answer
    }
    // No probe of a check is answered later, and the request can't be asked any more then.
    return answer.then((later) => {
      recorder.record(target, later.status, performance.now() - start)
      return later
    })
  }
}

function pathIndexOf(target: string): number {
  // Allocates nothing for a target that is its path.
  const exact = pathIndexes.get(target)
  if (exact !== undefined) return exact
  const { path } = parseTarget(target)
  const known = pathIndexes.get(path)
  if (known !== undefined) return known
  return path.startsWith('/components/') ? COMPONENT_PATH : OTHER_PATH
}
