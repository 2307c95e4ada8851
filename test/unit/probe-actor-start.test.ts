// A probe actor that is told to close while it starts to listen.
import { describe, type TestContext } from 'node:test'
import { HealthManager } from '../../src/index.js'
import { ExitGate } from '../../src/probe/exit-gate.js'
import { DEFAULT_LIMITS } from '../../src/probe/listener.js'
import { ProbeActor, type ProbeBoot } from '../../src/probe/probe-actor.js'
import { transports } from '../e2e/transports.js'
import { type Starting, testEarlyCloses } from './early-closes-support.js'
import { FakeSource } from './metrics-support.js'

const host = '127.0.0.1'

for (const transport of transports) {
  async function create(t: TestContext, port: number): Promise<Starting> {
    const health = await HealthManager.start()
    t.after(() => health.stop())
    const gate = new ExitGate()
    const boot: ProbeBoot = {
      handle: health.handle(),
      transport,
      readTimeoutMs: 5,
      audience: { detail: 'always', token: undefined },
      limits: DEFAULT_LIMITS,
      maxStreams: 8,
      tls: undefined,
      grpcBooks: undefined,
      startupDeadline: 0,
      startupSuppressMs: 0,
      probeRestarts: 0,
      evidence: undefined,
      gate: gate.buffer,
    }
    const actor = await ProbeActor.create(boot, gate, new FakeSource())
    t.after(() => actor.closeNow())
    return { actor, gate, listen: async () => (await actor.listen(host, port)).port }
  }

  describe(`a probe actor over ${transport} that has to close while it starts`, () => {
    testEarlyCloses('leaves nothing open', create)
  })
}
