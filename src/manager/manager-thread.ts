// What runs in the manager's thread: the actor, and what else is watched there because it must go on while all other
// threads are stuck.
import { openRegion } from '../memory/region.js'
import type { ReadinessPolicy } from '../model/policy.js'
import type { MemoryPressureSettings } from '../watch/memory-pressure-options.js'
import { ManagerActor, type ManagerControl } from './manager-actor.js'
import { MemoryWatch } from './memory-watch.js'

/** What a manager does besides applying what it is told. */
export interface ManagerDuties {
  readonly policy: ReadinessPolicy
  /** Undefined where memory pressure is not to be watched. */
  readonly memoryPressure: MemoryPressureSettings | undefined
}

/** What the supervisor gives the manager's thread. Structured-cloneable. */
export interface ManagerBoot extends ManagerDuties {
  readonly region: SharedArrayBuffer
}

/** Takes over the region at once; throws if it is of another layout. */
export function startManager({ region, policy, memoryPressure }: ManagerBoot): ManagerControl {
  const actor = new ManagerActor(region, policy)
  if (memoryPressure === undefined) return actor
  const watch = new MemoryWatch(openRegion(region), memoryPressure)
  // Never rejects: a watch that fails must not take the manager with it.
  void watch.run()
  return {
    drain: async () => {
      watch.stop()
      await actor.drain()
    },
  }
}
