// The heartbeat worker: sends what the shared region holds to the control plane. Wiring only; see src/heartbeat/.
import {
  HeartbeatActor,
  type HeartbeatBoot,
  type HeartbeatControl,
} from '../src/heartbeat/heartbeat-actor.js'
import { runActor } from '../src/runtime/actor-entry.js'

runActor<HeartbeatControl>((data) => HeartbeatActor.start(data as HeartbeatBoot))
