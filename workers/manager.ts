// Entry of the manager actor's thread: wires what the supervisor gives it to the manager.
import type { ManagerControl } from '../src/manager/manager-actor.js'
import { type ManagerBoot, startManager } from '../src/manager/manager-thread.js'
import { runActor } from '../src/runtime/actor-entry.js'

runActor<ManagerControl>((data) => startManager(data as ManagerBoot))
