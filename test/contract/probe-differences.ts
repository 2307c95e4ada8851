// Where the transports differ, and may: pinned, so that a new version of either that changes it is noticed.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { ProbeHandler, ProbeListener } from '../../src/probe/listener.js'
import { createProbeHandler } from '../../src/probe/routes.js'
import { FakeReader, OPEN_TO_ALL } from '../fake-reader.js'
import { RawConnection } from './raw-connection.js'

/** What a transport does in its own way, mostly since a request gets no further than its own parser. */
export interface KnownDifferences {
  readonly http10: 200 | 505
  readonly unknownMethod: 400 | 405
  readonly largeHeader: 200 | 431
  readonly headWithCloseInList: 'closes' | 'keeps'
}

export function describeKnownDifferences(
  name: string,
  createListener: (handler: ProbeHandler) => ProbeListener,
  differences: KnownDifferences,
): void {
  async function open(t: TestContext): Promise<RawConnection> {
    const listener = createListener(createProbeHandler(new FakeReader(), OPEN_TO_ALL))
    t.after(() => listener.stop())
    const { port } = await listener.start('127.0.0.1', 0)
    const connection = await RawConnection.open(port)
    t.after(() => connection.close())
    return connection
  }

  describe(`known differences of ${name}`, () => {
    test(`${differences.headWithCloseInList} the connection after a HEAD that says Connection: TE, close`, async (t) => {
      const connection = await open(t)
      connection.request('HEAD', '/healthz', 'Connection: TE, close')
      assert.equal((await connection.receive('HEAD')).headers.get('content-length'), '21')
      if (differences.headWithCloseInList === 'closes') {
        assert.equal(await connection.ended(), '')
      } else {
        connection.request('GET', '/healthz')
        assert.equal((await connection.receive()).statusLine, 'HTTP/1.1 200 OK')
      }
    })

    const largeHeader = `X-Large: ${'x'.repeat(10 * 1024)}`
    for (const [what, request, status] of [
      ['HTTP/1.0', 'GET /healthz HTTP/1.0\r\nHost: probe\r\n\r\n', differences.http10],
      [
        'a method that nobody knows',
        'FOO /healthz HTTP/1.1\r\nHost: probe\r\n\r\n',
        differences.unknownMethod,
      ],
      [
        'a header of 10 KiB',
        `GET /healthz HTTP/1.1\r\nHost: probe\r\n${largeHeader}\r\n\r\n`,
        differences.largeHeader,
      ],
    ] as const) {
      test(`answers ${what} with ${status}`, async (t) => {
        const connection = await open(t)
        connection.send(request)
        assert.equal((await connection.receiveStatus()).split(' ')[1], String(status))
      })
    }
  })
}
