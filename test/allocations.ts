// What a hot path allocates, for tests that gate on that and not on time.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const TRIES = 21
/** Few enough that what they allocate, if they do, fits in the young generation: a collection would hide it. */
const CALLS = 10_000

/** Bytes that one call of `run` allocates: the median over some tries, as a compiler thread may allocate meanwhile. */
export function allocatedBytes(run: () => void): number {
  // Compiled code is what counts.
  for (let i = 0; i < 10 * CALLS; i++) run()
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
