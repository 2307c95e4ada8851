// What every transport must make of what its clients send and take, as one suite that each of them passes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { drip, exchange, type Listen, SHORT_MS } from './support/clients.js'
import { Echo, LARGE_BODY } from './support/echo.js'

export function describeStreams(name: string, listen: Listen): void {
  describe(`streams of ${name}`, () => {
    for (const [value, what] of [
      ['close', 'at once'],
      ['TE, close', 'in a list'],
    ] as const) {
      test(`sends a large answer whole before it closes, asked ${what}`, async (t) => {
        const { open } = await listen(t, {})
        const connection = await open()
        connection.request('GET', '/large', `Connection: ${value}`)
        assert.equal((await connection.receive()).body.length, LARGE_BODY.length)
        assert.equal(await connection.ended(), '')
      })
    }

    test('closes after a HEAD whose Connection header has close in a list', async (t) => {
      const { open } = await listen(t, {})
      const connection = await open()
      connection.request('HEAD', '/path', 'Connection: TE, close')
      const { headers } = await connection.receive('HEAD')
      assert.equal(headers.get('content-length'), '5')
      assert.equal(headers.get('connection'), 'close')
      assert.equal(await connection.ended(), '')
    })

    test('closes a connection that an answer was promised to, when that is given up', async (t) => {
      const echo = new Echo()
      const { open } = await listen(t, {}, echo)
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
      const { open } = await listen(t, {})
      const silent = await Promise.all(Array.from({ length: 20 }, open))
      const connection = await open()
      const paths = Array.from({ length: 200 }, (_, i) => `/${i}`)
      for (let round = 0; round < 2; round++) {
        connection.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: probe\r\n\r\n`).join(''))
        for (const path of paths) assert.equal((await connection.receive()).body, path)
      }
      assert.equal(await exchange(silent[7]!, '/late'), '/late')
    })

    test('answers others before a packet of many requests is done with', async (t) => {
      const echo = new Echo()
      const { open } = await listen(t, {}, echo)
      const [greedy, other] = [await open(), await open()]
      assert.equal(await exchange(other, '/before'), '/before')
      greedy.send('GET /greedy HTTP/1.1\r\nHost: probe\r\n\r\n'.repeat(1_400))
      assert.equal((await greedy.receive()).body, '/greedy')
      assert.equal(await exchange(other, '/other'), '/other')
      // Of uWebSockets.js it is the bound on a packet; of node:http it is far less, see node-pipeline.test.ts.
      const before = echo.targets.indexOf('/other')
      assert.ok(before <= 260, `${before} of its requests were answered before`)
    })

    test('takes Content-Length: 0 for no body', async (t) => {
      const { open } = await listen(t, {})
      const connection = await open()
      // As its first request, behind an answer without a body, and behind one with it.
      for (let round = 0; round < 2; round++) {
        connection.request('HEAD', '/head', 'Content-Length: 0')
        assert.equal((await connection.receive('HEAD')).headers.get('content-length'), '5')
        connection.request('HEAD', '/again', 'Content-Length: 0')
        assert.equal((await connection.receive('HEAD')).headers.get('content-length'), '6')
        connection.request('GET', '/', 'Content-Length: 0')
        assert.equal((await connection.receive()).body, '/')
      }
    })

    test('takes Content-Length: 0 for no body where the answer comes later', async (t) => {
      const echo = new Echo()
      const { open } = await listen(t, {}, echo)
      const connection = await open()
      for (let round = 0; round < 3; round++) {
        const asked = echo.asked()
        connection.request('GET', '/later', 'Content-Length: 0')
        await asked
        echo.answerLater()
        assert.equal((await connection.receive()).body, '/later')
      }
    })

    test('tells many connections apart that ask in any order and in any way', async (t) => {
      const { open } = await listen(t, { maxConnections: 600 })
      const connections = await Promise.all(Array.from({ length: 400 }, open))
      // More than are told apart by one way alone; each third by HEAD, each fifth with a body.
      for (let round = 0; round < 3; round++) {
        await Promise.all(
          connections.map(async (connection, i) => {
            const path = `/${i}-${round}`
            if ((i + round) % 3 === 0) {
              connection.request('HEAD', path, ...(i % 2 === 0 ? [] : ['Content-Length: 0']))
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
      const { open } = await listen(t, {})
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
        const { open } = await listen(t, { headersTimeoutMs: SHORT_MS, idleTimeoutMs: SHORT_MS })
        const bad = await open()
        bad.send(bytes)
        assert.match(await bad.ended(), /^$|^HTTP\/1\.1 (200|400|408|505) /)
        assert.equal(await exchange(await open(), '/good'), '/good')
      })
    }
  })
}
