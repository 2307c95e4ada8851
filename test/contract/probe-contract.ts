// How every transport must answer, as one suite that each of them passes. It speaks bytes, as a kubelet does.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { ProbeHandler, ProbeListener } from '../../src/probe/listener.js'
import { createProbeHandler } from '../../src/probe/routes.js'
import { FakeReader, OPEN_TO_ALL, reportOf } from '../fake-reader.js'
import { goldenVerdicts, readerOf } from './golden.js'
import { RawConnection } from './raw-connection.js'

export function describeProbeContract(
  name: string,
  createListener: (handler: ProbeHandler) => ProbeListener,
): void {
  async function listen(t: TestContext, handler: ProbeHandler): Promise<number> {
    const listener = createListener(handler)
    t.after(() => listener.stop())
    return (await listener.start('127.0.0.1', 0)).port
  }

  async function connect(t: TestContext, handler: ProbeHandler): Promise<RawConnection> {
    const connection = await RawConnection.open(await listen(t, handler))
    t.after(() => connection.close())
    return connection
  }

  function open(t: TestContext, reader = new FakeReader()): Promise<RawConnection> {
    return connect(t, createProbeHandler(reader, OPEN_TO_ALL))
  }

  async function exchange(t: TestContext, method: string, target: string, reader?: FakeReader) {
    const connection = await open(t, reader)
    connection.request(method, target)
    return connection.receive(method)
  }

  describe(`answers over ${name}`, () => {
    for (const golden of goldenVerdicts) {
      test(`answers with the bytes of the reference: ${golden.what}`, async (t) => {
        const reader = readerOf(golden)
        const { statusLine, headers, body } = await exchange(t, 'GET', golden.path, reader)
        const reason = golden.status === 200 ? '200 OK' : '503 Service Unavailable'
        assert.equal(statusLine, `HTTP/1.1 ${reason}`)
        assert.equal(headers.get('content-type'), 'application/json')
        assert.equal(body, golden.body)
      })
    }

    test('answers a read that fails with 503 and its reason', async (t) => {
      const reader = Object.assign(new FakeReader(), { failure: new Error('stopped') })
      const { statusLine, body } = await exchange(t, 'GET', '/readyz', reader)
      assert.equal(statusLine, 'HTTP/1.1 503 Service Unavailable')
      assert.equal(body, '{"status":"not ready","error":"stopped"}\n')
    })

    test('counts the length of a body in bytes, not in characters', async (t) => {
      const reader = Object.assign(new FakeReader(), {
        report: reportOf({ é: [1, '中\u{1f600}'] }),
      })
      const { headers, body } = await exchange(t, 'GET', '/livez', reader)
      assert.equal(
        body,
        '{"status":"healthy","components":{"é":{"status":"healthy","message":"中\u{1f600}"}}}\n',
      )
      assert.equal(headers.get('content-length'), String(Buffer.byteLength(body)))
    })

    test('sends a body of a megabyte whole', async (t) => {
      const report = reportOf({ big: [1, 'x'.repeat(1024 * 1024)] })
      const { body } = await exchange(
        t,
        'GET',
        '/livez',
        Object.assign(new FakeReader(), { report }),
      )
      assert.equal(JSON.parse(body).components.big.message.length, 1024 * 1024)
    })

    test('sends headers that keep a probe from being stored or sniffed', async (t) => {
      const { headers } = await exchange(t, 'GET', '/healthz')
      assert.equal(headers.get('content-type'), 'application/json')
      assert.equal(headers.get('cache-control'), 'no-store')
      assert.equal(headers.get('x-content-type-options'), 'nosniff')
      assert.equal(headers.has('etag'), false)
      assert.equal(headers.has('location'), false)
    })

    test('answers a conditional request with 200, not 304', async (t) => {
      const connection = await open(t)
      connection.request(
        'GET',
        '/healthz',
        'If-None-Match: *',
        'If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT',
      )
      assert.equal((await connection.receive()).statusLine, 'HTTP/1.1 200 OK')
    })

    test('answers HEAD with the length and headers of the body, without it', async (t) => {
      const connection = await open(t)
      connection.request('HEAD', '/healthz')
      const { statusLine, headers } = await connection.receive('HEAD')
      assert.equal(statusLine, 'HTTP/1.1 200 OK')
      assert.equal(headers.get('content-length'), '21')
      assert.equal(headers.get('content-type'), 'application/json')
      connection.request('GET', '/healthz')
      // Whatever came after the headers would be taken for the start of this answer.
      assert.equal((await connection.receive()).statusLine, 'HTTP/1.1 200 OK')
    })

    test('answers a failing HEAD with 503', async (t) => {
      const reader = FakeReader.of({ collector_manager: [3, 'gone'] })
      const { statusLine } = await exchange(t, 'HEAD', '/livez', reader)
      assert.equal(statusLine, 'HTTP/1.1 503 Service Unavailable')
    })

    test('tolerates a query', async (t) => {
      assert.equal((await exchange(t, 'GET', '/readyz?a=1&&b')).body, '{"status":"ready"}\n')
    })

    test('answers ?verbose in lines of plain text', async (t) => {
      const reader = FakeReader.of({ collector_manager: [3, 'gone'] })
      const target = '/livez?verbose&exclude=n%C3%A9t'
      const { statusLine, headers, body } = await exchange(t, 'GET', target, reader)
      assert.equal(statusLine, 'HTTP/1.1 503 Service Unavailable')
      assert.equal(headers.get('content-type'), 'text/plain; charset=utf-8')
      assert.equal(
        body,
        '[-]collector_manager failed: unhealthy: gone\n' +
          'warn: some health checks cannot be excluded: no matches for "n\u00e9t"\n' +
          'livez check failed\n',
      )
    })

    test('refuses a query that cannot be followed with 400', async (t) => {
      const { statusLine, body } = await exchange(t, 'GET', '/readyz?failon=never')
      assert.equal(statusLine, 'HTTP/1.1 400 Bad Request')
      assert.equal(body, '{"error":"failon=\\"never\\": must be degraded"}\n')
    })

    test('answers /components/{name} for a name of any characters', async (t) => {
      const name = 'a/b%c d?\u00e9\u{1f600}'
      const reader = FakeReader.of({ [name]: [2, 'slow'] })
      const target = `/components/${encodeURIComponent(name)}?x=1`
      const { statusLine, body } = await exchange(t, 'GET', target, reader)
      assert.equal(statusLine, 'HTTP/1.1 200 OK')
      assert.equal(body, '{"status":"degraded","message":"slow"}\n')
    })

    test('answers /components with all of them', async (t) => {
      const reader = FakeReader.of({ b: [1], a: [0] })
      const { body } = await exchange(t, 'GET', '/components', reader)
      assert.equal(body, '{"components":{"a":{"status":"unspecified"},"b":{"status":"healthy"}}}\n')
    })

    test('gives a kubelet no more than it reads, and others all', async (t) => {
      const message = 'x'.repeat(100)
      const names = Array.from({ length: 500 }, (_, i) => `component_${i}`)
      const reader = FakeReader.of(Object.fromEntries(names.map((name) => [name, [1, message]])))
      const connection = await open(t, reader)
      connection.request('GET', '/livez', 'User-Agent: kube-probe/1.30')
      const kubelet = await connection.receive()
      assert.ok(Number(kubelet.headers.get('content-length')) <= 10_240)
      assert.equal(JSON.parse(kubelet.body).status, 'healthy')
      connection.request('GET', '/livez', 'User-Agent: curl/8')
      assert.equal(
        Object.keys(JSON.parse((await connection.receive()).body).components).length,
        500,
      )
    })

    test('asks for authorization where components are not for everybody', async (t) => {
      const audience = { detail: 'authorized', token: 'sixteen-characters-or-more' } as const
      const handler = createProbeHandler(FakeReader.of({ a: [1] }), { audience })
      // As from elsewhere: all clients of a test are on loopback.
      const remote: ProbeHandler = (request) =>
        handler({
          method: request.method,
          target: request.target,
          header: (field) => request.header(field),
          isFromLoopback: () => false,
          remoteAddress: () => '192.0.2.1',
        })
      const connection = await connect(t, remote)
      connection.request('GET', '/components/a')
      const refused = await connection.receive()
      assert.equal(refused.statusLine, 'HTTP/1.1 401 Unauthorized')
      assert.equal(refused.headers.get('www-authenticate'), 'Bearer')
      connection.request('GET', '/components/a', `Authorization: bearer ${audience.token}`)
      assert.equal((await connection.receive()).body, '{"status":"healthy"}\n')
      connection.request('GET', '/healthz')
      assert.equal((await connection.receive()).body, '{"status":"healthy"}\n')
    })

    test('knows a client on loopback', async (t) => {
      const audience = { detail: 'authorized', token: undefined } as const
      const handler = createProbeHandler(FakeReader.of({ a: [1] }), { audience })
      const connection = await connect(t, handler)
      connection.request('GET', '/components/a')
      assert.equal((await connection.receive()).body, '{"status":"healthy"}\n')
    })

    test('answers /metrics when they are there', async (t) => {
      const scrape = async () => {
        await new Promise((resolve) => setImmediate(resolve))
        return {
          status: 200,
          contentType: 'text/plain; version=0.0.4',
          body: Buffer.from('a 1\n'),
        } as const
      }
      const handler = createProbeHandler(new FakeReader(), { ...OPEN_TO_ALL, scrape })
      const connection = await connect(t, handler)
      connection.request('GET', '/metrics')
      const { statusLine, headers, body } = await connection.receive()
      assert.equal(statusLine, 'HTTP/1.1 200 OK')
      assert.equal(headers.get('content-type'), 'text/plain; version=0.0.4')
      assert.equal(body, 'a 1\n')
    })

    test('matches a percent-encoded path', async (t) => {
      assert.equal((await exchange(t, 'GET', '/%68ealthz?x')).body, '{"status":"healthy"}\n')
    })

    for (const target of ['/', '/nope', '/healthz/', '//healthz', '/a/../healthz', '/%zz']) {
      test(`does not find ${target}`, async (t) => {
        const { statusLine, headers, body } = await exchange(t, 'GET', target)
        assert.equal(statusLine, 'HTTP/1.1 404 Not Found')
        assert.equal(headers.get('content-type'), 'application/json')
        assert.equal(headers.get('cache-control'), 'no-store')
        assert.equal(body, '{"error":"not found"}\n')
      })
    }

    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE']) {
      test(`does not allow ${method}`, async (t) => {
        const { statusLine, headers, body } = await exchange(t, method, '/healthz')
        assert.equal(statusLine, 'HTTP/1.1 405 Method Not Allowed')
        assert.equal(headers.get('allow'), 'GET, HEAD')
        assert.equal(body, '{"error":"method not allowed"}\n')
      })
    }

    for (const method of ['GET', 'HEAD', 'POST']) {
      test(`answers ${method} that expects 100-continue, and says so first`, async (t) => {
        const connection = await open(t)
        for (let i = 0; i < 2; i++) {
          const length = method === 'POST' ? ['Content-Length: 5'] : []
          connection.request(method, '/healthz', 'Expect: 100-continue', ...length)
          // It has no body, nor a length.
          const first = await connection.receive('HEAD')
          assert.equal(first.statusLine, 'HTTP/1.1 100 Continue')
          // A client need not wait for the first to send it, nor send it after the second.
          if (method === 'POST') connection.send('hello')
          const { statusLine } = await connection.receive(method)
          assert.match(statusLine, method === 'POST' ? /^HTTP\/1.1 405 / : /^HTTP\/1.1 200 /)
        }
      })
    }

    test('answers whatever else a request expects', async (t) => {
      const connection = await open(t)
      for (let i = 0; i < 2; i++) {
        connection.request('GET', '/healthz', 'Expect: wonders')
        assert.equal((await connection.receive()).statusLine, 'HTTP/1.1 200 OK')
        connection.request('POST', '/healthz', 'Expect: wonders', 'Content-Length: 5')
        connection.send('hello')
        const { statusLine } = await connection.receive()
        assert.equal(statusLine, 'HTTP/1.1 405 Method Not Allowed')
      }
    })

    test('takes an upgrade that it does not know for an ordinary request', async (t) => {
      const connection = await open(t)
      connection.request('GET', '/healthz', 'Connection: Upgrade', 'Upgrade: websocket')
      assert.equal((await connection.receive()).statusLine, 'HTTP/1.1 200 OK')
    })

    test('ignores the body of a request that it refuses', async (t) => {
      const connection = await open(t)
      connection.request('POST', '/healthz', 'Content-Length: 5')
      connection.send('hello')
      assert.equal((await connection.receive()).statusLine, 'HTTP/1.1 405 Method Not Allowed')
      connection.request('GET', '/healthz')
      assert.equal((await connection.receive()).statusLine, 'HTTP/1.1 200 OK')
    })

    for (const value of ['close', 'Close', 'keep-alive, close', 'CLOSE , TE']) {
      test(`closes after the body where the request says Connection: ${value}`, async (t) => {
        const connection = await open(t)
        // The header order of a kubelet.
        connection.request(
          'GET',
          '/healthz',
          'User-Agent: kube-probe/1.30',
          'Accept: */*',
          `Connection: ${value}`,
        )
        const { headers, body } = await connection.receive()
        assert.equal(body, '{"status":"healthy"}\n')
        assert.equal(headers.get('connection'), 'close')
        assert.equal(await connection.ended(), '')
      })
    }

    for (const value of ['keep-alive', 'disclosed', 'keep-alive, closed']) {
      test(`goes on where the request says Connection: ${value}`, async (t) => {
        const connection = await open(t)
        for (let i = 0; i < 2; i++) {
          connection.request('GET', '/healthz', `Connection: ${value}`)
          const { headers } = await connection.receive()
          assert.notEqual(headers.get('connection'), 'close')
        }
      })
    }

    test('says once that it closes', async (t) => {
      for (const value of ['close', 'keep-alive, close']) {
        const connection = await open(t)
        connection.request('GET', '/healthz', `Connection: ${value}`)
        const names = (await connection.receive()).headerNames
        assert.equal(names.filter((name) => name === 'connection').length, 1)
      }
    })

    test('closes after the headers of a HEAD that says Connection: close', async (t) => {
      const connection = await open(t)
      connection.request('HEAD', '/healthz', 'Connection: close')
      assert.equal((await connection.receive('HEAD')).headers.get('content-length'), '21')
      assert.equal(await connection.ended(), '')
    })

    test('answers one request after another on one connection', async (t) => {
      const connection = await open(t)
      for (const path of ['/healthz', '/readyz', '/nope', '/livez']) {
        connection.request('GET', path)
        assert.match((await connection.receive()).statusLine, path === '/nope' ? /404/ : /200/)
      }
    })

    test('answers requests that were sent at once, in their order', async (t) => {
      const connection = await open(t)
      for (const path of ['/healthz', '/readyz', '/nope', '/livez']) connection.request('GET', path)
      const bodies: string[] = []
      for (let i = 0; i < 4; i++) bodies.push((await connection.receive()).body)
      assert.deepEqual(bodies, [
        '{"status":"healthy"}\n',
        '{"status":"ready"}\n',
        '{"error":"not found"}\n',
        '{"status":"healthy"}\n',
      ])
    })

    test('answers a request that comes in pieces', async (t) => {
      const connection = await open(t)
      connection.send('GET /heal')
      connection.send('thz HTTP/1.1\r\nHo')
      connection.send('st: probe\r\n\r\n')
      assert.equal((await connection.receive()).statusLine, 'HTTP/1.1 200 OK')
    })

    test('refuses what is not HTTP and goes on', async (t) => {
      const port = await listen(t, createProbeHandler(new FakeReader(), OPEN_TO_ALL))
      const bad = await RawConnection.open(port)
      bad.send('\u0000\u0001 nonsense\r\n\r\n')
      const good = await RawConnection.open(port)
      good.request('GET', '/healthz')
      assert.equal((await good.receive()).statusLine, 'HTTP/1.1 200 OK')
      bad.close()
      good.close()
    })

    test('survives a client that leaves before it is answered', async (t) => {
      const port = await listen(t, createProbeHandler(new FakeReader(), OPEN_TO_ALL))
      for (let i = 0; i < 20; i++) {
        const leaving = await RawConnection.open(port)
        leaving.request('GET', '/healthz')
        leaving.close()
      }
      const connection = await RawConnection.open(port)
      connection.request('GET', '/healthz')
      assert.equal((await connection.receive()).statusLine, 'HTTP/1.1 200 OK')
      connection.close()
    })
  })
}
