// Who sends many requests at once over node:http: each is answered, in its order, but nobody else waits for that. By
// counts: what was asked of the handler before something else was.
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import type { ProbeHandler, TlsFiles } from '../../src/probe/listener.js'
import { NodeListener } from '../../src/probe/node-listener.js'
import { RawConnection } from './raw-connection.js'
import { makeCertificate, temporaryFolder } from './support/certificates.js'
import { exchange, PATIENT } from './support/clients.js'
import { Echo, LARGE_BODY } from './support/echo.js'

/** In one packet, and so in one call of node's parser. */
const MANY = 1_400
/** Those that are answered at once, and those that take their turns while another's request makes its way. */
const FEW = 32

function get(path: string, ...headers: string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: probe', ...headers, '', ''].join('\r\n')
}

function describePipelines(
  name: string,
  tls: TlsFiles | undefined,
  openConnection: (port: number) => Promise<RawConnection>,
): void {
  async function listen(t: TestContext, { handler }: Pick<Echo, 'handler'>) {
    const listener = new NodeListener(handler, { limits: PATIENT, tls })
    t.after(() => listener.stop())
    const { port } = await listener.start('127.0.0.1', 0)
    return async () => {
      const connection = await openConnection(port)
      t.after(() => connection.close())
      return connection
    }
  }

  describe(`many requests at once over ${name}`, () => {
    test('are all answered, in their order, whatever they are', async (t) => {
      const echo = new Echo()
      const open = await listen(t, echo)
      const connection = await open()
      // Twice: what follows when all is answered is read again.
      for (let round = 0; round < 2; round++) {
        const paths = Array.from({ length: MANY }, (_, i) => `/${round}-${i}`)
        const requests = paths.map((path, i) => {
          if (i % 7 === 3) return `HEAD ${path} HTTP/1.1\r\nHost: probe\r\n\r\n`
          if (i % 7 === 5) {
            return `POST ${path} HTTP/1.1\r\nHost: probe\r\nContent-Length: 5\r\n\r\nhello`
          }
          return get(path)
        })
        connection.send(requests.join(''))
        for (const [i, path] of paths.entries()) {
          const { body, headers } = await connection.receive(i % 7 === 3 ? 'HEAD' : 'GET')
          assert.equal(body, i % 7 === 3 ? '' : path)
          assert.equal(headers.get('content-length'), String(path.length))
        }
      }
      assert.equal(echo.targets.length, 2 * MANY)
    })

    test('do not hold up the request of another', async (t) => {
      const echo = new Echo()
      const open = await listen(t, echo)
      const [greedy, other] = [await open(), await open()]
      greedy.send(get('/greedy').repeat(MANY))
      assert.equal((await greedy.receive()).body, '/greedy')
      assert.equal(await exchange(other, '/other'), '/other')
      const before = echo.targets.indexOf('/other')
      assert.ok(before <= FEW, `${before} were answered before`)
      // And its own connection goes on meanwhile.
      for (let i = 1; i < MANY; i++) assert.equal((await greedy.receive()).body, '/greedy')
    })

    test('of several connections do not hold it up together', async (t) => {
      const echo = new Echo()
      const open = await listen(t, echo)
      const greedy = await Promise.all(Array.from({ length: 8 }, open))
      const other = await open()
      for (const connection of greedy) connection.send(get('/greedy').repeat(MANY))
      for (const connection of greedy) await connection.receive()
      const from = echo.targets.length
      assert.equal(await exchange(other, '/other'), '/other')
      const before = echo.targets.indexOf('/other') - from
      assert.ok(before <= FEW, `${before} were answered before`)
      assert.ok(from <= 8 * FEW, `${from} were answered at first`)
    })

    test('are answered as far as their client reads', async (t) => {
      const echo = new Echo()
      const open = await listen(t, echo)
      const [greedy, other] = [await open(), await open()]
      greedy.pause()
      const count = 12
      greedy.send(get('/large').repeat(count))
      for (let i = 0; i < 20; i++) assert.equal(await exchange(other, '/other'), '/other')
      const rendered = echo.targets.filter((target) => target === '/large').length
      assert.ok(rendered >= 1 && rendered < count, `${rendered} were answered`)
      greedy.resume()
      for (let i = 0; i < count; i++) {
        assert.equal((await greedy.receive()).body.length, LARGE_BODY.length)
      }
    })

    test('are not answered any more when their client is gone', async (t) => {
      const echo = new Echo()
      const open = await listen(t, echo)
      const [greedy, other] = [await open(), await open()]
      greedy.send(get('/greedy').repeat(MANY))
      await greedy.receive()
      greedy.reset()
      for (let i = 0; i < 2 * MANY; i++) await exchange(other, '/other')
      const rendered = echo.targets.filter((target) => target === '/greedy').length
      assert.ok(rendered < MANY / 2, `${rendered} were answered`)
    })

    test('are answered until one of them asks to close', async (t) => {
      const echo = new Echo()
      const connection = await (await listen(t, echo))()
      connection.send(get('/open').repeat(50) + get('/last', 'Connection: close'))
      for (let i = 0; i < 50; i++) assert.equal((await connection.receive()).body, '/open')
      assert.equal((await connection.receive()).body, '/last')
      assert.equal(await connection.ended(), '')
    })

    test('are answered where some answers come later', async (t) => {
      const echo = new Echo()
      const handler: ProbeHandler = (request) => {
        const answer = echo.handler(request)
        if (request.target !== '/soon') return answer
        return new Promise((resolve) => setImmediate(() => resolve(answer)))
      }
      const connection = await (await listen(t, { handler }))()
      connection.send((get('/now') + get('/soon')).repeat(50))
      for (let i = 0; i < 50; i++) {
        assert.equal((await connection.receive()).body, '/now')
        assert.equal((await connection.receive()).body, '/soon')
      }
    })

    test('wait up to a number for all connections together; who sends more is closed', async (t) => {
      const echo = new Echo()
      const open = await listen(t, echo)
      const greedy: RawConnection[] = []
      // Each waits for its first answer, so some 1,396 of its requests do.
      for (let i = 0; i < 13; i++) {
        const connection = await open()
        const asked = echo.asked()
        connection.send(get('/later') + get('/greedy').repeat(MANY - 1))
        await asked
        greedy.push(connection)
      }
      const other = await open()
      assert.equal(await exchange(other, '/other'), '/other')
      const ended = () => greedy.filter(({ hasEnded }) => hasEnded)
      while (ended().length === 0) await exchange(other, '/other')
      assert.deepEqual(ended(), greedy.slice(-ended().length))
      assert.ok(ended().length <= 3, `${ended().length} were closed`)
      echo.answerLater()
      for (const connection of greedy.slice(0, 2)) {
        assert.equal((await connection.receive()).body, '/later')
        for (let i = 1; i < MANY; i++) assert.equal((await connection.receive()).body, '/greedy')
      }
      // There is room again.
      const next = await open()
      next.send(get('/next').repeat(100))
      for (let i = 0; i < 100; i++) assert.equal((await next.receive()).body, '/next')
    })

    test('are dropped by a stop, which does not wait for them', async () => {
      const echo = new Echo()
      const listener = new NodeListener(echo.handler, { limits: PATIENT, tls })
      const { port } = await listener.start('127.0.0.1', 0)
      const greedy = await openConnection(port)
      greedy.pause()
      const asked = echo.asked()
      greedy.send(get('/later') + get('/large').repeat(MANY))
      await asked
      echo.answerLater()
      await listener.stop()
      greedy.resume()
      await greedy.ended()
      assert.ok(echo.targets.length <= FEW, `${echo.targets.length} were answered`)
    })
  })
}

describePipelines('node:http', undefined, (port) => RawConnection.open(port))
const files = makeCertificate(temporaryFolder(after), 'shared')
describePipelines('node:https', files, (port) => RawConnection.openTls(port))

for (const ahead of [0, 2, 100]) {
  test(`CONNECT behind ${ahead} requests gets 405 when they are answered, and is the last`, async (t) => {
    const listener = new NodeListener(new Echo().handler, { limits: PATIENT, tls: undefined })
    t.after(() => listener.stop())
    const { port } = await listener.start('127.0.0.1', 0)
    const connection = await RawConnection.open(port)
    t.after(() => connection.close())
    const refused = 'CONNECT probe:443 HTTP/1.1\r\nHost: probe:443\r\n\r\n'
    connection.send(get('/ahead').repeat(ahead) + refused + get('/behind'))
    for (let i = 0; i < ahead; i++) assert.equal((await connection.receive()).body, '/ahead')
    const { statusLine, headers, body } = await connection.receive()
    assert.equal(statusLine, 'HTTP/1.1 405 Method Not Allowed')
    assert.equal(headers.get('allow'), 'GET, HEAD')
    assert.equal(headers.get('connection'), 'close')
    assert.equal(body, '{"error":"method not allowed"}\n')
    assert.equal(await connection.ended(), '')
  })
}

test('who leaves after a CONNECT is no harm over node:http', async (t) => {
  const listener = new NodeListener(new Echo().handler, { limits: PATIENT, tls: undefined })
  t.after(() => listener.stop())
  const { port } = await listener.start('127.0.0.1', 0)
  for (let i = 0; i < 20; i++) {
    const leaving = await RawConnection.open(port)
    leaving.send(`${get('/large')}CONNECT probe:443 HTTP/1.1\r\nHost: probe\r\n\r\n`)
    leaving.reset()
  }
  const connection = await RawConnection.open(port)
  t.after(() => connection.close())
  assert.equal(await exchange(connection, '/after'), '/after')
})

test('who sends no more is still answered over node:http', async (t) => {
  const echo = new Echo()
  const listener = new NodeListener(echo.handler, { limits: PATIENT, tls: undefined })
  t.after(() => listener.stop())
  const { port } = await listener.start('127.0.0.1', 0)
  const connection = await RawConnection.open(port)
  connection.send(get('/one').repeat(100))
  connection.end()
  for (let i = 0; i < 100; i++) assert.equal((await connection.receive()).body, '/one')
  assert.equal(await connection.ended(), '')
})
