// A gRPC actor that is told to close while it starts to listen.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HealthManager } from '../../src/index.js'
import { ExitGate } from '../../src/probe/exit-gate.js'
import { GrpcActor } from '../../src/probe/grpc-actor.js'
import { GrpcCounters } from '../../src/probe/grpc-counters.js'
import { GrpcLedger } from '../../src/probe/grpc-ledger.js'
import { DEFAULT_LIMITS } from '../../src/probe/listener.js'
import { RawConnection } from '../contract/raw-connection.js'
import { FakeReader } from '../fake-reader.js'

const host = '127.0.0.1'

async function create(t: TestContext, port = 0) {
  const health = await HealthManager.start()
  t.after(() => health.stop())
  const gate = new ExitGate()
  const boot = {
    handle: health.handle(),
    readTimeoutMs: 5,
    audience: { detail: 'always', token: undefined },
    limits: DEFAULT_LIMITS,
    grpc: { host, port, tls: undefined },
    books: { ledger: new GrpcLedger().buffer, counters: new GrpcCounters().buffer },
    gate: gate.buffer,
  } as const
  const actor = new GrpcActor(boot, gate, new FakeReader())
  t.after(() => actor.closeNow())
  return { actor, gate }
}

for (const [what, close] of [
  ['is closed', (actor: GrpcActor) => actor.close()],
  ['is closed at once', (actor: GrpcActor) => actor.closeNow()],
  ['finds its host closing', (_: GrpcActor, gate: ExitGate) => gate.requestClose()],
] as const) {
  // From before it listens until after it does, one turn of the loop more each time.
  test(`a gRPC actor leaves nothing open when it ${what}`, async (t) => {
    const probed = await create(t)
    const port = await probed.actor.listen()
    await probed.actor.close()
    for (let turns = 0; turns < 4; turns++) {
      const { actor, gate } = await create(t, port)
      let hasBound = false
      const starting = actor.listen().then(
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
