// Check and List by a real client of a real runtime, and what a server with gRPC does with its ports.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, type TestContext, test } from 'node:test'
import { HealthServer } from '../../src/index.js'
import { GrpcClient } from './support/grpc-client.js'
import { startGrpc } from './support/grpc-server.js'
import { startRuntime } from './support/runtime.js'

async function takePort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  return (server.address() as { port: number }).port
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('every name is answered by what it stands for', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  const client = new GrpcClient(t, grpcPort)
  health.register('collector_manager').healthy()
  health.register('dakr_transport').degraded('slow')
  health.register('buffer_queue').unhealthy('full')
  health.register('monitor')
  health.register('liveness').unhealthy('only called so')
  const answers = {
    '': 'serving',
    liveness: 'serving',
    readiness: 'serving',
    collector_manager: 'serving',
    'component/dakr_transport': 'serving',
    buffer_queue: 'not serving',
    'component/monitor': 'not serving',
    'component/liveness': 'not serving',
    'component/readiness': 'NOT_FOUND',
    prometheus: 'NOT_FOUND',
    'component/': 'NOT_FOUND',
  }
  for (const [service, answer] of Object.entries(answers)) {
    assert.equal(await client.check(service), answer, service)
  }
})

test('a check sees every update that has returned', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  const client = new GrpcClient(t, grpcPort)
  const reporter = health.register('collector_manager')
  for (let i = 0; i < 100; i++) {
    reporter.healthy()
    assert.equal(await client.check(''), 'serving')
    reporter.unhealthy()
    assert.equal(await client.check(''), 'not serving')
  }
})

test('a list holds a hundred services, and no more', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  const client = new GrpcClient(t, grpcPort)
  for (let i = 0; i < 97; i++) health.register(`c${i}`).healthy()
  const listed = await client.list()
  assert.equal(Object.keys(listed).length, 100)
  assert.equal((listed as Record<string, string>)['component/c96'], 'serving')
  assert.equal((listed as Record<string, string>)['readiness'], 'not serving')
  health.register('one too many')
  assert.equal(await client.list(), 'RESOURCE_EXHAUSTED')
})

test('a name that is no Unicode does not spoil the list', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  health.register('half \ud83d').healthy()
  const listed = await new GrpcClient(t, grpcPort).list()
  assert.ok('component/half \ufffd' in (listed as object))
})

test('a server that shows no details tells of no component', async (t) => {
  const { health, grpcPort } = await startGrpc(t, { detail: 'never' })
  const client = new GrpcClient(t, grpcPort)
  const reporter = health.register('collector_manager')
  reporter.healthy()
  assert.deepEqual(await client.list(), {
    '': 'serving',
    liveness: 'serving',
    readiness: 'not serving',
  })
  assert.equal(await client.check('liveness'), 'serving')
  const watch = client.watch('collector_manager')
  const liveness = client.watch('liveness')
  assert.equal(await watch.next(), 'unknown')
  assert.equal(await liveness.next(), 'serving')
  reporter.unhealthy()
  assert.equal(await liveness.next(), 'not serving')
  for (const service of ['collector_manager', 'component/collector_manager', 'nobody']) {
    assert.equal(await client.check(service), 'NOT_FOUND')
  }
  await health.stop()
  assert.equal(await watch.ended, 'UNAVAILABLE')
  assert.deepEqual(watch.told, ['unknown'])
})

test('a server that shows details to the authorized shows them to loopback', async (t) => {
  const { health, grpcPort } = await startGrpc(t, {
    detail: 'authorized',
    token: 'correct-horse-battery',
  })
  health.register('collector_manager').healthy()
  assert.equal(await new GrpcClient(t, grpcPort).check('collector_manager'), 'serving')
})

const elsewhere = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

describe('from another address than loopback', {
  skip: elsewhere === undefined && 'this machine has no IPv4 address but loopback',
}, () => {
  const token = 'correct-horse-battery'
  async function ask(t: TestContext, detail: 'authorized' | 'never', authorization?: string) {
    const { health, port, grpcPort } = await startGrpc(t, { host: elsewhere!, detail, token })
    health.register('collector_manager').healthy()
    const client = new GrpcClient(t, grpcPort, {}, undefined, { host: elsewhere!, authorization })
    return { health, port, client }
  }

  const withoutComponents = { '': 'serving', liveness: 'serving', readiness: 'not serving' }
  const withComponents = { ...withoutComponents, 'component/collector_manager': 'serving' }

  for (const [what, authorization] of [
    ['no token', undefined],
    ['another token', 'Bearer correct-horse-batterx'],
    ['another scheme', `Basic ${token}`],
  ] as const) {
    test(`a server that shows details to the authorized hides them from ${what}`, async (t) => {
      const { client } = await ask(t, 'authorized', authorization)
      assert.equal(await client.check(''), 'serving')
      assert.equal(await client.check('collector_manager'), 'NOT_FOUND')
      assert.deepEqual(await client.list(), withoutComponents)
      assert.equal(await client.watch('collector_manager').next(), 'unknown')
    })
  }

  for (const scheme of ['Bearer', 'bearer']) {
    test(`it shows them to who sends the token as ${scheme}`, async (t) => {
      const { health, client } = await ask(t, 'authorized', `${scheme} ${token}`)
      assert.equal(await client.check('collector_manager'), 'serving')
      assert.deepEqual(await client.list(), withComponents)
      const watch = client.watch('collector_manager')
      assert.equal(await watch.next(), 'serving')
      health.register('collector_manager').unhealthy()
      assert.equal(await watch.next(), 'not serving')
    })
  }

  test('a server that shows no details does not show them to the token either', async (t) => {
    const { client } = await ask(t, 'never', `Bearer ${token}`)
    assert.equal(await client.check('collector_manager'), 'NOT_FOUND')
    assert.deepEqual(await client.list(), withoutComponents)
  })

  test('HTTP knows it as well', async (t) => {
    const { port } = await ask(t, 'authorized')
    const url = `http://${elsewhere}:${port}/components/collector_manager`
    assert.equal((await fetch(url)).status, 401)
    const headers = { authorization: `Bearer ${token}` }
    assert.equal((await fetch(url, { headers })).status, 200)
  })
})

test('HTTP is answered beside it', async (t) => {
  const { port, grpcPort } = await startGrpc(t)
  assert.notEqual(port, grpcPort)
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200)
})

test('a gRPC port in use is told, and the HTTP port is let go', async (t) => {
  const taken = await takePort(t)
  const health = await startRuntime(t)
  const port = await findFreePort()
  const server = new HealthServer(health, { host: '127.0.0.1', port, grpc: { port: taken } })
  await assert.rejects(server.start(), (error: Error) => {
    assert.equal(Reflect.get(error, 'code'), 'ERR_HEALTH_LISTEN')
    assert.match(error.message, new RegExp(`host=127.0.0.1 port=${taken}: .*EADDRINUSE`))
    assert.equal((error.cause as NodeJS.ErrnoException).code, 'EADDRINUSE')
    return true
  })
  await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`))
})

test('two servers do not share a gRPC port', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  const second = new HealthServer(health, {
    host: '127.0.0.1',
    port: 0,
    grpc: { port: grpcPort },
  })
  await assert.rejects(second.start(), { code: 'ERR_HEALTH_LISTEN' })
  assert.equal(await new GrpcClient(t, grpcPort).check(''), 'serving')
})

test('an HTTP port in use leaves no gRPC port open', async (t) => {
  const taken = await takePort(t)
  const health = await startRuntime(t)
  const grpcPort = await findFreePort()
  const server = new HealthServer(health, {
    host: '127.0.0.1',
    port: taken,
    grpc: { port: grpcPort },
  })
  await assert.rejects(server.start(), new RegExp(`host=127.0.0.1 port=${taken}`))
  assert.equal(await new GrpcClient(t, grpcPort).check(''), 'UNAVAILABLE')
})

test('after the stop of the server nobody listens', async (t) => {
  const { server, grpcPort } = await startGrpc(t)
  const client = new GrpcClient(t, grpcPort)
  assert.equal(await client.check(''), 'serving')
  await server.stop()
  assert.equal(await new GrpcClient(t, grpcPort).check(''), 'UNAVAILABLE')
})
