// Entry of the manager actor's thread: wires the region to the manager's loop.

import type { ManagerControl } from '../src/manager/manager-actor.js'
import { ManagerActor } from '../src/manager/manager-actor.js'
import { runActor } from '../src/runtime/actor-entry.js'

runActor<ManagerControl>((region) => new ManagerActor(region as SharedArrayBuffer))
