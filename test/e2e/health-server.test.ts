import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { HealthManager, HealthServer, type HealthServerOptions } from '../../src/index.js'

const health = await HealthManager.start()
after(() => health.stop())

function createServer(t: TestContext, options: HealthServerOptions = {}): HealthServer {
  const server = new HealthServer(health, { host: '127.0.0.1', port: 0, ...options })
  t.after(() => server.stop())
  return server
}

test('start resolves to the bound address and the transport', async (t) => {
  const { host, port, transport } = await createServer(t, { transport: 'node' }).start()
  assert.equal(host, '127.0.0.1')
  assert.ok(port > 0)
  assert.equal(transport, 'node')
})

test('start rejects with the bind error, and can be tried again', async (t) => {
  const taken = createServer(t)
  const { port } = await taken.start()
  const server = createServer(t, { port })
  await assert.rejects(server.start(), (error: Error) => {
    assert.match(error.message, new RegExp(`host=127.0.0.1 port=${port}: .*EADDRINUSE`))
    assert.equal(Reflect.get(error, 'code'), 'ERR_HEALTH_LISTEN')
    assert.equal((error.cause as NodeJS.ErrnoException).code, 'EADDRINUSE')
    assert.equal(typeof (error.cause as NodeJS.ErrnoException).errno, 'number')
    return true
  })
  await taken.stop()
  assert.equal((await server.start()).port, port)
})

test('a second start is rejected and leaves the first alone', async (t) => {
  const server = createServer(t)
  const starting = server.start()
  await assert.rejects(server.start(), { code: 'ERR_HEALTH_LISTEN' })
  const { port } = await starting
  await assert.rejects(server.start(), /started already: host=127\.0\.0\.1 port=0/)
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200)
})

test('a stopped server does not start again', async (t) => {
  const server = createServer(t)
  await server.start()
  await server.stop()
  await assert.rejects(server.start(), { code: 'ERR_HEALTH_STOPPED' })
})

test('a stop before the start is final as well', async (t) => {
  const server = createServer(t)
  await server.stop()
  await assert.rejects(server.start(), { code: 'ERR_HEALTH_STOPPED' })
})

test('a stop during the start ends both', async (t) => {
  const server = createServer(t)
  const rejected = assert.rejects(server.start(), { code: 'ERR_HEALTH_STOPPED' })
  await server.stop()
  await rejected
  assert.equal(server.actor.state, 'stopped')
})

test('a server does not start on a runtime that was stopped', async (t) => {
  const stopped = await HealthManager.start()
  await stopped.stop()
  const server = new HealthServer(stopped, { host: '127.0.0.1', port: 0 })
  t.after(() => server.stop())
  await assert.rejects(server.start(), { code: 'ERR_HEALTH_STOPPED' })
})

test('a server does not start on a runtime that another instance stops meanwhile', async (t) => {
  const stopping = await HealthManager.start()
  const attached = HealthManager.attach(stopping.handle())
  const server = new HealthServer(attached, { host: '127.0.0.1', port: 0 })
  t.after(() => attached.stop())
  const rejected = assert.rejects(server.start(), { code: 'ERR_HEALTH_STOPPED' })
  await stopping.stop()
  await rejected
  assert.equal(server.actor.state, 'stopped')
})

test('a server that starts is stopped by the stop of its runtime', async () => {
  const stopping = await HealthManager.start()
  const server = new HealthServer(stopping, { host: '127.0.0.1', port: 0 })
  const rejected = assert.rejects(server.start(), { code: 'ERR_HEALTH_STOPPED' })
  await stopping.stop()
  await rejected
  await assert.rejects(server.start(), /the server was stopped/)
})

test('a server that could not start is nothing to its runtime', async (t) => {
  const taken = createServer(t)
  const { port } = await taken.start()
  await assert.rejects(createServer(t, { port }).start(), { code: 'ERR_HEALTH_LISTEN' })
  const probes = (await health.stats()).actors.filter(({ name }) => name === 'probe')
  assert.deepEqual(probes, [{ name: 'probe', state: 'running', restarts: 0 }])
})

test('after a stop nobody listens', async (t) => {
  const server = createServer(t)
  const { port } = await server.start()
  await server.stop()
  await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`))
})

test('a server is in the stats of its runtime while it runs', async (t) => {
  const server = createServer(t)
  const probes = async () => (await health.stats()).actors.filter(({ name }) => name === 'probe')
  assert.deepEqual(await probes(), [])
  await server.start()
  assert.deepEqual(await probes(), [{ name: 'probe', state: 'running', restarts: 0 }])
  await server.stop()
  assert.deepEqual(await probes(), [])
})

test('two servers of one runtime answer on their own ports', async (t) => {
  const ports = await Promise.all(
    [createServer(t), createServer(t)].map(async (server) => (await server.start()).port),
  )
  for (const port of ports) {
    assert.equal((await fetch(`http://127.0.0.1:${port}/livez`)).status, 200)
  }
})

test('a worker entry that is not there is told', async (t) => {
  const server = createServer(t, { workerBaseUrl: new URL('./nowhere/', import.meta.url) })
  await assert.rejects(server.start(), {
    code: 'ERR_HEALTH_UNAVAILABLE',
    message: /probe actor has ended: .*Cannot find module/,
  })
})

const badOptions: readonly [name: string, options: object, message: RegExp][] = [
  ['an empty host', { host: '' }, /^host="": must be a string/],
  ['a host that is no string', { host: 1 }, /^host=1: must be a string/],
  ['a negative port', { port: -1 }, /^port=-1: must be an integer from 0 to 65535/],
  ['a port beyond 65,535', { port: 65_536 }, /^port=65536: must be/],
  ['a port that is no integer', { port: 80.5 }, /^port=80\.5: must be/],
  ['a port that is no number', { port: '8081' }, /^port="8081": must be/],
  ['an unknown transport', { transport: 'http2' }, /^transport="http2": must be 'auto', 'uws'/],
  ['a negative read timeout', { readTimeoutMs: -1 }, /^readTimeoutMs=-1: must be/],
  ['a read timeout beyond a second', { readTimeoutMs: 1_001 }, /^readTimeoutMs=1001: must be/],
  [
    'a worker base that is no URL',
    { workerBaseUrl: './workers/' },
    /^workerBaseUrl="\.\/workers\/": must be a 'file:' URL/,
  ],
  ['a worker base that is no string', { workerBaseUrl: 1 }, /^workerBaseUrl=1: must be/],
  [
    'a worker base that is no file',
    { workerBaseUrl: new URL('https://example.com/') },
    /^workerBaseUrl="https:\/\/example\.com\/": must be a 'file:' URL/,
  ],
  ['an onRestart that is no function', { onRestart: true }, /^onRestart=true: must be a function/],
  ['an onError that is no function', { onError: 'log' }, /^onError="log": must be a function/],
  ['an option that there is not', { prot: 80 }, /^options="prot": must be one of host, port/],
  ['restarts that are no object', { restarts: 5 }, /^restarts=5: must be an object/],
  ['a negative limit for restarts', { restarts: { max: -1 } }, /^restarts\.max=-1: must be/],
  ['an empty window for restarts', { restarts: { withinMs: 0 } }, /^restarts\.withinMs=0: must/],
]

for (const [name, options, message] of badOptions) {
  test(`${name} is refused at once`, () => {
    assert.throws(() => new HealthServer(health, options), {
      code: 'ERR_HEALTH_ARGUMENT',
      message,
    })
  })
}

test('options that are no object are refused at once', () => {
  assert.throws(() => new HealthServer(health, null as unknown as HealthServerOptions), {
    code: 'ERR_HEALTH_ARGUMENT',
  })
})

test('a manager that is none is refused at once', () => {
  assert.throws(() => new HealthServer(undefined as unknown as HealthManager), {
    code: 'ERR_HEALTH_ARGUMENT',
    message: /^manager=undefined: must be a HealthManager/,
  })
})
