// A probe actor that is told to close while it starts to listen.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { HealthManager } from '../../src/index.js'
import { ExitGate } from '../../src/probe/exit-gate.js'
import { DEFAULT_LIMITS } from '../../src/probe/listener.js'
import { ProbeActor, type ProbeBoot } from '../../src/probe/probe-actor.js'
import { RawConnection } from '../contract/raw-connection.js'
import { transports } from '../e2e/transports.js'
import { FakeSource } from './metrics-support.js'

const host = '127.0.0.1'

for (const transport of transports) {
  async function create(t: TestContext) {
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
    return { actor, gate }
  }

  describe(`a probe actor over ${transport} that has to close while it starts`, () => {
    for (const [what, close] of [
      ['is closed', (actor: ProbeActor) => actor.close()],
      ['is closed at once', (actor: ProbeActor) => actor.closeNow()],
      ['finds its host closing', (_: ProbeActor, gate: ExitGate) => gate.requestClose()],
    ] as const) {
      // From before it listens until after it does, one turn of the loop more each time.
      test(`leaves nothing open when it ${what}`, async (t) => {
        const probed = await create(t)
        const { port } = await probed.actor.listen(host, 0)
        await probed.actor.close()
        for (let turns = 0; turns < 4; turns++) {
          const { actor, gate } = await create(t)
          let hasBound = false
          const starting = actor.listen(host, port).then(
            () => {
              hasBound = true
            },
            (error: { code: string }) => assert.equal(error.code, 'ERR_HEALTH_STOPPED'),
          )
          for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
          const wasBound = hasBound
          await close(actor, gate)
          await starting
          if (wasBound) await actor.close()
          else assert.equal(hasBound, false)
          assert.equal(gate.isOpen, false)
          await assert.rejects(RawConnection.open(port), { code: 'ECONNREFUSED' })
        }
      })
    }
  })
}
