// The probe worker: attaches to the shared region and answers probes from it. Wiring only; see src/probe/.
import { ProbeActor, type ProbeBoot, type ProbeControl } from '../src/probe/probe-actor.js'
import { runActor } from '../src/runtime/actor-entry.js'
import { HealthManager } from '../src/runtime/health-manager.js'

runActor<ProbeControl>(async (data) => {
  const boot = data as ProbeBoot
  const actor = await ProbeActor.create(boot, HealthManager.attach(boot.handle))
  // Also when this thread throws or exits by itself: what uWebSockets.js has open then would abort the process.
  process.on('exit', () => actor.closeNow())
  return actor
})
