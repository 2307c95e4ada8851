// What every transport must make of large bodies whose clients do not read, as one suite that each of them passes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ProbeAnswer, ProbeHandler } from '../../src/probe/listener.js'
import { bounded, UnsentBodies } from '../../src/probe/unsent-bodies.js'
import type { RawConnection } from './raw-connection.js'
import { exchange, type Listen } from './support/clients.js'

/** More than any system takes for a client that does not read. */
const LARGE_BYTES = 24 * 1024 * 1024
const LARGE = Buffer.alloc(LARGE_BYTES, 'x')

function answerOf(body: Uint8Array): ProbeAnswer {
  return { status: 200, contentType: 'text/plain', body }
}

/** Answers `/large-N` with a body of its own, `/same` with one for all, others with their path. */
const handler: ProbeHandler = ({ target }) => {
  const number = /^\/large-(\d+)$/.exec(target)?.[1]
  if (number !== undefined) return answerOf(LARGE.subarray(Number(number)))
  return answerOf(target === '/same' ? LARGE : Buffer.from(target))
}

/** Counts what transports owe: answers that were given, and not released yet. */
class Debts {
  given = 0
  owed = 0
  readonly #later: (() => void)[] = []

  readonly handler: ProbeHandler = (request) => {
    const { target, method } = request
    this.given++
    this.owed++
    let isOwed = true
    const release = () => {
      if (isOwed) this.owed--
      isOwed = false
    }
    const body = target.startsWith('/large') && method === 'GET' ? LARGE : Buffer.from(target)
    const answer = { ...answerOf(body), release }
    if (target !== '/later') return answer
    return new Promise((resolve) => this.#later.push(() => resolve(answer)))
  }

  answerLater(): void {
    for (const answer of this.#later.splice(0)) answer()
  }

  /** So many were asked for in all. */
  async asked(count: number): Promise<void> {
    while (this.given < count) await turn()
  }

  async settled(): Promise<void> {
    while (this.owed > 0) await turn()
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

export function describeUnsentBodies(name: string, listen: Listen): void {
  describe(`bodies that nobody reads over ${name}`, () => {
    test('are bounded: one more is refused, small answers are not, and it goes on when they are read', async (t) => {
      const unsent = new UnsentBodies(2.5 * LARGE_BYTES)
      const { open } = await listen(t, {}, { handler: bounded(handler, unsent) })
      const slow: RawConnection[] = []
      for (let i = 0; i < 2; i++) {
        const connection = await open()
        connection.pause()
        connection.request('GET', `/large-${i}`)
        slow.push(connection)
      }
      while (unsent.bytes < 2 * LARGE_BYTES - 1) await turn()
      const refused = await open()
      refused.request('GET', '/large-2')
      const { statusLine, headers, headerNames, body } = await refused.receive()
      assert.equal(statusLine, 'HTTP/1.1 503 Service Unavailable')
      assert.equal(headers.get('retry-after'), '1')
      assert.equal(headers.get('connection'), 'close')
      assert.equal(headerNames.filter((each) => each === 'connection').length, 1)
      assert.match(body, /^{"error":"other clients have not taken .*: maxUnsentBytes=\d+"}\n$/)
      assert.equal(await refused.ended(), '')
      const small = await open()
      for (let i = 0; i < 3; i++) assert.equal(await exchange(small, '/small'), '/small')
      for (const [i, connection] of slow.entries()) {
        connection.resume()
        assert.equal((await connection.receive()).body.length, LARGE_BYTES - i)
      }
      while (unsent.bytes > 0) await turn()
      small.request('GET', '/large-3')
      assert.equal((await small.receive()).body.length, LARGE_BYTES - 3)
    })

    test('count once where all are the same', async (t) => {
      const unsent = new UnsentBodies(1.5 * LARGE_BYTES)
      const { open } = await listen(t, {}, { handler: bounded(handler, unsent) })
      const clients = await Promise.all(Array.from({ length: 6 }, open))
      for (const client of clients) {
        client.request('GET', '/same')
        assert.equal(await client.receiveStatus(), 'HTTP/1.1 200 OK')
        client.pause()
      }
      assert.equal(unsent.bytes, LARGE_BYTES)
      for (const client of clients) client.close()
      while (unsent.bytes > 0) await turn()
    })

    test('are let go of with their clients, however these leave', async (t) => {
      const debts = new Debts()
      const { open } = await listen(t, {}, debts)
      for (const leave of ['reset', 'close', 'end'] as const) {
        const connection = await open()
        connection.pause()
        const before = debts.given
        connection.request('GET', '/large')
        await debts.asked(before + 1)
        assert.ok(debts.owed > 0)
        connection[leave]()
        if (leave === 'end') connection.resume()
        await debts.settled()
      }
    })

    test('are let go of where their client has left before they are there', async (t) => {
      const debts = new Debts()
      const { open } = await listen(t, {}, debts)
      const leaving = await open()
      leaving.request('GET', '/later')
      await debts.asked(1)
      leaving.reset()
      const other = await open()
      for (let i = 0; i < 3; i++) await exchange(other, '/other')
      assert.equal(debts.owed, 1)
      debts.answerLater()
      await debts.settled()
    })

    test('are let go of where several were asked for at once', async (t) => {
      const debts = new Debts()
      const { open } = await listen(t, {}, debts)
      const connection = await open()
      connection.pause()
      connection.send('GET /large HTTP/1.1\r\nHost: probe\r\n\r\n'.repeat(3))
      await debts.asked(1)
      const other = await open()
      for (let i = 0; i < 3; i++) await exchange(other, '/other')
      connection.reset()
      await debts.settled()
    })

    test('are let go of when they were sent, or need not be', async (t) => {
      const debts = new Debts()
      const { open } = await listen(t, {}, debts)
      const connection = await open()
      for (const target of ['/small', '/large', '/small']) {
        connection.request('GET', target)
        await connection.receive()
        connection.request('HEAD', target)
        await connection.receive('HEAD')
        await debts.settled()
      }
      connection.request('POST', '/post', 'Content-Length: 5')
      await connection.receive()
      await debts.settled()
    })

    test('are let go of where nobody can tell whose they are, or the client asks too much', async (t) => {
      const debts = new Debts()
      const { open } = await listen(t, {}, debts)
      // Behind a HEAD, of a body that does not come, and behind an answer that is not there yet.
      for (const bytes of [
        'HEAD / HTTP/1.1\r\nHost: probe\r\n\r\nGET /large HTTP/1.1\r\nHost: probe\r\n\r\n',
        'HEAD / HTTP/1.1\r\nHost: probe\r\nContent-Length: 5\r\n\r\n',
        'GET /large HTTP/1.1\r\nHost: probe\r\nTransfer-Encoding: chunked\r\n\r\n',
        'GET /later HTTP/1.1\r\nHost: probe\r\n\r\n'.repeat(2),
      ]) {
        const connection = await open()
        const before = debts.given
        connection.send(bytes)
        await debts.asked(before + 1)
        const other = await open()
        await exchange(other, '/other')
        connection.reset()
        debts.answerLater()
        await exchange(other, '/other')
        debts.answerLater()
        await debts.settled()
      }
    })

    test('are let go of by a stop', async (t) => {
      const debts = new Debts()
      const { open, stop } = await listen(t, {}, debts)
      const [slow, waiting] = [await open(), await open()]
      slow.pause()
      slow.request('GET', '/large')
      waiting.request('GET', '/later')
      await debts.asked(2)
      await stop()
      debts.answerLater()
      await debts.settled()
    })
  })
}
