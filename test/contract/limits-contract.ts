// How every transport must bound its clients, as one suite that each of them passes.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type {
  ListenerLimits,
  ProbeAnswer,
  ProbeHandler,
  ProbeListener,
} from '../../src/probe/listener.js'
import { RawConnection } from './raw-connection.js'

/** Nothing is late in a test that does not wait for it. */
const PATIENT: ListenerLimits = {
  maxConnections: 100,
  headersTimeoutMs: 60_000,
  idleTimeoutMs: 60_000,
}
const SHORT_MS = 200

const LARGE_BODY = Buffer.alloc(8 * 1024 * 1024, 'x')

function answerOf(body: string | Uint8Array): ProbeAnswer {
  return { status: 200, contentType: 'text/plain', body: Buffer.from(body) }
}

/** Answers a path with itself; `/large` with much, and `/later` when `answerLater` is called. */
class Echo {
  readonly #waiting: (() => void)[] = []
  #onAsked = () => {}

  readonly handler: ProbeHandler = ({ target }) => {
    if (target === '/large') return { ...answerOf(''), body: LARGE_BODY }
    if (target !== '/later') return answerOf(target)
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(answerOf('/later')))
      this.#onAsked()
    })
  }

  /** Resolves when the next `/later` has been asked for. */
  asked(): Promise<void> {
    return new Promise((resolve) => {
      this.#onAsked = resolve
    })
  }

  answerLater(): void {
    for (const answer of this.#waiting.splice(0)) answer()
  }
}

async function exchange(connection: RawConnection, path: string): Promise<string> {
  connection.request('GET', path)
  return (await connection.receive()).body
}

export function describeLimitsContract(
  name: string,
  createListener: (handler: ProbeHandler, limits: ListenerLimits) => ProbeListener,
  openConnection = (port: number) => RawConnection.open(port),
): void {
  async function listen(t: TestContext, limits: Partial<ListenerLimits>, echo = new Echo()) {
    const listener = createListener(echo.handler, { ...PATIENT, ...limits })
    t.after(() => listener.stop())
    const { port } = await listener.start('127.0.0.1', 0)
    return async () => {
      const connection = await openConnection(port)
      t.after(() => connection.close())
      return connection
    }
  }

  /** Sends a piece of a header again and again, until the other side has had enough. */
  async function drip(connection: RawConnection, piece: string): Promise<string> {
    const timer = setInterval(() => connection.send(piece), SHORT_MS / 8)
    try {
      return await connection.ended()
    } finally {
      clearInterval(timer)
    }
  }

  describe(`limits of ${name}`, () => {
    test('closes a connection that never asks, and no other', async (t) => {
      const open = await listen(t, { headersTimeoutMs: SHORT_MS })
      const asking = await open()
      assert.equal(await exchange(asking, '/before'), '/before')
      const from = performance.now()
      const silent = await open()
      assert.match(await silent.ended(), /^$|^HTTP\/1\.1 408 /)
      // A timer may be a millisecond early by another clock.
      assert.ok(performance.now() - from >= SHORT_MS - 10)
      assert.equal(await exchange(asking, '/after'), '/after')
    })

    test('closes a connection whose headers never end', async (t) => {
      const open = await listen(t, { headersTimeoutMs: SHORT_MS })
      const slow = await open()
      slow.send('GET /slow HTTP/1.1\r\n')
      assert.match(await drip(slow, 'X: y\r\n'), /^$|^HTTP\/1\.1 408 /)
    })

    test('closes a connection that is idle after its answer', async (t) => {
      const open = await listen(t, { idleTimeoutMs: SHORT_MS })
      const connection = await open()
      assert.equal(await exchange(connection, '/one'), '/one')
      assert.equal(await connection.ended(), '')
    })

    test('closes a connection whose second request never ends', async (t) => {
      const open = await listen(t, { idleTimeoutMs: SHORT_MS, headersTimeoutMs: SHORT_MS })
      const connection = await open()
      assert.equal(await exchange(connection, '/one'), '/one')
      connection.send('GET /two HTTP/1.1\r\n')
      assert.match(await drip(connection, 'X: y\r\n'), /^$|^HTTP\/1\.1 408 /)
    })

    test('closes a connection whose body never ends', async (t) => {
      const open = await listen(t, { idleTimeoutMs: SHORT_MS, headersTimeoutMs: SHORT_MS })
      const connection = await open()
      connection.request('POST', '/one', 'Content-Length: 1000000')
      assert.equal((await connection.receive()).body, '/one')
      assert.match(await drip(connection, 'x'), /^$|^HTTP\/1\.1 408 /)
    })

    test('goes on with a connection that asks in time', async (t) => {
      const open = await listen(t, { idleTimeoutMs: SHORT_MS * 4, headersTimeoutMs: SHORT_MS })
      const connection = await open()
      const until = performance.now() + SHORT_MS * 6
      while (performance.now() < until) {
        assert.equal(await exchange(connection, '/again'), '/again')
        await new Promise((resolve) => setTimeout(resolve, SHORT_MS / 4))
      }
    })

    test('lets the one go that has been idle for longest', async (t) => {
      const open = await listen(t, { maxConnections: 3 })
      const [first, second, third] = [await open(), await open(), await open()]
      for (const connection of [first, second, third, first]) await exchange(connection, '/old')
      const fourth = await open()
      assert.equal(await second.ended(), '')
      for (const connection of [fourth, first, third]) {
        assert.equal(await exchange(connection, '/new'), '/new')
      }
      const fifth = await open()
      assert.equal(await fourth.ended(), '')
      assert.equal(await exchange(fifth, '/new'), '/new')
    })

    test('counts one that never asked as idle since it came', async (t) => {
      const open = await listen(t, { maxConnections: 3 })
      const asking = await open()
      await exchange(asking, '/old')
      const silent = await open()
      const half = await open()
      half.send('GET /half HTTP/1.1\r\n')
      await exchange(asking, '/old')
      const fourth = await open()
      assert.equal(await silent.ended(), '')
      const fifth = await open()
      assert.equal(await half.ended(), '')
      for (const connection of [asking, fourth, fifth]) {
        assert.equal(await exchange(connection, '/new'), '/new')
      }
    })

    test('holds the cap against hundreds that come at once, and answers who asks', async (t) => {
      const open = await listen(t, { maxConnections: 20 })
      const flood = await Promise.all(Array.from({ length: 300 }, open))
      const asking = await open()
      assert.equal(await exchange(asking, '/through'), '/through')
      await Promise.all(flood.slice(0, 280).map((connection) => connection.ended()))
      assert.equal(flood.filter(({ hasEnded }) => !hasEnded).length, 19)
    })

    test('lets nobody go who waits for an answer', async (t) => {
      const echo = new Echo()
      const open = await listen(t, { maxConnections: 2 }, echo)
      const waiting = await open()
      const asked = echo.asked()
      waiting.request('GET', '/later')
      await asked
      const idle = await open()
      await exchange(idle, '/idle')
      const next = await open()
      assert.equal(await idle.ended(), '')
      await exchange(next, '/next')
      echo.answerLater()
      assert.equal((await waiting.receive()).body, '/later')
    })

    test('refuses a new one where all others wait for their answers', async (t) => {
      const echo = new Echo()
      const open = await listen(t, { maxConnections: 1 }, echo)
      const waiting = await open()
      const asked = echo.asked()
      waiting.request('GET', '/later')
      await asked
      // Over TLS it does not even get to the end of its handshake.
      const refused = await open().catch(() => undefined)
      if (refused !== undefined) assert.equal(await refused.ended(), '')
      echo.answerLater()
      assert.equal((await waiting.receive()).body, '/later')
      const next = await open()
      assert.equal(await waiting.ended(), '')
      assert.equal(await exchange(next, '/next'), '/next')
    })

    test('lets nobody go in the middle of a large answer', async (t) => {
      const open = await listen(t, { maxConnections: 2, idleTimeoutMs: SHORT_MS })
      const slow = await open()
      slow.pause()
      slow.request('GET', '/large')
      for (let i = 0; i < 4; i++) {
        const other = await open()
        assert.equal(await exchange(other, '/other'), '/other')
      }
      slow.resume()
      assert.equal((await slow.receive()).body.length, LARGE_BODY.length)
      assert.equal(await slow.ended(), '')
    })

    for (const [value, what] of [
      ['close', 'at once'],
      ['TE, close', 'in a list'],
    ] as const) {
      test(`sends a large answer whole before it closes, asked ${what}`, async (t) => {
        const open = await listen(t, {})
        const connection = await open()
        connection.request('GET', '/large', `Connection: ${value}`)
        assert.equal((await connection.receive()).body.length, LARGE_BODY.length)
        assert.equal(await connection.ended(), '')
      })
    }

    test('closes after a HEAD whose Connection header has close in a list', async (t) => {
      const connection = await (await listen(t, {}))()
      connection.request('HEAD', '/path', 'Connection: TE, close')
      const { headers } = await connection.receive('HEAD')
      assert.equal(headers.get('content-length'), '5')
      assert.equal(headers.get('connection'), 'close')
      assert.equal(await connection.ended(), '')
    })

    test('closes a connection that an answer was promised to, when that is given up', async (t) => {
      const echo = new Echo()
      const open = await listen(t, {}, echo)
      for (let i = 0; i < 20; i++) {
        const leaving = await open()
        const asked = echo.asked()
        leaving.request('GET', '/later')
        await asked
        leaving.reset()
      }
      const other = await open()
      assert.equal(await exchange(other, '/other'), '/other')
      echo.answerLater()
      assert.equal(await exchange(other, '/other'), '/other')
    })

    test('answers what was sent at once in its order, while others are silent', async (t) => {
      const open = await listen(t, {})
      const silent = await Promise.all(Array.from({ length: 20 }, open))
      const connection = await open()
      const paths = Array.from({ length: 200 }, (_, i) => `/${i}`)
      for (let round = 0; round < 2; round++) {
        connection.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: probe\r\n\r\n`).join(''))
        for (const path of paths) assert.equal((await connection.receive()).body, path)
      }
      assert.equal(await exchange(silent[7]!, '/late'), '/late')
    })

    test('tells many connections apart that ask in any order and in any way', async (t) => {
      const open = await listen(t, { maxConnections: 600 })
      const connections = await Promise.all(Array.from({ length: 400 }, open))
      // More than are told apart by one way alone; each third by HEAD, each fifth with a body.
      for (let round = 0; round < 3; round++) {
        await Promise.all(
          connections.map(async (connection, i) => {
            const path = `/${i}-${round}`
            if ((i + round) % 3 === 0) {
              connection.request('HEAD', path)
              const { headers } = await connection.receive('HEAD')
              assert.equal(headers.get('content-length'), String(path.length))
            } else if ((i + round) % 5 === 0) {
              connection.request('POST', path, 'Content-Length: 5')
              connection.send('hello')
              assert.equal((await connection.receive()).body, path)
            } else {
              assert.equal(await exchange(connection, path), path)
            }
          }),
        )
      }
    })

    test('answers a header of some KiB and refuses one that has no end', async (t) => {
      const open = await listen(t, {})
      const fair = await open()
      fair.request('GET', '/fair', `X-Fair: ${'x'.repeat(2_000)}`)
      assert.equal((await fair.receive()).body, '/fair')
      const large = await open()
      large.request('GET', '/large-header', `X-Large: ${'x'.repeat(10 * 1024)}`)
      assert.match(await large.ended(), /^$|^HTTP\/1\.1 431 /)
      const endless = await open()
      endless.send('GET /endless HTTP/1.1\r\nX: ')
      assert.match(await drip(endless, 'x'.repeat(1024)), /^$|^HTTP\/1\.1 431 /)
      assert.equal(await exchange(fair, '/after'), '/after')
    })

    for (const [what, bytes] of [
      ['zeros', Buffer.alloc(4096)],
      ['a TLS hello', Buffer.from('16030100a5010000a10303', 'hex')],
      ['the preface of HTTP/2', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
      ['all bytes', Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256))],
      ['a bare line feed', Buffer.from('\n\n\n\n')],
      [
        'a length that is none',
        Buffer.from('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n'),
      ],
      [
        'two lengths of a body',
        Buffer.from(
          'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        ),
      ],
    ] as const) {
      test(`survives ${what}`, async (t) => {
        const open = await listen(t, { headersTimeoutMs: SHORT_MS, idleTimeoutMs: SHORT_MS })
        const bad = await open()
        bad.send(bytes)
        assert.match(await bad.ended(), /^$|^HTTP\/1\.1 (200|400|408|505) /)
        assert.equal(await exchange(await open(), '/good'), '/good')
      })
    }

    test('stops at once, whatever its clients are at', async (t) => {
      const echo = new Echo()
      const listener = createListener(echo.handler, PATIENT)
      const { port } = await listener.start('127.0.0.1', 0)
      const clients = await Promise.all(
        Array.from({ length: 6 }, async () => {
          const client = await openConnection(port)
          t.after(() => client.close())
          return client
        }),
      )
      const asked = echo.asked()
      clients[0]!.send('GET /half HTTP/1.1\r\n')
      clients[1]!.request('HEAD', '/head')
      clients[2]!.request('GET', '/large')
      clients[2]!.pause()
      clients[3]!.request('POST', '/post', 'Content-Length: 100')
      clients[4]!.request('GET', '/later')
      await asked
      await listener.stop()
      clients[2]!.resume()
      await Promise.all(clients.map((client) => client.ended()))
      echo.answerLater()
    })
  })
}
