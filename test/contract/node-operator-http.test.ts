// The probes themselves: by the monitor's own GET, to Pods that listen.
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { NodeOperatorMonitorOptions } from '../../src/kubernetes/index.js'
import { deployment, pod } from './support/kubernetes-objects.js'
import { look, shown } from './support/node-operator.js'
import { createCertificate } from './support/self-signed.js'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

async function listen(t: TestContext, server: Server, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

/** What a Pod's two endpoints come to, asked with the defaults. */
async function probe(
  t: TestContext,
  port: number,
  options: NodeOperatorMonitorOptions & { ip?: string; scheme?: string; path?: string } = {},
) {
  const { ip = '127.0.0.1', scheme = 'HTTP', path = '/healthz', ...rest } = options
  const container = {
    name: 'controller',
    image: 'devzeroinc/controller:1',
    livenessProbe: { httpGet: { port, path, scheme } },
    readinessProbe: { httpGet: { port, path: '/readyz', scheme } },
  }
  const report = await look(t, [deployment({ containers: [container] }), pod({ ip })], rest)
  const { metadata } = shown(report)
  return [metadata['controller_healthz'], metadata['controller_readyz']]
}

async function probeServer(t: TestContext, answer: Answer, options: { path?: string } = {}) {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.connection}`)
    answer(request, response)
  })
  return { outcomes: await probe(t, await listen(t, server), options), seen }
}

const respond =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    void response.writeHead(status, headers).end('body')

test('both endpoints are asked by GET, each by a connection of its own', async (t) => {
  const { outcomes, seen } = await probeServer(t, respond(200))
  assert.deepEqual(outcomes, ['true', 'true'])
  assert.deepEqual(seen, ['GET /healthz close', 'GET /readyz close'])
})

for (const [status, outcome] of [
  [204, 'false'],
  [404, 'unknown'],
  [500, 'false'],
  [501, 'unknown'],
] as const) {
  test(`${status} over a connection is ${outcome}`, async (t) => {
    const { outcomes } = await probeServer(t, respond(status))
    assert.deepEqual(outcomes, [outcome, outcome])
  })
}

test('an answer counts before its body has ended', async (t) => {
  const { outcomes } = await probeServer(t, (_, response) => {
    response.writeHead(200).write('for ever')
  })
  assert.deepEqual(outcomes, ['true', 'true'])
})

for (const status of [301, 302, 303, 307, 308]) {
  test(`a redirect by ${status} is followed, and what is behind it counts`, async (t) => {
    const { outcomes, seen } = await probeServer(t, (request, response) => {
      if (request.url === '/healthz') respond(status, { location: '/there?a=b' })(request, response)
      else respond(request.url === '/there?a=b' ? 503 : 200)(request, response)
    })
    assert.deepEqual(outcomes, ['false', 'true'])
    assert.equal(seen[1], 'GET /there?a=b close')
  })
}

test('nine redirects are followed, the tenth is one too many', async (t) => {
  const countdown: Answer = (request, response) => {
    const left = Number(request.url?.slice(1))
    if (left === 0 || request.url === '/readyz') respond(200)(request, response)
    else respond(302, { location: `/${left - 1}` })(request, response)
  }
  assert.deepEqual((await probeServer(t, countdown, { path: '/9' })).outcomes, ['true', 'true'])
  const { outcomes, seen } = await probeServer(t, countdown, { path: '/10' })
  assert.deepEqual(outcomes, ['unknown', 'true'])
  assert.equal(seen.length, 10 + 1)
})

test('a redirect that leads nowhere is not an answer, one without a target is', async (t) => {
  const to = async (location: string | undefined) => {
    const headers: Record<string, string> = location === undefined ? {} : { location }
    return (await probeServer(t, respond(302, headers))).outcomes[0]
  }
  assert.equal(await to(undefined), 'false')
  assert.equal(await to('http://127.0.0.1:1/'), 'unknown')
  assert.equal(await to('http://:bad:/'), 'unknown')
  assert.equal(await to('/%zz'), 'unknown')
  assert.equal(await to('ftp://127.0.0.1/'), 'unknown')
  assert.equal(await to('file:///etc/passwd'), 'unknown')
})

test('an upgrade that nobody has asked for is a bad answer', async (t) => {
  const server = createServer()
  server.on('request', (request) => {
    request.socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    )
  })
  assert.deepEqual(await probe(t, await listen(t, server)), ['false', 'false'])
})

const BROKEN: readonly [name: string, answer: Answer][] = [
  ['a reset', ({ socket }) => void socket.resetAndDestroy()],
  ['an end without an answer', ({ socket }) => void socket.end()],
  ['what is no HTTP', ({ socket }) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n')],
]

for (const [name, answer] of BROKEN) {
  test(`${name} is no answer`, async (t) => {
    assert.deepEqual((await probeServer(t, answer)).outcomes, ['unknown', 'unknown'])
  })
}

test('nobody listens there: no answer', async (t) => {
  assert.deepEqual(await probe(t, 1), ['unknown', 'unknown'])
})

test('a Pod that takes the connection and says nothing is asked no longer than probeTimeoutMs', async (t) => {
  const port = await listen(
    t,
    createServer(() => {}),
  )
  assert.deepEqual(await probe(t, port, { probeTimeoutMs: 100 }), ['unknown', 'unknown'])
})

test('a port beyond 65535, and a path that is none, are no addresses', async (t) => {
  assert.deepEqual(await probe(t, 70_000), ['unknown', 'unknown'])
  const { outcomes, seen } = await probeServer(t, respond(200), { path: '/%zz' })
  assert.deepEqual([outcomes, seen.length], [['unknown', 'true'], 1])
})

test('TLS is verified: a self-signed certificate is no answer, a plain server neither', async (t) => {
  const answer: Answer = respond(200)
  const port = await listen(t, createTlsServer(createCertificate(), answer))
  assert.deepEqual(await probe(t, port, { scheme: 'HTTPS' }), ['unknown', 'unknown'])
  const plain = await listen(t, createServer(answer))
  assert.deepEqual(await probe(t, plain, { scheme: 'HTTPS' }), ['unknown', 'unknown'])
})

test('fetch itself will do as fetch', async (t) => {
  const server = createServer((request, response) => {
    if (request.url === '/healthz') respond(302, { location: '/there' })(request, response)
    else respond(request.url === '/there' ? 200 : 503)(request, response)
  })
  assert.deepEqual(await probe(t, await listen(t, server), { fetch }), ['true', 'false'])
})

test('a Pod of IPv6 is asked', async (t) => {
  const server = createServer(respond(200))
  server.once('error', () => {})
  let port: number
  try {
    port = await new Promise<number>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '::1', () => resolve((server.address() as AddressInfo).port))
    })
  } catch {
    t.skip('skipped: this machine has no IPv6 loopback')
    return
  }
  t.after(() => new Promise((resolve) => server.close(resolve)))
  assert.deepEqual(await probe(t, port, { ip: '::1' }), ['true', 'true'])
})
