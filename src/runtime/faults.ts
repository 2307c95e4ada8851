// Faults to inject, for drills and tests. Not part of the public index.
import type { HealthManager } from './health-manager.js'

const terminators = new WeakMap<HealthManager, () => Promise<void>>()

/** Called by the runtime that owns the manager actor. */
export function offerManagerTermination(
  health: HealthManager,
  terminate: () => Promise<void>,
): void {
  terminators.set(health, terminate)
}

/** Kills the manager actor's thread at whatever instruction it is; resolves when the thread has ended. */
export async function terminateManagerForFault(health: HealthManager): Promise<void> {
  const terminate = terminators.get(health)
  if (terminate === undefined)
    throw new Error('only the runtime that was started here owns a manager')
  await terminate()
}
