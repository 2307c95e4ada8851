// The gRPC worker: answers gRPC health checks from the shared region. Wiring only; see src/probe/.
import { ExitGate } from '../src/probe/exit-gate.js'
import { GrpcActor, type GrpcBoot, type GrpcControl } from '../src/probe/grpc-actor.js'
import { RegionReader } from '../src/probe/region-reader.js'
import { runActor } from '../src/runtime/actor-entry.js'

runActor<GrpcControl>((data) => {
  const boot = data as GrpcBoot
  const gate = new ExitGate(boot.gate)
  const reader = new RegionReader(boot.handle, boot.readTimeoutMs, gate, true)
  const actor = new GrpcActor(boot, gate, reader)
  process.on('exit', () => actor.closeNow())
  return actor
})
