// grpc-js takes as much memory and time as all the rest: nobody pays for it who has not asked for gRPC.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { HealthManager } from '../../src/index.js'
import { ExitGate } from '../../src/probe/exit-gate.js'
import { DEFAULT_LIMITS } from '../../src/probe/listener.js'
import { ProbeActor, type ProbeBoot } from '../../src/probe/probe-actor.js'
import { FakeSource } from './metrics-support.js'

// CommonJS packages are in this cache also when they were imported.
const { cache } = createRequire(import.meta.url)
const isLoaded = () => Object.keys(cache).some((path) => /@grpc|protobufjs/.test(path))

test('neither the package nor a probe actor without gRPC loads grpc-js', async (t) => {
  const health = await HealthManager.start()
  t.after(() => health.stop())
  const gate = new ExitGate()
  const boot: ProbeBoot = {
    handle: health.handle(),
    transport: 'node',
    readTimeoutMs: 5,
    audience: { detail: 'always', token: undefined },
    limits: DEFAULT_LIMITS,
    maxStreams: 8,
    tls: undefined,
    grpc: undefined,
    startupDeadline: 0,
    startupSuppressMs: 0,
    probeRestarts: 0,
    evidence: undefined,
    gate: gate.buffer,
  }
  const without = await ProbeActor.create(boot, gate, new FakeSource())
  t.after(() => without.close())
  assert.equal((await without.listen('127.0.0.1', 0)).grpcPort, undefined)
  assert.equal(isLoaded(), false)

  const grpc = { host: '127.0.0.1', port: 0, tls: undefined }
  const withGrpc = await ProbeActor.create({ ...boot, grpc }, gate, new FakeSource())
  t.after(() => withGrpc.close())
  assert.ok((await withGrpc.listen('127.0.0.1', 0)).grpcPort! > 0)
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
