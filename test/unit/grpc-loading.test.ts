// grpc-js takes as much memory and time as all the rest: nobody pays for it who has not asked for gRPC.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { HealthManager } from '../../src/index.js'
import { ExitGate } from '../../src/probe/exit-gate.js'
import { GrpcCounters } from '../../src/probe/grpc-counters.js'
import { GrpcLedger } from '../../src/probe/grpc-ledger.js'
import { DEFAULT_LIMITS } from '../../src/probe/listener.js'
import { ProbeActor } from '../../src/probe/probe-actor.js'
import { FakeSource } from './metrics-support.js'

// CommonJS packages are in this cache also when they were imported.
const { cache } = createRequire(import.meta.url)
const isLoaded = () => Object.keys(cache).some((path) => /@grpc|protobufjs/.test(path))

test('neither the package nor a probe actor loads grpc-js, but the gRPC actor', async (t) => {
  const health = await HealthManager.start()
  t.after(() => health.stop())
  const gate = new ExitGate()
  const books = { ledger: new GrpcLedger().buffer, counters: new GrpcCounters().buffer }
  const boot = {
    handle: health.handle(),
    readTimeoutMs: 5,
    audience: { detail: 'always', token: undefined },
    limits: DEFAULT_LIMITS,
    gate: gate.buffer,
  } as const
  const probe = await ProbeActor.create(
    {
      ...boot,
      transport: 'node',
      maxStreams: 8,
      tls: undefined,
      grpcBooks: books,
      startupDeadline: 0,
      startupSuppressMs: 0,
      probeRestarts: 0,
      evidence: undefined,
    },
    gate,
    new FakeSource(),
  )
  t.after(() => probe.close())
  await probe.listen('127.0.0.1', 0)
  assert.equal(isLoaded(), false)

  const { GrpcActor } = await import('../../src/probe/grpc-actor.js')
  const grpc = { host: '127.0.0.1', port: 0, tls: undefined }
  const serving = new GrpcActor({ ...boot, grpc, books }, gate, new FakeSource())
  t.after(() => serving.close())
  assert.ok((await serving.listen()) > 0)
  assert.equal(isLoaded(), true)
})

test('nor does health-actor/heartbeat, before something is sent or received', () => {
  const entry = new URL('../../src/heartbeat/index.js', import.meta.url).href
  const program = `
    import { createRequire } from 'node:module'
    import { HeartbeatReporter, FleetReceiver } from ${JSON.stringify(entry)}
    new FleetReceiver()
    const paths = Object.keys(createRequire(${JSON.stringify(entry)}).cache)
    console.log(typeof HeartbeatReporter, paths.filter((path) => /@grpc|protobufjs/.test(path)).length)
  `
  const args = ['--input-type=module', '--eval', program]
  assert.equal(execFileSync(process.execPath, args, { encoding: 'utf8' }), 'function 0\n')
})
