// The probe worker: answers probes from the shared region. Wiring only; see src/probe/.
import { ExitGate } from '../src/probe/exit-gate.js'
import { ProbeActor, type ProbeBoot, type ProbeControl } from '../src/probe/probe-actor.js'
import { RegionReader } from '../src/probe/region-reader.js'
import { runActor } from '../src/runtime/actor-entry.js'

runActor<ProbeControl>(async (data) => {
  const boot = data as ProbeBoot
  const gate = new ExitGate(boot.gate)
  const reader = new RegionReader(boot.handle, boot.readTimeoutMs, gate, true)
  const actor = await ProbeActor.create(boot, gate, reader)
  // Also when this thread throws or exits by itself: what uWebSockets.js has open then would abort the process.
  process.on('exit', () => actor.closeNow())
  return actor
})
