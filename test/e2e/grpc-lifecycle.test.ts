// The gRPC port over the lives of its actor and its runtime.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { BroadcastChannel } from 'node:worker_threads'
import { HealthManager, HealthServer, type ServerRestart } from '../../src/index.js'
import { GrpcClient } from '../contract/support/grpc-client.js'

const workerBaseUrl = new URL('./fixtures/crashing-workers/', import.meta.url)

async function startRuntime(t: TestContext): Promise<HealthManager> {
  const health = await HealthManager.start()
  t.after(() => health.stop())
  health.register('collector_manager').healthy()
  return health
}

test('a probe actor that dies is followed by one on the same gRPC port', async (t) => {
  const health = await startRuntime(t)
  let onRestart!: (restart: ServerRestart) => void
  const restarted = new Promise<ServerRestart>((resolve) => {
    onRestart = resolve
  })
  const server = new HealthServer(health, {
    host: '127.0.0.1',
    port: 0,
    readTimeoutMs: 1_000,
    grpc: { port: 0 },
    workerBaseUrl,
    onRestart,
  })
  const orders = new BroadcastChannel('probe-orders')
  t.after(() => orders.close())
  const { port, grpcPort } = await server.start()
  const watch = new GrpcClient(t, grpcPort!).watch('')
  assert.equal(await watch.next(), 'serving')
  orders.postMessage('throw')
  assert.equal((await restarted).restarts, 1)
  assert.equal(await watch.ended, 'UNAVAILABLE')
  assert.equal(await new GrpcClient(t, grpcPort!).check(''), 'serving')
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200)
})

test('a server that outlives its runtime serves nothing from the moment of the stop', async (t) => {
  const health = await startRuntime(t)
  const attached = HealthManager.attach(health.handle())
  t.after(() => attached.stop())
  const server = new HealthServer(attached, {
    host: '127.0.0.1',
    port: 0,
    readTimeoutMs: 1_000,
    grpc: { port: 0 },
  })
  const { grpcPort } = await server.start()
  const client = new GrpcClient(t, grpcPort!)
  const watch = client.watch('collector_manager')
  assert.equal(await watch.next(), 'serving')
  await health.stop()
  // By the phase in the region: nobody has told this server anything.
  assert.equal(await watch.next(), 'not serving')
  for (const service of ['', 'readiness', 'collector_manager']) {
    assert.equal(await client.check(service), 'not serving', service)
  }
  assert.equal(await client.watch('').next(), 'not serving')
  await server.stop()
  assert.equal(await watch.ended, 'UNAVAILABLE')
})

test('servers of one runtime have gRPC ports of their own', async (t) => {
  const health = await startRuntime(t)
  const options = { host: '127.0.0.1', port: 0, readTimeoutMs: 1_000, grpc: { port: 0 } }
  const servers = [new HealthServer(health, options), new HealthServer(health, options)]
  const ports = await Promise.all(servers.map(async (server) => (await server.start()).grpcPort!))
  assert.notEqual(ports[0], ports[1])
  for (const port of ports) assert.equal(await new GrpcClient(t, port).check(''), 'serving')
})
