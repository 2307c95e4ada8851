// A gRPC actor that is told to close while it starts to listen.
import type { TestContext } from 'node:test'
import { HealthManager } from '../../src/index.js'
import { ExitGate } from '../../src/probe/exit-gate.js'
import { GrpcActor } from '../../src/probe/grpc-actor.js'
import { GrpcCounters } from '../../src/probe/grpc-counters.js'
import { GrpcLedger } from '../../src/probe/grpc-ledger.js'
import { DEFAULT_LIMITS } from '../../src/probe/listener.js'
import { FakeReader } from '../fake-reader.js'
import { type Starting, testEarlyCloses } from './early-closes-support.js'

const host = '127.0.0.1'

async function create(t: TestContext, port: number): Promise<Starting> {
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
  return { actor, gate, listen: () => actor.listen() }
}

testEarlyCloses('a gRPC actor leaves nothing open', create)
