// How every transport must bound its clients, as one suite that each of them passes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { drip, exchange, type Listen, SHORT_MS } from './support/clients.js'
import { Echo, LARGE_BODY } from './support/echo.js'

export function describeLimits(name: string, listen: Listen): void {
  describe(`limits of ${name}`, () => {
    test('closes a connection that never asks, and no other', async (t) => {
      const { open } = await listen(t, { headersTimeoutMs: SHORT_MS })
      const asking = await open()
      assert.equal(await exchange(asking, '/before'), '/before')
      const from = performance.now()
      const silent = await open()
      assert.match(await silent.ended(), /^$|^HTTP\/1\.1 408 /)
      // A timer may be a millisecond early by another clock.
      assert.ok(performance.now() - from >= SHORT_MS - 10)
      assert.equal(await exchange(asking, '/after'), '/after')
    })

    test('takes nobody for late who has asked while the whole thread stood still', async (t) => {
      const { open } = await listen(t, { headersTimeoutMs: SHORT_MS })
      const asking = await open()
      // Was accepted before.
      assert.equal(await exchange(await open(), '/other'), '/other')
      asking.request('GET', '/asked')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * SHORT_MS)
      assert.equal((await asking.receive()).body, '/asked')
    })

    test('takes nobody for idle who has asked again while the whole thread stood still', async (t) => {
      const { open } = await listen(t, { idleTimeoutMs: SHORT_MS })
      const asking = await open()
      assert.equal(await exchange(asking, '/one'), '/one')
      asking.request('GET', '/two')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10 * SHORT_MS)
      assert.equal((await asking.receive()).body, '/two')
    })

    test('closes a connection whose headers never end', async (t) => {
      const { open } = await listen(t, { headersTimeoutMs: SHORT_MS })
      const slow = await open()
      slow.send('GET /slow HTTP/1.1\r\n')
      assert.match(await drip(slow, 'X: y\r\n'), /^$|^HTTP\/1\.1 408 /)
    })

    test('closes a connection that is idle after its answer', async (t) => {
      const { open } = await listen(t, { idleTimeoutMs: SHORT_MS })
      const connection = await open()
      assert.equal(await exchange(connection, '/one'), '/one')
      assert.equal(await connection.ended(), '')
    })

    test('closes a connection whose second request never ends', async (t) => {
      const { open } = await listen(t, { idleTimeoutMs: SHORT_MS, headersTimeoutMs: SHORT_MS })
      const connection = await open()
      assert.equal(await exchange(connection, '/one'), '/one')
      connection.send('GET /two HTTP/1.1\r\n')
      assert.match(await drip(connection, 'X: y\r\n'), /^$|^HTTP\/1\.1 408 /)
    })

    test('closes a connection whose body never ends', async (t) => {
      const { open } = await listen(t, { idleTimeoutMs: SHORT_MS, headersTimeoutMs: SHORT_MS })
      const connection = await open()
      connection.request('POST', '/one', 'Content-Length: 1000000')
      assert.equal((await connection.receive()).body, '/one')
      assert.match(await drip(connection, 'x'), /^$|^HTTP\/1\.1 408 /)
    })

    test('goes on with a connection that asks in time', async (t) => {
      const { open } = await listen(t, { idleTimeoutMs: SHORT_MS * 4, headersTimeoutMs: SHORT_MS })
      const connection = await open()
      const until = performance.now() + SHORT_MS * 6
      while (performance.now() < until) {
        assert.equal(await exchange(connection, '/again'), '/again')
        await new Promise((resolve) => setTimeout(resolve, SHORT_MS / 4))
      }
    })

    test('lets the one go that has been idle for longest', async (t) => {
      const { open } = await listen(t, { maxConnections: 3 })
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
      const { open } = await listen(t, { maxConnections: 3 })
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
      const { open } = await listen(t, { maxConnections: 20 })
      const flood = await Promise.all(Array.from({ length: 300 }, open))
      const asking = await open()
      assert.equal(await exchange(asking, '/through'), '/through')
      await Promise.all(flood.slice(0, 280).map((connection) => connection.ended()))
      assert.equal(flood.filter(({ hasEnded }) => !hasEnded).length, 19)
    })

    test('lets nobody go who waits for an answer', async (t) => {
      const echo = new Echo()
      const { open } = await listen(t, { maxConnections: 2 }, echo)
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
      const { open } = await listen(t, { maxConnections: 1 }, echo)
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
      const { open } = await listen(t, { maxConnections: 2, idleTimeoutMs: SHORT_MS })
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

    test('stops at once, whatever its clients are at', async (t) => {
      const echo = new Echo()
      const { open, stop } = await listen(t, {}, echo)
      const clients = await Promise.all(Array.from({ length: 6 }, open))
      const asked = echo.asked()
      clients[0]!.send('GET /half HTTP/1.1\r\n')
      clients[1]!.request('HEAD', '/head')
      clients[2]!.request('GET', '/large')
      clients[2]!.pause()
      clients[3]!.request('POST', '/post', 'Content-Length: 100')
      clients[4]!.request('GET', '/later')
      await asked
      await stop()
      clients[2]!.resume()
      await Promise.all(clients.map((client) => client.ended()))
      echo.answerLater()
    })
  })
}
