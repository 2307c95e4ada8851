// HTTPS as users configure it. What is asserted of certificates is in test/contract/tls-listener.test.ts.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { HealthManager, HealthServer } from '../../src/index.js'
import { RawConnection } from '../contract/raw-connection.js'
import { makeCertificate, temporaryFolder } from '../contract/support/certificates.js'

const health = await HealthManager.start()
after(() => health.stop())

test('a server with tls answers HTTPS, over node', async (t) => {
  const tls = makeCertificate(
    temporaryFolder((remove) => t.after(remove)),
    'probe',
  )
  const server = new HealthServer(health, { host: '127.0.0.1', port: 0, tls })
  t.after(() => server.stop())
  const { port, transport } = await server.start()
  assert.equal(transport, 'node')
  const connection = await RawConnection.openTls(port)
  t.after(() => connection.close())
  assert.equal(connection.certificateName, 'probe')
  connection.request('GET', '/livez')
  assert.equal((await connection.receive()).statusLine, 'HTTP/1.1 200 OK')
  await server.stop()
  assert.equal(await connection.ended(), '')
})

test('a start tells the file of a certificate that is not there', async () => {
  const tls = { certFile: '/nowhere/tls.crt', keyFile: '/nowhere/tls.key' }
  const server = new HealthServer(health, { host: '127.0.0.1', port: 0, tls })
  await assert.rejects(server.start(), {
    code: 'ERR_HEALTH_LISTEN',
    message: /certFile=\/nowhere\/tls\.crt: .*ENOENT/,
  })
})
