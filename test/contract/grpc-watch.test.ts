// Watch by a real client of a real runtime.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { terminateManagerForFault } from '../../src/runtime/faults.js'
import { GrpcClient, type WatchedService } from './support/grpc-client.js'
import { startGrpc } from './support/grpc-server.js'

/** Clients of the same options share a connection otherwise. */
const OWN_CONNECTION = { 'grpc.use_local_subchannel_pool': 1 }

test('a watch tells the status now, then every change in order', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  const client = new GrpcClient(t, grpcPort)
  const reporter = health.register('collector_manager')
  reporter.healthy()
  const services = ['', 'liveness', 'collector_manager', 'component/collector_manager']
  const watches = services.map((service) => client.watch(service))
  for (const watch of watches) assert.equal(await watch.next(), 'serving')
  for (let i = 0; i < 500; i++) {
    reporter.unhealthy()
    reporter.degraded()
    reporter.healthy()
  }
  for (const watch of watches) {
    for (let i = 0; i < 500; i++) {
      assert.equal(await watch.next(), 'not serving')
      assert.equal(await watch.next(), 'serving')
    }
  }
  reporter.unhealthy()
  for (const watch of watches) {
    assert.equal(await watch.next(), 'not serving')
    assert.equal(watch.told.length, 1_002)
  }
})

test('a watch of what is not registered tells when it comes and goes', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  const watch = new GrpcClient(t, grpcPort).watch('late')
  assert.equal(await watch.next(), 'unknown')
  const reporter = health.register('late')
  assert.equal(await watch.next(), 'not serving')
  reporter.healthy()
  assert.equal(await watch.next(), 'serving')
  health.deregister('late')
  assert.equal(await watch.next(), 'unknown')
  health.register('late').degraded()
  assert.equal(await watch.next(), 'not serving')
  assert.equal(await watch.next(), 'serving')
})

test('a watch tells standby, and suppressions that are set, cleared and run out', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  const client = new GrpcClient(t, grpcPort)
  health.register('collector_manager').unhealthy('reloads')
  const liveness = client.watch('liveness')
  const readiness = client.watch('readiness')
  assert.equal(await liveness.next(), 'not serving')
  assert.equal(await readiness.next(), 'not serving')
  health.setStandby(true)
  assert.equal(await readiness.next(), 'serving')
  health.setStandby(false)
  assert.equal(await readiness.next(), 'not serving')
  health.suppressReadiness(60_000)
  assert.equal(await readiness.next(), 'serving')
  health.clearReadinessSuppression()
  assert.equal(await readiness.next(), 'not serving')
  health.suppressLiveness(200)
  assert.equal(await liveness.next(), 'serving')
  // Nobody reports anything from here on.
  assert.equal(await liveness.next(), 'not serving')
})

test('readiness is told when the last of its components is there', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  const watch = new GrpcClient(t, grpcPort).watch('readiness')
  assert.equal(await watch.next(), 'not serving')
  health.register('collector_manager').healthy()
  health.register('dakr_transport').degraded()
  assert.equal(await watch.next(), 'serving')
  health.deregister('dakr_transport')
  assert.equal(await watch.next(), 'not serving')
})

test('a watch goes on over the death of the manager', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  const reporter = health.register('collector_manager')
  reporter.healthy()
  const watch = new GrpcClient(t, grpcPort).watch('')
  assert.equal(await watch.next(), 'serving')
  await terminateManagerForFault(health)
  reporter.unhealthy()
  assert.equal(await watch.next(), 'not serving')
  reporter.healthy()
  assert.equal(await watch.next(), 'serving')
})

for (const isAlone of [true, false]) {
  const others = isAlone ? 'alone' : 'beside another one'
  test(`a watch that starts late, ${others}, does not tell what was before`, async (t) => {
    const { health, grpcPort } = await startGrpc(t)
    const client = new GrpcClient(t, grpcPort)
    const reporter = health.register('collector_manager')
    const first = client.watch('')
    await first.next()
    if (isAlone) await first.cancel()
    for (let i = 0; i < 10_000; i++) {
      reporter.unhealthy()
      reporter.healthy()
    }
    await health.flush()
    const second = client.watch('')
    assert.equal(await second.next(), 'serving')
    reporter.unhealthy()
    assert.equal(await second.next(), 'not serving')
    assert.equal(second.told.length, 2)
  })
}

test('the stop of the runtime is told before the streams end', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  const client = new GrpcClient(t, grpcPort)
  health.register('collector_manager').healthy()
  const watches = ['', 'collector_manager', 'nobody'].map((service) => client.watch(service))
  const firsts = await Promise.all(watches.map((watch) => watch.next()))
  assert.deepEqual(firsts, ['serving', 'serving', 'unknown'])
  await health.stop()
  const codes = await Promise.all(watches.map((watch) => watch.ended))
  assert.deepEqual(codes, ['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE'])
  assert.deepEqual(
    watches.map(({ told }) => told),
    [['serving', 'not serving'], ['serving', 'not serving'], ['unknown']],
  )
})

test('the stop of the server alone is told as well', async (t) => {
  const { health, server, grpcPort } = await startGrpc(t)
  health.register('collector_manager').healthy()
  const watch = new GrpcClient(t, grpcPort).watch('readiness')
  assert.equal(await watch.next(), 'not serving')
  const liveness = new GrpcClient(t, grpcPort).watch('liveness')
  assert.equal(await liveness.next(), 'serving')
  await server.stop()
  assert.equal(await liveness.ended, 'UNAVAILABLE')
  assert.deepEqual(liveness.told, ['serving', 'not serving'])
  assert.deepEqual(watch.told, ['not serving'])
})

test('a client that does not read gets all that was queued, then RESOURCE_EXHAUSTED', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  const reporter = health.register('collector_manager')
  reporter.healthy()
  const slow = new GrpcClient(t, grpcPort).watch('')
  const quick = new GrpcClient(t, grpcPort).watch('')
  assert.equal(await slow.next(), 'serving')
  assert.equal(await quick.next(), 'serving')
  await slow.pause()
  // HTTP/2 lets some 64 KiB through to a stream that nobody reads, 7 bytes a status; then our own queue fills.
  const flips = 20_000
  for (let i = 0; i < flips; i += 2) {
    reporter.unhealthy()
    reporter.healthy()
    // At its own pace, so that the journal does not overtake the hub.
    if (i % 500 === 0) while (quick.told.length < i) await quick.next()
  }
  reporter.unhealthy()
  while (quick.told.length < flips + 2) await quick.next()
  assert.deepEqual(quick.told, alternating(flips + 2))

  slow.stream.resume()
  assert.equal(await slow.ended, 'RESOURCE_EXHAUSTED')
  assert.ok(slow.told.length > 1_024 && slow.told.length < flips, `${slow.told.length} told`)
  assert.deepEqual(slow.told, alternating(slow.told.length))
})

test('a client that does not read does not keep the server from stopping', async (t) => {
  const { health, server, grpcPort } = await startGrpc(t)
  const reporter = health.register('collector_manager')
  reporter.healthy()
  const slow = new GrpcClient(t, grpcPort).watch('')
  const quick = new GrpcClient(t, grpcPort).watch('')
  assert.equal(await slow.next(), 'serving')
  assert.equal(await quick.next(), 'serving')
  await slow.pause()
  for (let i = 0; i < 12_000; i += 2) {
    reporter.unhealthy()
    reporter.healthy()
    if (i % 500 === 0) while (quick.told.length < i) await quick.next()
  }
  await server.stop()
  assert.equal(server.actor.state, 'stopped')
})

test('a check is answered where watchers have all the places, and the watcher that gave way can come again', async (t) => {
  const maxConnections = 16
  const { health, grpcPort } = await startGrpc(t, { limits: { maxConnections } })
  health.register('collector_manager').healthy()
  const open = () => new GrpcClient(t, grpcPort, OWN_CONNECTION)
  const watches: WatchedService[] = []
  for (let i = 0; i < maxConnections; i++) {
    const watch = open().watch('')
    assert.equal(await watch.next(), 'serving')
    watches.push(watch)
  }
  assert.equal(await open().check(''), 'serving')
  assert.equal(await watches[0]!.ended, 'UNAVAILABLE')
  assert.equal(await open().watch('').next(), 'serving')
})

test('a thousand watchers on ten connections are told alike', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  const reporter = health.register('collector_manager')
  reporter.healthy()
  const clients = Array.from({ length: 10 }, () => new GrpcClient(t, grpcPort, OWN_CONNECTION))
  const watches = clients.flatMap((client) =>
    Array.from({ length: 100 }, () => client.watch('liveness')),
  )
  for (const watch of watches) assert.equal(await watch.next(), 'serving')
  reporter.unhealthy()
  reporter.healthy()
  for (const watch of watches) {
    assert.equal(await watch.next(), 'not serving')
    assert.equal(await watch.next(), 'serving')
  }
  await Promise.all(watches.map((watch) => watch.cancel()))
  for (const client of clients) assert.equal(await client.check(''), 'serving')
})

test('a connection has a hundred watchers, and room for checks', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  health.register('collector_manager').healthy()
  const client = new GrpcClient(t, grpcPort)
  const watches = Array.from({ length: 100 }, () => client.watch(''))
  for (const watch of watches) assert.equal(await watch.next(), 'serving')
  assert.equal(await client.watch('').ended, 'RESOURCE_EXHAUSTED')
  assert.equal(await client.check(''), 'serving')
  await watches[0]!.cancel()
  // Told only when the stream is over for the server as well.
  assert.equal(await client.check(''), 'serving')
  assert.equal(await client.watch('').next(), 'serving')
})

function alternating(length: number): string[] {
  return Array.from({ length }, (_, i) => (i % 2 === 0 ? 'serving' : 'not serving'))
}
