// The transport against a real receiver on grpc-js: what goes over the wire, and every way in which a call can fail.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import {
  createServer as createHttp2Server,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
} from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { status as Code, ServerCredentials } from '@grpc/grpc-js'
import { type GrpcTarget, GrpcTransport } from '../../src/heartbeat/grpc-transport.js'
import { CallError, codeName, type Transport } from '../../src/heartbeat/transport.js'
import { makeCertificate, temporaryFolder } from './support/certificates.js'
import { FaultyReceiver } from './support/faulty-receiver.js'
import { RecordingProxy } from './support/recording-proxy.js'

const TOKEN = 'the-secret-of-this-cluster'
const PATIENCE_MS = 30_000

function transportTo(t: TestContext, target: Partial<GrpcTarget> & { url: string }): Transport {
  const transport = new GrpcTransport({
    token: TOKEN,
    tokenFile: undefined,
    tls: {},
    client: 'zxporter',
    version: '1.2.3',
    commit: 'abc',
    ...target,
  })
  t.after(() => transport.close())
  return transport
}

function send(transport: Transport, message: Uint8Array, timeoutMs = PATIENCE_MS) {
  const { signal } = new AbortController()
  return transport.send('ReportHealth', message, { signal, timeoutMs })
}

const hello = Buffer.from('hello')

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
    return 'OK'
  } catch (error) {
    assert.ok(error instanceof CallError, String(error))
    return error.code
  }
}

test('a message arrives with the headers of the reference, and its answer comes back', async (t) => {
  const receiver = await FaultyReceiver.start(t)
  receiver.later = 'collect'
  const transport = transportTo(t, { url: `http://127.0.0.1:${receiver.port}` })
  assert.deepEqual(Buffer.from(await send(transport, hello)).toString('hex'), '0801')
  const [received] = receiver.received
  assert.equal(received?.message.toString(), 'hello')
  const headers = received?.metadata.getMap() ?? {}
  for (const [name, value] of Object.entries({
    authorization: `Bearer ${TOKEN}`,
    'x-client': 'zxporter/1.2.3',
    'x-operator-type': 'zxporter',
    'x-operator-version': '1.2.3',
    'x-operator-git-sha': 'abc',
  })) {
    assert.equal(headers[name], value)
  }
  assert.equal(headers['cluster_id'], undefined)
})

test('what is empty has no header', async (t) => {
  const receiver = await FaultyReceiver.start(t)
  const url = `http://127.0.0.1:${receiver.port}`
  await send(transportTo(t, { url, token: '', version: '', commit: '' }), hello)
  const headers = receiver.received[0]?.metadata.getMap() ?? {}
  assert.equal(headers['x-client'], 'zxporter')
  for (const name of ['authorization', 'x-operator-version', 'x-operator-git-sha']) {
    assert.equal(headers[name], undefined)
  }
})

describe('over TLS', () => {
  function credentialsOf(server: { certFile: string; keyFile: string }, clientCaFile?: string) {
    const pair = {
      cert_chain: readFileSync(server.certFile),
      private_key: readFileSync(server.keyFile),
    }
    const clientCa = clientCaFile === undefined ? null : readFileSync(clientCaFile)
    return ServerCredentials.createSsl(clientCa, [pair], clientCa !== null)
  }

  function setVariable(t: TestContext, variable: string, value: string) {
    const before = process.env[variable]
    t.after(() => {
      if (before === undefined) delete process.env[variable]
      else process.env[variable] = before
    })
    process.env[variable] = value
  }

  function certificate(t: TestContext, name: string) {
    return makeCertificate(
      temporaryFolder((remove) => t.after(remove)),
      name,
    )
  }

  test('a receiver by the given authority is trusted', async (t) => {
    const server = certificate(t, 'localhost')
    const receiver = await FaultyReceiver.start(t, { credentials: credentialsOf(server) })
    const url = `https://localhost:${receiver.port}`
    await send(transportTo(t, { url, tls: { caFile: server.certFile } }), hello)
    assert.equal(receiver.received.length, 1)
  })

  test("a receiver that the system's authorities do not know gets no heartbeat and no token", async (t) => {
    const server = certificate(t, 'localhost')
    const receiver = await FaultyReceiver.start(t, { credentials: credentialsOf(server) })
    const url = `https://localhost:${receiver.port}`
    assert.equal(await codeOf(send(transportTo(t, { url }), hello)), 'UNAVAILABLE')
    assert.equal(receiver.received.length, 0)
  })

  for (const name of ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS']) {
    test(`a receiver that the system knows by ${name} is trusted`, async (t) => {
      const server = certificate(t, 'localhost')
      const other = certificate(t, 'an authority')
      const files = { SSL_CERT_FILE: other.certFile, [name]: server.certFile }
      for (const [variable, file] of Object.entries(files)) setVariable(t, variable, file)
      const receiver = await FaultyReceiver.start(t, { credentials: credentialsOf(server) })
      await send(transportTo(t, { url: `https://localhost:${receiver.port}` }), hello)
      assert.equal(receiver.received.length, 1)
    })
  }

  test('a receiver that speaks plaintext gets none either', async (t) => {
    const receiver = await FaultyReceiver.start(t)
    const proxy = await RecordingProxy.start(t, receiver.port)
    const url = `https://localhost:${proxy.port}`
    assert.equal(await codeOf(send(transportTo(t, { url }), hello)), 'UNAVAILABLE')
    assert.ok(!proxy.sent.includes(TOKEN))
  })

  test('mTLS: a client with a certificate is received, one without is not', async (t) => {
    const server = certificate(t, 'localhost')
    const client = certificate(t, 'an operator')
    const credentials = credentialsOf(server, client.certFile)
    const receiver = await FaultyReceiver.start(t, { credentials })
    const url = `https://localhost:${receiver.port}`
    const caFile = server.certFile
    await send(transportTo(t, { url, tls: { caFile, ...client } }), hello)
    assert.equal(receiver.received.length, 1)
    const without = transportTo(t, { url, tls: { caFile } })
    assert.equal(await codeOf(send(without, hello)), 'UNAVAILABLE')
    assert.equal(receiver.received.length, 1)
  })

  test('a client certificate that is renewed is shown from the next call on', async (t) => {
    const server = certificate(t, 'localhost')
    const client = certificate(t, 'new')
    const files = certificate(t, 'old')
    const credentials = credentialsOf(server, client.certFile)
    const receiver = await FaultyReceiver.start(t, { credentials })
    const url = `https://localhost:${receiver.port}`
    const transport = transportTo(t, { url, tls: { caFile: server.certFile, ...files } })
    assert.equal(await codeOf(send(transport, hello)), 'UNAVAILABLE')
    renameSync(client.keyFile, files.keyFile)
    // The two do not belong together: the client goes on with what it had.
    assert.equal(await codeOf(send(transport, hello)), 'UNAVAILABLE')
    renameSync(client.certFile, files.certFile)
    await send(transport, hello)
    assert.equal(receiver.received.length, 1)
  })

  test('files that can not be read are named', async (t) => {
    const transport = transportTo(t, { url: 'https://127.0.0.1:1', tls: { caFile: '/nowhere/ca' } })
    await assert.rejects(send(transport, hello), {
      code: 'FAILED_PRECONDITION',
      message: /cannot use the files of tls: .*\/nowhere\/ca/,
    })
  })
})

test('a path of the url goes before the method', async (t) => {
  const receiver = await FaultyReceiver.start(t)
  const url = `http://127.0.0.1:${receiver.port}/health/`
  await assert.rejects(send(transportTo(t, { url }), hello), {
    code: 'UNIMPLEMENTED',
    message: /\/health\/api\.v1\.OperatorHealthService\/ReportHealth/,
  })
})

for (let code = 1; code <= 16; code++) {
  test(`the code ${codeName(code)} comes as it is`, async (t) => {
    const receiver = await FaultyReceiver.start(t)
    receiver.later = { code, details: 'because' }
    const transport = transportTo(t, { url: `http://127.0.0.1:${receiver.port}` })
    await assert.rejects(send(transport, hello), { code: codeName(code), message: 'because' })
    assert.equal(receiver.received.length, 1, 'the library must not repeat an attempt by itself')
  })
}

test('nobody listens; when somebody does, the same transport reaches it', async (t) => {
  const first = await FaultyReceiver.start(t)
  const { port } = first
  first.stop()
  const transport = transportTo(t, { url: `http://127.0.0.1:${port}` })
  assert.equal(await codeOf(send(transport, hello)), 'UNAVAILABLE')
  const second = await FaultyReceiver.start(t, { port })
  // The library tries to connect again after a second at most.
  while ((await codeOf(send(transport, hello))) !== 'OK') {
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(second.received.length, 1)
})

test('a receiver that does not answer is left at the deadline', async (t) => {
  const receiver = await FaultyReceiver.start(t)
  receiver.later = 'hang'
  const transport = transportTo(t, { url: `http://127.0.0.1:${receiver.port}` })
  assert.equal(await codeOf(send(transport, hello, 200)), 'DEADLINE_EXCEEDED')
})

for (const scheme of ['https', 'http']) {
  test(`a peer that accepts ${scheme} and says nothing is left at the deadline, with its connection`, async (t) => {
    const opened: Socket[] = []
    const mute = createServer((socket) => opened.push(socket)).listen(0, '127.0.0.1')
    await once(mute, 'listening')
    t.after(() => mute.close())
    const { port } = mute.address() as AddressInfo
    const transport = transportTo(t, { url: `${scheme}://localhost:${port}` })
    for (let attempts = 1; attempts <= 2; attempts++) {
      assert.equal(await codeOf(send(transport, hello, 200)), 'DEADLINE_EXCEEDED')
      assert.equal(opened.length, attempts, 'each attempt has a connection of its own')
      const socket = opened.at(-1) as Socket
      socket.on('error', () => {}).resume()
      // Whatever it ends with, which `once` would take for a failure.
      if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
    }
  })
}

test('a slow answer comes through', async (t) => {
  const receiver = await FaultyReceiver.start(t)
  receiver.later = { slowMs: 300 }
  const transport = transportTo(t, { url: `http://127.0.0.1:${receiver.port}` })
  await send(transport, hello)
})

test('a call that its caller gives up ends at once', async (t) => {
  const receiver = await FaultyReceiver.start(t)
  const transport = transportTo(t, { url: `http://127.0.0.1:${receiver.port}` })
  const giveUp = new AbortController()
  receiver.later = { act: () => giveUp.abort() }
  const { signal } = giveUp
  const attempt = transport.send('ReportHealth', hello, { signal, timeoutMs: PATIENCE_MS })
  assert.equal(await codeOf(attempt), 'CANCELLED')
})

test('a connection that is reset in the middle of a call is a failure that may be tried again', async (t) => {
  const receiver = await FaultyReceiver.start(t)
  const proxy = await RecordingProxy.start(t, receiver.port)
  receiver.faults = [{ act: () => proxy.destroy() }]
  const transport = transportTo(t, { url: `http://127.0.0.1:${proxy.port}` })
  assert.equal(await codeOf(send(transport, hello)), 'UNAVAILABLE')
  await send(transport, hello)
})

test('a peer that speaks HTTP/1.1 is a failure', async (t) => {
  const web = createServer((socket) => {
    socket.on('error', () => {})
    socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')
  }).listen(0, '127.0.0.1')
  await once(web, 'listening')
  t.after(() => web.close())
  const { port } = web.address() as AddressInfo
  const transport = transportTo(t, { url: `http://127.0.0.1:${port}` })
  assert.equal(await codeOf(send(transport, hello, 2_000)), 'UNAVAILABLE')
})

test('an answer of 64 MB is refused at its beginning', async (t) => {
  const receiver = await FaultyReceiver.start(t, {
    options: { 'grpc.max_send_message_length': -1 },
  })
  receiver.faults = [{ responseBytes: 64 * 1024 * 1024 }]
  const proxy = await RecordingProxy.start(t, receiver.port)
  const transport = transportTo(t, { url: `http://127.0.0.1:${proxy.port}` })
  assert.equal(await codeOf(send(transport, hello)), 'RESOURCE_EXHAUSTED')
  assert.ok(proxy.answeredBytes < 8 * 1024 * 1024, `${proxy.answeredBytes} bytes were taken`)
  await send(transport, hello)
})

/** A receiver of one's own, without any library: what it says is up to the test. */
async function startBareReceiver(
  t: TestContext,
  headers: OutgoingHttpHeaders,
  answer: Buffer,
): Promise<{ url: string; received: [encoding: unknown, flag: unknown][] }> {
  const received: [unknown, unknown][] = []
  const server = createHttp2Server()
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session))
  server.on('stream', (stream, { 'grpc-encoding': encoding }) => {
    const parts: Buffer[] = []
    stream.on('data', (part: Buffer) => parts.push(part))
    stream.on('end', () => {
      received.push([encoding, Buffer.concat(parts)[0]])
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', ...headers },
        { waitForTrailers: true },
      )
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.end(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

test('a receiver that says that it takes no gzip gets none from then on', async (t) => {
  const headers = { 'grpc-accept-encoding': 'identity' }
  const { url, received } = await startBareReceiver(t, headers, Buffer.alloc(5))
  const transport = transportTo(t, { url })
  for (let count = 0; count < 2; count++) await send(transport, Buffer.alloc(2_000))
  assert.deepEqual(received, [
    ['gzip', 1],
    [undefined, 0],
  ])
})

describe('an answer that is compressed', () => {
  const gzip = { 'grpc-encoding': 'gzip' }
  const framed = (body: Buffer) => {
    const prefix = Buffer.from([1, 0, 0, 0, 0])
    prefix.writeUInt32BE(body.length, 1)
    return Buffer.concat([prefix, body])
  }

  test('is understood', async (t) => {
    const { url } = await startBareReceiver(t, gzip, framed(gzipSync(Buffer.from('0801', 'hex'))))
    const answer = await send(transportTo(t, { url }), hello)
    assert.equal(Buffer.from(answer).toString('hex'), '0801')
  })

  for (const [what, headers, compressed, code] of [
    ['in a way that was not said', {}, () => gzipSync('x'), 'INTERNAL'],
    ['and broken', gzip, () => Buffer.from('no gzip'), 'INTERNAL'],
    ['out of 64 MB', gzip, () => gzipSync(Buffer.alloc(64_000_000)), 'RESOURCE_EXHAUSTED'],
  ] as const) {
    test(`${what} is a failure`, async (t) => {
      const body = compressed()
      assert.ok(body.length < 64 * 1024, 'short enough as it comes')
      const { url } = await startBareReceiver(t, headers, framed(body))
      assert.equal(await codeOf(send(transportTo(t, { url }), hello)), code)
    })
  }
})

describe('the token', () => {
  test('is read from its file at each call', async (t) => {
    const receiver = await FaultyReceiver.start(t)
    const tokenFile = join(
      temporaryFolder((remove) => t.after(remove)),
      'token',
    )
    const url = `http://127.0.0.1:${receiver.port}`
    const transport = transportTo(t, { url, token: undefined, tokenFile })
    for (const token of ['first', 'second']) {
      writeFileSync(tokenFile, `${token}\n`)
      await send(transport, hello)
      assert.deepEqual(receiver.received.at(-1)?.metadata.get('authorization'), [`Bearer ${token}`])
    }
  })

  for (const [what, content] of [
    ['is not there', undefined],
    ['is empty', ' \n'],
    ['has two lines', 'secret-one\nsecret-two\n'],
    ['has other characters', 'secret-\u00e4'],
  ] as const) {
    test(`whose file ${what} is not sent, and the file is named without what is in it`, async (t) => {
      const receiver = await FaultyReceiver.start(t)
      const tokenFile = join(
        temporaryFolder((remove) => t.after(remove)),
        'token',
      )
      if (content !== undefined) writeFileSync(tokenFile, content)
      const url = `http://127.0.0.1:${receiver.port}`
      const transport = transportTo(t, { url, token: undefined, tokenFile })
      await assert.rejects(send(transport, hello), (error: CallError) => {
        assert.equal(error.code, 'FAILED_PRECONDITION')
        assert.ok(error.message.includes(tokenFile))
        assert.ok(!error.message.includes('secret'))
        return true
      })
      assert.equal(receiver.received.length, 0)
    })
  }

  test('that a receiver sends back is not in the error', async (t) => {
    const receiver = await FaultyReceiver.start(t)
    receiver.later = 'echo token'
    const transport = transportTo(t, { url: `http://127.0.0.1:${receiver.port}` })
    await assert.rejects(send(transport, hello), {
      code: codeName(Code.PERMISSION_DENIED),
      message: 'not for Bearer [token] nor anybody',
    })
  })
})
