// Seeded randomness for stress tests: a run prints its seed, and HEALTH_SEED repeats it. Any thread.
import { randomInt } from 'node:crypto'

/** The seed of this run: HEALTH_SEED where it is set, otherwise a fresh one. */
export function seedOfRun(): number {
  const given = process.env['HEALTH_SEED']
  if (given === undefined || given === '') return randomInt(2 ** 31)
  const seed = Number(given)
  if (!Number.isInteger(seed)) throw new RangeError(`HEALTH_SEED=${given}: must be an integer`)
  return seed
}

/** Marsaglia's xorshift on 32 bits, its seed mixed first so that neighbouring seeds give unrelated streams. */
export class Random {
  #state: number

  constructor(seed: number) {
    let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    this.#state = mixed ^ (mixed >>> 16) || 1
  }

  /** An integer from 0 to `bound` - 1. */
  below(bound: number): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return (state >>> 0) % bound
  }

  /** True once in `n`. */
  oneIn(n: number): boolean {
    return this.below(n) === 0
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!
  }
}
