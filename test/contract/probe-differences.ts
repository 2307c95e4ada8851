// Where the transports differ, and may: pinned, so that a new version of either that changes it is noticed.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type {
  ListenerSettings,
  ProbeAnswer,
  ProbeHandler,
  ProbeListener,
} from '../../src/probe/listener.js'
import { createProbeHandler } from '../../src/probe/routes.js'
import { DEFAULT_SETTINGS, FakeReader, OPEN_TO_ALL } from '../fake-reader.js'
import { RawConnection } from './raw-connection.js'

/**
 * What a transport does in its own way, mostly since a request gets no further than its own parser. This is the table of
 * all that is known; what a kubelet or Prometheus sends is not in it.
 *
 * | a client sends                                | node:http             | uWebSockets.js                |
 * | --------------------------------------------- | --------------------- | ----------------------------- |
 * | HTTP/1.0                                      | 200                   | 505                           |
 * | a method that nobody knows                    | 400                   | 405                           |
 * | CONNECT host:port                             | 405, closes           | 505, closes: no `/`, no HTTP  |
 * | a target in absolute form, `http://host/path` | as the path alone     | 505, closes                   |
 * | OPTIONS *                                     | 405                   | 505, closes                   |
 * | more in one packet behind a HEAD              | answers               | closes                        |
 * | more behind an answer that is not there yet   | answers               | closes                        |
 * | more than 256 requests in a packet, or 1 MiB  | answers, one a turn   | closes after those            |
 * | a HEAD with a body                            | answers               | closes                        |
 * | a chunked body that does not come             | answers               | closes                        |
 * | Content-Length: 0 in headers that come in     | answers               | closes, if it is the first    |
 * |   pieces                                      |                       |   request, or behind a HEAD   |
 * | nothing, for longer than 10 s                 | as the limits say     | closes                        |
 */
export interface KnownDifferences {
  readonly http10: 200 | 505
  readonly unknownMethod: 400 | 405
  /** Of CONNECT and OPTIONS *, whose targets do not begin with a slash; of one in absolute form, it is 200 instead. */
  readonly targetWithoutSlash: 405 | 505
  /** How many requests of one packet are answered, if not all. */
  readonly maxInPacket: number | undefined
  /** Behind a HEAD, and behind an answer that is not there at once. */
  readonly pipelining: 'answers' | 'closes'
  /** Where it answers before the body has come, if it answers at all. */
  readonly bodiesAhead: 'answers' | 'closes'
  /** After how many ms it closes a connection that is idle, or never asks, however long the limits let it. */
  readonly ownTimeoutMs: number | undefined
}

export function describeKnownDifferences(
  name: string,
  createListener: (handler: ProbeHandler, settings: ListenerSettings) => ProbeListener,
  differences: KnownDifferences,
): void {
  async function open(t: TestContext): Promise<RawConnection> {
    const listener = createListener(
      createProbeHandler(new FakeReader(), OPEN_TO_ALL),
      DEFAULT_SETTINGS,
    )
    t.after(() => listener.stop())
    const { port } = await listener.start('127.0.0.1', 0)
    const connection = await RawConnection.open(port)
    t.after(() => connection.close())
    return connection
  }

  describe(`known differences of ${name}`, () => {
    const { targetWithoutSlash } = differences
    const absoluteForm = targetWithoutSlash === 405 ? 200 : targetWithoutSlash
    for (const [what, request, status] of [
      ['CONNECT', 'CONNECT probe:443 HTTP/1.1\r\nHost: probe\r\n\r\n', targetWithoutSlash],
      ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: probe\r\n\r\n', targetWithoutSlash],
      [
        'a target in absolute form',
        'GET http://probe:8081/healthz?x HTTP/1.1\r\nHost: probe\r\n\r\n',
        absoluteForm,
      ],
      ['HTTP/1.0', 'GET /healthz HTTP/1.0\r\nHost: probe\r\n\r\n', differences.http10],
      [
        'a method that nobody knows',
        'FOO /healthz HTTP/1.1\r\nHost: probe\r\n\r\n',
        differences.unknownMethod,
      ],
    ] as const) {
      test(`answers ${what} with ${status}`, async (t) => {
        const connection = await open(t)
        connection.send(request)
        assert.equal((await connection.receiveStatus()).split(' ')[1], String(status))
      })
    }

    test(`${differences.pipelining} what comes in one packet behind a HEAD`, async (t) => {
      const connection = await open(t)
      const request = (method: string) => `${method} /healthz HTTP/1.1\r\nHost: probe\r\n\r\n`
      connection.send(request('HEAD') + request('GET'))
      assert.equal((await connection.receive('HEAD')).statusLine, 'HTTP/1.1 200 OK')
      if (differences.pipelining === 'answers') {
        assert.equal((await connection.receive()).statusLine, 'HTTP/1.1 200 OK')
      } else {
        assert.equal(await connection.ended(), '')
      }
    })

    test(`${differences.pipelining} what comes in one packet behind an answer that takes its time`, async (t) => {
      const later = async (): Promise<ProbeAnswer> => ({
        status: 200,
        contentType: 'text/plain',
        body: Buffer.from('later'),
      })
      const listener = createListener(later, DEFAULT_SETTINGS)
      t.after(() => listener.stop())
      const { port } = await listener.start('127.0.0.1', 0)
      const connection = await RawConnection.open(port)
      t.after(() => connection.close())
      connection.send('GET /metrics HTTP/1.1\r\nHost: probe\r\n\r\n'.repeat(2))
      if (differences.pipelining === 'answers') {
        for (let i = 0; i < 2; i++) assert.equal((await connection.receive()).body, 'later')
      } else {
        assert.equal(await connection.ended(), '')
      }
    })

    const { maxInPacket } = differences
    test(`answers ${maxInPacket ?? 'all'} of 300 requests in one packet`, async (t) => {
      const connection = await open(t)
      // Its first request of all is not counted.
      connection.request('GET', '/healthz')
      await connection.receive()
      connection.send('GET /healthz HTTP/1.1\r\nHost: probe\r\n\r\n'.repeat(300))
      for (let i = 0; i < (maxInPacket ?? 300); i++) {
        assert.equal((await connection.receive()).body, '{"status":"healthy"}\n')
      }
      if (maxInPacket !== undefined) assert.equal(await connection.ended(), '')
    })

    if (differences.ownTimeoutMs !== undefined) {
      const { ownTimeoutMs } = differences
      test(`closes after some ${ownTimeoutMs} ms what may be idle for longer`, async (t) => {
        const limits = { maxConnections: 10, headersTimeoutMs: 600_000, idleTimeoutMs: 600_000 }
        const handler = createProbeHandler(new FakeReader(), OPEN_TO_ALL)
        const listener = createListener(handler, { limits, tls: undefined })
        t.after(() => listener.stop())
        const { port } = await listener.start('127.0.0.1', 0)
        const [silent, idle] = [await RawConnection.open(port), await RawConnection.open(port)]
        const from = performance.now()
        idle.request('GET', '/healthz')
        await idle.receive()
        await Promise.all([silent.ended(), idle.ended()])
        // It counts in steps of 4 s.
        assert.ok(performance.now() - from > ownTimeoutMs - 4_000)
      })
    }

    test(`${differences.bodiesAhead} a length of 0 in headers that come in pieces`, async (t) => {
      const connection = await open(t)
      connection.send('GET /healthz HTTP/1.1\r\nHost: probe\r\nContent-')
      // Nothing tells that the first piece was read, but an answer to another's request that was sent behind it.
      for (let i = 0; i < 3; i++) {
        const other = await RawConnection.open(connection.port)
        other.request('GET', '/healthz', 'Connection: close')
        await other.receive()
      }
      connection.send('Length: 0\r\n\r\n')
      if (differences.bodiesAhead === 'answers') {
        assert.equal((await connection.receive()).statusLine, 'HTTP/1.1 200 OK')
      } else {
        assert.equal(await connection.ended(), '')
      }
    })

    for (const [what, headers] of [
      ['a body that is announced in chunks and does not come', 'Transfer-Encoding: chunked'],
      ['a HEAD with a body', 'Content-Length: 1'],
    ] as const) {
      test(`${differences.bodiesAhead} ${what}`, async (t) => {
        const connection = await open(t)
        const method = headers.startsWith('T') ? 'POST' : 'HEAD'
        connection.request(method, '/healthz', headers)
        if (differences.bodiesAhead === 'answers') {
          const status = (await connection.receiveStatus()).split(' ')[1]
          assert.equal(status, method === 'POST' ? '405' : '200')
        } else {
          assert.equal(await connection.ended(), '')
        }
      })
    }
  })
}
