// What a hot path allocates, for tests that gate on that and not on time.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const TRIES = 21
/** Few enough that what they allocate, if they do, fits in the young generation: a collection would hide it. */
const CALLS = 10_000
const ROUNDS = 10
/** For the compiler's threads: on a busy machine they may not come to a core while these calls are made. */
const REST_MS = 50

/**
 * Bytes that one call of `run` allocates once it is compiled: the least of some rounds. What each call allocates shows in
 * every round; what is allocated only as long as it is not compiled shows in the first ones. Each round is the median over
 * some tries, as a compiler thread may allocate meanwhile, and a collection free something. Below `enough` there is no need of
 * another round.
 */
export function allocatedBytes(run: () => void, enough = 1): number {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS && least >= enough; round++) {
    for (let i = 0; i < 10 * CALLS; i++) run()
    if (round > 0) rest()
    least = Math.min(least, medianOfTries(run))
  }
  return least
}

function medianOfTries(run: () => void): number {
  const deltas: number[] = []
  for (let attempt = 0; attempt < TRIES; attempt++) {
    collectGarbage()
    const heapUsed = process.memoryUsage().heapUsed
    for (let i = 0; i < CALLS; i++) run()
    deltas.push(process.memoryUsage().heapUsed - heapUsed)
  }
  deltas.sort((a, b) => a - b)
  return deltas[(TRIES - 1) / 2]! / CALLS
}

/** Gives the core away. */
function rest(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REST_MS)
}
