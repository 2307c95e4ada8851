import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectPlainly } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { credentials } from '@grpc/grpc-js'
import { HealthServer } from '../../src/index.js'
import { temporaryFolder, writeCertificate } from './support/certificates.js'
import { GrpcClient } from './support/grpc-client.js'
import {
  END_HEADERS,
  END_STREAM,
  Frame,
  frame,
  message,
  PREFACE,
  request,
  WATCH,
} from './support/grpc-frames.js'
import { startGrpc } from './support/grpc-server.js'
import { startRuntime } from './support/runtime.js'
import { type Certificate, createCertificate } from './support/self-signed.js'

function createClient(t: TestContext, port: number, { cert }: Certificate): GrpcClient {
  const options = { 'grpc.ssl_target_name_override': 'localhost' }
  return new GrpcClient(t, port, options, credentials.createSsl(Buffer.from(cert)))
}

/** The fingerprint of the certificate that a new connection is shown. */
async function shownBy(port: number): Promise<string> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
  })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

test('TLS is spoken where there are files for it, and nothing else', async (t) => {
  const certificate = createCertificate()
  const tls = writeCertificate(
    temporaryFolder((remove) => t.after(remove)),
    certificate,
  )
  const { health, grpcPort } = await startGrpc(t, { grpc: { port: 0, tls } })
  health.register('collector_manager').healthy()
  const client = createClient(t, grpcPort, certificate)
  assert.equal(await client.check(''), 'serving')
  const watch = client.watch('collector_manager')
  assert.equal(await watch.next(), 'serving')
  assert.equal(await new GrpcClient(t, grpcPort).check(''), 'UNAVAILABLE')
  assert.equal(await createClient(t, grpcPort, createCertificate()).check(''), 'UNAVAILABLE')
  await health.stop()
  assert.equal(await watch.ended, 'UNAVAILABLE')
  assert.deepEqual(watch.told, ['serving', 'not serving'])
})

test('a client that speaks no HTTP/2 is turned away', async (t) => {
  const tls = writeCertificate(
    temporaryFolder((remove) => t.after(remove)),
    createCertificate(),
  )
  const { grpcPort } = await startGrpc(t, { grpc: { port: 0, tls } })
  const socket = connect({
    port: grpcPort,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  })
  const [error] = await once(socket, 'error')
  assert.match(String(error.code), /ALERT|PROTOCOL/)
})

test('a handshake that outlasts the beginning of a stop is followed by no service', async (t) => {
  const certificate = createCertificate()
  const tls = writeCertificate(
    temporaryFolder((remove) => t.after(remove)),
    certificate,
  )
  const { health, server, grpcPort } = await startGrpc(t, { grpc: { port: 0, tls } })
  health.register('collector_manager').healthy()
  const options = { rejectUnauthorized: false, ALPNProtocols: ['h2'] }
  // The stop waits for this one, which leaves no room for what is to be said before.
  const deaf = connect({ port: grpcPort, host: '127.0.0.1', ...options })
  t.after(() => deaf.destroy())
  deaf.on('error', () => {})
  await once(deaf, 'secureConnect')
  const noWindow = Buffer.from([0, 4, 0, 0, 0, 0])
  deaf.write(
    Buffer.concat([
      PREFACE,
      frame(Frame.Settings, 0, 0, noWindow),
      frame(Frame.Headers, END_HEADERS, 1, request(WATCH)),
      frame(Frame.Data, END_STREAM, 1, message()),
    ]),
  )
  const slow = connectPlainly(grpcPort, '127.0.0.1')
  await once(slow, 'connect')
  const watch = createClient(t, grpcPort, certificate).watch('')
  assert.equal(await watch.next(), 'serving')
  const stopped = server.stop()
  assert.equal(await watch.next(), 'not serving')
  let received = 0
  const late = connect({ socket: slow, ...options })
  t.after(() => late.destroy())
  late.on('error', () => {})
  late.on('data', ({ length }) => {
    received += length
  })
  await Promise.all([once(late, 'close'), stopped])
  assert.equal(received, 0)
})

test('a certificate that is replaced is shown to new connections, old ones stay', async (t) => {
  const folder = temporaryFolder((remove) => t.after(remove))
  const before = createCertificate()
  const after = createCertificate()
  const tls = writeCertificate(folder, before)
  const { health, grpcPort } = await startGrpc(t, { grpc: { port: 0, tls } })
  const reporter = health.register('collector_manager')
  reporter.healthy()
  const watch = createClient(t, grpcPort, before).watch('')
  assert.equal(await watch.next(), 'serving')
  assert.equal(await shownBy(grpcPort), before.fingerprint)

  writeCertificate(folder, after)
  // Files are looked at once a second.
  while ((await shownBy(grpcPort)) !== after.fingerprint) {
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.equal(await createClient(t, grpcPort, after).check(''), 'serving')
  reporter.unhealthy()
  assert.equal(await watch.next(), 'not serving')
})

test('files that are not there, or no pair, are told at the start', async (t) => {
  const folder = temporaryFolder((remove) => t.after(remove))
  const tls = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
  const health = await startRuntime(t)
  const start = () =>
    new HealthServer(health, { host: '127.0.0.1', port: 0, grpc: { port: 0, tls } }).start()
  await assert.rejects(start(), { code: 'ERR_HEALTH_LISTEN', message: /certFile=.*: ENOENT/ })
  writeCertificate(folder, { ...createCertificate(), key: createCertificate().key })
  await assert.rejects(start(), {
    code: 'ERR_HEALTH_LISTEN',
    message: /certFile=.* keyFile=.*: .*key values mismatch/,
  })
})
