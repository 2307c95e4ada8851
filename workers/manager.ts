// Entry of the manager actor's thread: wires the region to the manager's loop.

import {
  ManagerActor,
  type ManagerBoot,
  type ManagerControl,
} from '../src/manager/manager-actor.js'
import { runActor } from '../src/runtime/actor-entry.js'

runActor<ManagerControl>((boot) => new ManagerActor(boot as ManagerBoot))
