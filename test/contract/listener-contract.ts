// How every transport must start and stop, as one suite that each of them passes.
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, test } from 'node:test'
import { HealthError } from '../../src/model/errors.js'
import type { ListenerLimits, ProbeHandler, ProbeListener } from '../../src/probe/listener.js'
import { createProbeHandler } from '../../src/probe/routes.js'
import { FakeReader, OPEN_TO_ALL } from '../fake-reader.js'
import { RawConnection } from './raw-connection.js'
import { PATIENT } from './support/clients.js'

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
)

export function describeListenerContract(
  name: string,
  createListener: (handler: ProbeHandler, limits?: ListenerLimits) => ProbeListener,
): void {
  const create = () => createListener(createProbeHandler(new FakeReader(), OPEN_TO_ALL))

  describe(`the life of a listener on ${name}`, () => {
    test('tells a port that is in use, with host, port and cause', async (t) => {
      const taken = createServer().listen(0, '127.0.0.1')
      t.after(() => taken.close())
      await new Promise((resolve) => taken.once('listening', resolve))
      const { port } = taken.address() as { port: number }
      const listener = create()
      await assert.rejects(listener.start('127.0.0.1', port), (error) => {
        assert.ok(error instanceof HealthError)
        assert.equal(error.code, 'ERR_HEALTH_LISTEN')
        assert.match(error.message, new RegExp(`host=127.0.0.1 port=${port}: .*EADDRINUSE`))
        const cause = error.cause as NodeJS.ErrnoException
        assert.equal(cause.code, 'EADDRINUSE')
        assert.equal(typeof cause.errno, 'number')
        return true
      })
    })

    test('does not share its port with another listener', async (t) => {
      const first = create()
      t.after(() => first.stop())
      const { port } = await first.start('127.0.0.1', 0)
      const second = create()
      t.after(() => second.stop())
      await assert.rejects(second.start('127.0.0.1', port), { code: 'ERR_HEALTH_LISTEN' })
    })

    test('tells a host that is not there', async () => {
      const listener = create()
      // An address of a documentation range, so of no interface.
      await assert.rejects(
        listener.start('192.0.2.1', 0),
        /host=192\.0\.2\.1 port=0: .*EADDRNOTAVAIL/,
      )
    })

    test('listens on IPv6', { skip: !hasIpv6 && 'no IPv6 here' }, async (t) => {
      const listener = create()
      t.after(() => listener.stop())
      const { host, port } = await listener.start('::1', 0)
      assert.equal(host, '::1')
      const connection = await RawConnection.open(port, '::1')
      t.after(() => connection.close())
      connection.request('GET', '/healthz')
      assert.equal((await connection.receive()).statusLine, 'HTTP/1.1 200 OK')
    })

    test("listens on IPv4 and IPv6 where the host is '::', and knows loopback in both", {
      skip: !hasIpv6 && 'no IPv6 here',
    }, async (t) => {
      const listener = createListener((request) => ({
        status: 200,
        contentType: 'text/plain',
        body: Buffer.from(String(request.isFromLoopback())),
      }))
      t.after(() => listener.stop())
      const { host, port } = await listener.start('::', 0)
      assert.equal(host, '::')
      for (const address of ['127.0.0.1', '::1']) {
        const connection = await RawConnection.open(port, address)
        t.after(() => connection.close())
        connection.request('GET', '/healthz')
        assert.equal((await connection.receive()).body, 'true')
      }
    })

    test('a stop closes the port and idle connections', async (t) => {
      const listener = create()
      const { port } = await listener.start('127.0.0.1', 0)
      const connection = await RawConnection.open(port)
      t.after(() => connection.close())
      connection.request('GET', '/healthz')
      await connection.receive()
      await listener.stop()
      assert.equal(await connection.ended(), '')
      await assert.rejects(RawConnection.open(port), { code: 'ECONNREFUSED' })
    })

    test('a port that was stopped can be bound again at once', async (t) => {
      const first = create()
      const { port } = await first.start('127.0.0.1', 0)
      // One connection that the listener closes first, and one that is open at the stop: both leave the port in
      // TIME_WAIT.
      for (const header of ['Connection: close', 'Connection: keep-alive']) {
        const connection = await RawConnection.open(port)
        t.after(() => connection.close())
        connection.request('GET', '/healthz', header)
        await connection.receive()
      }
      await first.stop()
      const second = create()
      t.after(() => second.stop())
      assert.equal((await second.start('127.0.0.1', port)).port, port)
    })

    test('answers all that ask in the turn in which they come, also where these are too many', async (t) => {
      const handler = createProbeHandler(new FakeReader(), OPEN_TO_ALL)
      const listener = createListener(handler, { ...PATIENT, maxConnections: 4 })
      t.after(() => listener.stop())
      const { port } = await listener.start('127.0.0.1', 0)
      const ask = async () => {
        const connection = await RawConnection.open(port)
        t.after(() => connection.close())
        connection.request('GET', '/healthz', 'Connection: close')
        return (await connection.receive()).statusLine
      }
      for (let round = 0; round < 20; round++) {
        const lines = await Promise.all(Array.from({ length: 8 }, ask))
        for (const line of lines) assert.equal(line, 'HTTP/1.1 200 OK')
      }
    })

    test('a stop can be repeated, and comes to nothing before a start', async () => {
      const listener = create()
      await listener.stop()
      await listener.stop()
      listener.closeNow()
    })

    for (const [what, close] of [
      ['a stop', (listener: ProbeListener) => listener.stop()],
      ['closing at once', (listener: ProbeListener) => listener.closeNow()],
    ] as const) {
      test(`${what} ends a start that is under way, and leaves nothing open`, async (t) => {
        const first = create()
        const { port } = await first.start('127.0.0.1', 0)
        await first.stop()
        for (const host of ['127.0.0.1', 'localhost']) {
          for (const asked of [0, port]) {
            const listener = create()
            t.after(() => listener.closeNow())
            const starting = assert.rejects(listener.start(host, asked), {
              code: 'ERR_HEALTH_STOPPED',
            })
            await close(listener)
            await starting
            await assert.rejects(RawConnection.open(port), { code: 'ECONNREFUSED' })
          }
        }
      })

      test(`${what} is final`, async (t) => {
        const listener = create()
        t.after(() => listener.closeNow())
        await close(listener)
        await assert.rejects(listener.start('127.0.0.1', 0), { code: 'ERR_HEALTH_STOPPED' })
      })
    }

    test('closing at once closes connections as well', async (t) => {
      const listener = create()
      const { port } = await listener.start('127.0.0.1', 0)
      const connection = await RawConnection.open(port)
      t.after(() => connection.close())
      connection.request('GET', '/healthz')
      await connection.receive()
      listener.closeNow()
      assert.equal(await connection.ended(), '')
      await assert.rejects(RawConnection.open(port), { code: 'ECONNREFUSED' })
    })
  })
}
