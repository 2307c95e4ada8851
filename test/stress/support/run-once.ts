// One run for all tests of a file: a run is too dear for each of them. Host thread only.
import type { TestContext } from 'node:test'
import { seedOfRun } from './random.js'

/** The first test that asks makes the run, and it ends with that test; each test says the seed that repeats it. */
export function runOnce<Outcome>(
  run: (t: TestContext, seed: number) => Promise<Outcome>,
): (t: TestContext) => Promise<Outcome> {
  const seed = seedOfRun()
  let outcome: Promise<Outcome> | undefined
  return async (t) => {
    t.diagnostic(`HEALTH_SEED=${seed}`)
    outcome ??= run(t, seed)
    return outcome
  }
}
