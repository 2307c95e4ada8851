// HTTPS: the limits as without it, and certificates that are wrong, or renewed.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import type { HealthError } from '../../src/model/errors.js'
import type { TlsFiles } from '../../src/probe/listener.js'
import { NodeListener } from '../../src/probe/node-listener.js'
import { createProbeHandler } from '../../src/probe/routes.js'
import { DEFAULT_SETTINGS, FakeReader, OPEN_TO_ALL } from '../fake-reader.js'
import { describeClientContract } from './client-contract.js'
import { RawConnection } from './raw-connection.js'
import { makeCertificate, temporaryFolder } from './support/certificates.js'

const { limits } = DEFAULT_SETTINGS

function createListener(tls: TlsFiles, own = limits): NodeListener {
  const handler = createProbeHandler(new FakeReader(), OPEN_TO_ALL)
  return new NodeListener(handler, { limits: own, tls })
}

async function listen(t: TestContext, listener: NodeListener): Promise<number> {
  t.after(() => listener.stop())
  return (await listener.start('127.0.0.1', 0)).port
}

const shared = makeCertificate(temporaryFolder(after), 'shared')

describeClientContract(
  'node:https',
  (handler, own) => new NodeListener(handler, { limits: own, tls: shared }),
  (port) => RawConnection.openTls(port),
)

describe('HTTPS', () => {
  test('answers a kubelet over HTTP/1.1, though it offers HTTP/2', async (t) => {
    const port = await listen(t, createListener(shared))
    const connection = await RawConnection.openTls(port)
    t.after(() => connection.close())
    assert.equal(connection.protocol, 'http/1.1')
    const headers = ['User-Agent: kube-probe/1.30', 'Accept: */*', 'Connection: close']
    connection.request('GET', '/healthz', ...headers)
    assert.equal((await connection.receive()).body, '{"status":"healthy"}\n')
    assert.equal(await connection.ended(), '')
  })

  test('closes a connection that does not shake hands', async (t) => {
    const port = await listen(t, createListener(shared, { ...limits, headersTimeoutMs: 200 }))
    const silent = await RawConnection.open(port)
    assert.equal(await silent.ended(), '')
  })

  test('lets one go that does not shake hands where there are too many', async (t) => {
    const port = await listen(t, createListener(shared, { ...limits, maxConnections: 2 }))
    const silent = await RawConnection.open(port)
    const first = await RawConnection.openTls(port)
    const second = await RawConnection.openTls(port)
    t.after(() => first.close())
    t.after(() => second.close())
    assert.equal(await silent.ended(), '')
    for (const connection of [first, second]) {
      connection.request('GET', '/healthz')
      assert.equal((await connection.receive()).statusLine, 'HTTP/1.1 200 OK')
    }
  })

  test('does not wait for a handshake to stop', async (t) => {
    const listener = createListener(shared)
    const port = await listen(t, listener)
    const silent = await RawConnection.open(port)
    await listener.stop()
    assert.equal(await silent.ended(), '')
  })

  test('tells a file that is not there', async () => {
    for (const name of ['certFile', 'keyFile'] as const) {
      const listener = createListener({ ...shared, [name]: '/nowhere/file.pem' })
      await assert.rejects(listener.start('127.0.0.1', 0), (error: HealthError) => {
        assert.equal(error.code, 'ERR_HEALTH_LISTEN')
        assert.match(error.message, new RegExp(`${name}=/nowhere/file\\.pem: .*ENOENT`))
        assert.equal((error.cause as NodeJS.ErrnoException).code, 'ENOENT')
        return true
      })
    }
  })

  test('tells a file that is no certificate, and never what is in a key', async (t) => {
    const folder = temporaryFolder((remove) => t.after(remove))
    const other = makeCertificate(folder, 'other')
    const bad = join(folder, 'bad.pem')
    writeFileSync(bad, '-----BEGIN PRIVATE KEY-----\nc2VjcmV0IHN0dWZm\n-----END PRIVATE KEY-----\n')
    for (const files of [
      { ...shared, certFile: bad },
      { ...shared, keyFile: bad },
      { ...shared, keyFile: other.keyFile },
    ]) {
      await assert.rejects(createListener(files).start('127.0.0.1', 0), (error: HealthError) => {
        assert.equal(error.code, 'ERR_HEALTH_LISTEN')
        assert.ok(error.message.includes(files.certFile), error.message)
        assert.ok(error.cause instanceof Error)
        const secret = readFileSync(files.keyFile, 'utf8').split('\n')[1]!
        assert.ok(!`${error.message} ${error.stack} ${error.cause.stack}`.includes(secret))
        return true
      })
    }
  })

  test('takes up a certificate that is renewed as Kubernetes does it', async (t) => {
    const folder = temporaryFolder((remove) => t.after(remove))
    // A link to a folder is swapped; the paths that are configured stay what they are.
    const mount = (name: string) => {
      mkdirSync(join(folder, name))
      makeCertificate(join(folder, name), name)
      symlinkSync(name, join(folder, '..data_tmp'))
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    }
    mount('old')
    for (const file of ['tls.crt', 'tls.key']) {
      symlinkSync(join('..data', file), join(folder, file))
    }
    const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
    const port = await listen(t, createListener(files))
    const old = await RawConnection.openTls(port)
    t.after(() => old.close())
    assert.equal(old.certificateName, 'old')
    mount('new')
    for (let name: string | undefined = 'old'; name !== 'new'; ) {
      const connection = await RawConnection.openTls(port)
      name = connection.certificateName
      connection.close()
      // A connection that was there before goes on.
      old.request('GET', '/healthz')
      assert.equal((await old.receive()).statusLine, 'HTTP/1.1 200 OK')
    }
  })
})
