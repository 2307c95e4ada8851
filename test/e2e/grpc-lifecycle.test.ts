// The gRPC port over the lives of its actor and its runtime.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { BroadcastChannel } from 'node:worker_threads'
import {
  type HealthError,
  HealthManager,
  HealthServer,
  type ServerRestart,
} from '../../src/index.js'
import { GrpcClient } from '../contract/support/grpc-client.js'

const workerBaseUrl = new URL('./fixtures/crashing-workers/', import.meta.url)

async function startRuntime(t: TestContext): Promise<HealthManager> {
  const health = await HealthManager.start()
  t.after(() => health.stop())
  health.register('collector_manager').healthy()
  return health
}

/** One that is not started yet, one of whose actors dies on the orders of this name; and its first restart. */
function prepareServer(t: TestContext, health: HealthManager, ordersName: string) {
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
  const orders = new BroadcastChannel(ordersName)
  t.after(() => orders.close())
  return { server, orders, restarted }
}

test('a gRPC actor that dies is followed by one on the same port, and no HTTP probe misses it', async (t) => {
  const health = await startRuntime(t)
  const { server, orders, restarted } = prepareServer(t, health, 'grpc-orders')
  const { port, grpcPort } = await server.start()
  const client = new GrpcClient(t, grpcPort!)
  const watch = client.watch('')
  assert.equal(await watch.next(), 'serving')
  orders.postMessage('throw')
  const { restarts, cause } = await restarted
  assert.equal(restarts, 1)
  assert.match(cause.message, /^the grpc actor has ended: exitCode=1: ordered to die/)
  assert.equal(await watch.ended, 'UNAVAILABLE')
  assert.equal(await new GrpcClient(t, grpcPort!).check(''), 'serving')
  const actors = [
    { name: 'probe', state: 'running', restarts: 0 },
    { name: 'grpc', state: 'running', restarts: 1 },
  ]
  assert.deepEqual(server.actors, actors)
  const known = (await health.stats()).actors.filter(({ name }) => name !== 'manager')
  assert.deepEqual(known, actors)
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  assert.match(metrics, /^health_actor_restarts_total\{actor="probe"\} 0$/m)
  assert.match(metrics, /^health_actor_restarts_total\{actor="grpc"\} 1$/m)
  // Also what the one before it had counted.
  assert.match(metrics, /^health_grpc_calls_total\{method="Watch",code="OK"\} 1$/m)
  assert.match(metrics, /^health_grpc_calls_total\{method="Check",code="OK"\} 1$/m)
})

test('a probe actor that dies takes no watcher along', async (t) => {
  const health = await startRuntime(t)
  const { server, orders, restarted } = prepareServer(t, health, 'probe-orders')
  const watch = new GrpcClient(t, (await server.start()).grpcPort!).watch('')
  assert.equal(await watch.next(), 'serving')
  orders.postMessage('exit')
  await restarted
  health.updateStatus('collector_manager', 3, 'after the restart')
  assert.equal(await watch.next(), 'not serving')
})

test('a gRPC actor that keeps dying is given up, loudly, while probes are answered', async (t) => {
  const health = await startRuntime(t)
  const orders = new BroadcastChannel('grpc-orders')
  t.after(() => orders.close())
  let onError!: (error: HealthError) => void
  const failed = new Promise<HealthError>((resolve) => {
    onError = resolve
  })
  const server = new HealthServer(health, {
    host: '127.0.0.1',
    port: 0,
    grpc: { port: 0 },
    restarts: { max: 1, withinMs: 60_000 },
    workerBaseUrl,
    onRestart: () => orders.postMessage('throw'),
    onError,
  })
  const { port, grpcPort } = await server.start()
  orders.postMessage('throw')
  const error = await failed
  assert.equal(error.code, 'ERR_HEALTH_UNAVAILABLE')
  assert.match(
    error.message,
    /^gRPC is no longer answered, the grpc actor keeps dying: .*restarts=1/,
  )
  assert.match(error.message, new RegExp(`port=${grpcPort}`))
  assert.equal(server.actors[1]?.state, 'failed')
  assert.equal((await fetch(`http://127.0.0.1:${port}/livez`)).status, 200)
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  assert.match(metrics, /^health_actor_state\{actor="grpc",state="failed"\} 1$/m)
  assert.match(metrics, /^health_actor_state\{actor="grpc",state="running"\} 0$/m)
  await server.stop()
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
