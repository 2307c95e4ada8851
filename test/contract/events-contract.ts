// How every transport must answer `/transitions` and `/events`, as one suite that each of them passes.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { RegionSizes } from '../../src/memory/layout.js'
import { runtimeIdOf } from '../../src/memory/region.js'
import type { HealthStatus } from '../../src/model/health-status.js'
import { EventStreams, type EventStreamsOptions } from '../../src/probe/event-streams.js'
import type { ListenerLimits, ProbeHandler, ProbeListener } from '../../src/probe/listener.js'
import { createProbeHandler, type RouteOptions } from '../../src/probe/routes.js'
import { FakeReader, OPEN_TO_ALL } from '../fake-reader.js'
import { Bench } from '../unit/core-support.js'
import { EventClient } from './event-client.js'
import { RawConnection } from './raw-connection.js'
import { PATIENT, SHORT_MS } from './support/clients.js'

type Create = (handler: ProbeHandler, limits: ListenerLimits) => ProbeListener

interface Setting {
  readonly sizes?: Partial<RegionSizes>
  readonly limits?: Partial<ListenerLimits>
  readonly streams?: Partial<EventStreamsOptions>
  readonly options?: RouteOptions
}

const NEVER = 600_000

export function describeEventsContract(name: string, createListener: Create): void {
  /** A journal, a reporter that writes to it, and a listener that tells of it. */
  async function start(t: TestContext, setting: Setting = {}) {
    const bench = new Bench({ maxPayloadBytes: 4096, heapBytes: 1 << 20, ...setting.sizes })
    const attachment = bench.attach()
    const reporters = ['one', 'two'].map((component) => bench.register(attachment, component))
    const streams = new EventStreams(bench.region, {
      maxStreams: 50,
      heartbeatMs: NEVER,
      ...setting.streams,
    })
    const reader = new FakeReader()
    const handler = createProbeHandler(reader, {
      ...OPEN_TO_ALL,
      ...setting.options,
      transitions: { region: bench.region, streams },
    })
    const listener = createListener(handler, { ...PATIENT, ...setting.limits })
    const { port } = await listener.start('127.0.0.1', 0)
    const stop = async () => {
      streams.close()
      await listener.stop()
    }
    t.after(stop)
    let turn = 0
    /** So many transitions in a row. */
    const flip = (count = 1, message = '', component = 0) => {
      for (let i = 0; i < count; i++) {
        turn++
        reporters[component]!.update((1 + (turn % 3)) as HealthStatus, message, { turn: `${turn}` })
        bench.drain.run()
      }
    }
    const open = async (target?: string, ...headers: string[]) => {
      const client = await EventClient.open(port, target, ...headers)
      t.after(() => client.close())
      return client
    }
    const get = async (target: string, method = 'GET', ...headers: string[]) => {
      const connection = await RawConnection.open(port)
      t.after(() => connection.close())
      connection.request(method, target, ...headers)
      return connection.receive(method)
    }
    const runtimeId = runtimeIdOf(bench.region)
    const lastEventId = (number: number) => `Last-Event-ID: ${runtimeId}-${number}`
    return { bench, streams, reader, stop, flip, open, get, port, lastEventId }
  }

  const numbersOf = (body: string) =>
    JSON.parse(body).transitions.map(({ number }: { number: number }) => number)

  describe(`transitions over ${name}`, () => {
    test('answers with the last ones, the oldest first', async (t) => {
      const { flip, get } = await start(t)
      assert.equal((await get('/transitions')).body, '{"transitions":[]}\n')
      flip(5, 'hello')
      const { statusLine, headers, body } = await get('/transitions?limit=2')
      assert.match(statusLine, /200/)
      assert.equal(headers.get('content-type'), 'application/json')
      assert.equal(headers.get('cache-control'), 'no-store')
      const { transitions } = JSON.parse(body)
      assert.ok(Math.abs(Date.parse(transitions[1].at) - Date.now()) < 60_000)
      delete transitions[1].at
      assert.deepEqual(transitions[1], {
        number: 5,
        component: 'one',
        oldStatus: 'degraded',
        newStatus: 'unhealthy',
        message: 'hello',
        metadata: { turn: '5' },
      })
      assert.equal(transitions[0].number, 4)
      assert.equal(transitions.length, 2)
    })

    test('answers with those of one component', async (t) => {
      const { flip, get } = await start(t)
      for (let i = 0; i < 10; i++) flip(1, '', i % 2)
      assert.deepEqual(
        numbersOf((await get('/transitions?component=two&limit=3')).body),
        [6, 8, 10],
      )
      assert.deepEqual(numbersOf((await get('/transitions?component=none')).body), [])
    })

    test('answers with no more than the journal keeps, and a hundred where nothing is said', async (t) => {
      const { bench, flip, get } = await start(t, { sizes: { journalBytes: 64 * 256 } })
      flip(300)
      const numbers = numbersOf((await get('/transitions')).body)
      assert.deepEqual([numbers[0], numbers.length], [201, 100])
      const all = numbersOf((await get('/transitions?limit=1000')).body)
      assert.ok(all.length <= bench.region.layout.journalRecords)
      assert.deepEqual([all[0], all.at(-1)], [301 - all.length, 300])
    })

    for (const target of [
      '/transitions?limit=0',
      '/transitions?limit=1001',
      '/transitions?limit=x',
      '/events?from=0',
      '/events?from=soon',
    ]) {
      test(`refuses ${target}`, async (t) => {
        const { get } = await start(t)
        const { statusLine, body } = await get(target)
        assert.match(statusLine, /400/)
        assert.match(body, /^{"error":"(limit|from)=/)
      })
    }

    for (const id of ['x', '17', '0123456789abcdef-', '0123456789ABCDEF-1']) {
      test(`refuses what is the id of no event: ${id}`, async (t) => {
        const { get } = await start(t)
        const { statusLine, body } = await get('/events', 'GET', `Last-Event-ID: ${id}`)
        assert.match(statusLine, /400/)
        assert.match(body, /^{"error":"Last-Event-ID=/)
      })
    }

    test('shows the history to nobody else than components', async (t) => {
      const token = 'a-token-of-twenty-chars'
      const closed = await start(t, {
        options: { audience: { detail: 'never', token: undefined } },
      })
      // Clients on loopback are authorized, so the guard is asked alone.
      const guarded = createProbeHandler(new FakeReader(), {
        audience: { detail: 'authorized', token },
        transitions: { region: closed.bench.region, streams: closed.streams },
      })
      for (const target of ['/transitions', '/events']) {
        assert.match((await closed.get(target)).statusLine, /404/)
        const answer = await guarded({
          method: 'GET',
          target,
          header: () => '',
          isFromLoopback: () => false,
          remoteAddress: () => '192.0.2.1',
        })
        assert.equal(answer.status, 401)
        assert.equal(answer.stream, undefined)
      }
    })

    test('says why, where the runtime cannot be read', async (t) => {
      const { reader, get } = await start(t)
      reader.failure = new Error('stopped')
      for (const target of ['/transitions', '/events']) {
        const { statusLine, body } = await get(target)
        assert.match(statusLine, /503/)
        assert.equal(body, '{"error":"stopped"}\n')
      }
    })
  })

  describe(`event streams over ${name}`, () => {
    test('tell each transition as it comes', async (t) => {
      const { flip, open } = await start(t)
      flip(3)
      const client = await open()
      const head = await client.head()
      assert.match(head, /^HTTP\/1\.1 200 /)
      assert.match(head, /^content-type: text\/event-stream$/im)
      assert.match(head, /^cache-control: no-store$/im)
      await client.heartbeat()
      flip(2, 'line one\nline two')
      const { id, event, data } = await client.next()
      assert.deepEqual([id, event, data['number']], [4, 'transition', 4])
      assert.equal(data['message'], 'line one\nline two')
      assert.equal((await client.next()).id, 5)
      flip()
      assert.equal((await client.next()).id, 6)
    })

    test('begin where they are asked to', async (t) => {
      const { flip, open, lastEventId } = await start(t)
      flip(5)
      for (const [target, header, first] of [
        ['/events?from=oldest', undefined, 1],
        ['/events?from=3', undefined, 3],
        ['/events', lastEventId(2), 3],
        ['/events?from=1', lastEventId(4), 5],
        ['/events', lastEventId(0), 1],
      ] as const) {
        const client = await open(target, ...(header === undefined ? [] : [header]))
        for (let id = first; id <= 5; id++) assert.equal((await client.next()).id, id)
      }
    })

    test('tell a gap where the journal has lost some, once', async (t) => {
      const { flip, open, lastEventId } = await start(t, { sizes: { journalBytes: 64 * 8 } })
      flip(20)
      const client = await open('/events', lastEventId(2))
      const gap = await client.next()
      assert.equal(gap.event, 'gap')
      assert.deepEqual(gap.data, { missed: gap.id - 2 })
      assert.equal((await client.next()).id, gap.id + 1)
      const again = await open('/events', `Last-Event-ID: ${gap.eventId}`)
      assert.equal((await again.next()).event, 'transition')
    })

    test('tell a client of another life of the program that it has missed some, and all of this one', async (t) => {
      const before = await start(t)
      before.flip(1)
      const stranger = await before.open('/events?from=oldest')
      const header = `Last-Event-ID: ${(await stranger.next()).eventId}`
      const { flip, open } = await start(t)
      flip(2)
      const client = await open('/events', header)
      const { id, eventId, event, data } = await client.next()
      assert.deepEqual([id, event, data], [0, 'gap', { missed: null }])
      for (const number of [1, 2]) assert.equal((await client.next()).id, number)
      // Who has heard of the change alone goes on behind it.
      const again = await open('/events', `Last-Event-ID: ${eventId}`)
      assert.equal((await again.next()).id, 1)
    })

    test('tell such a client of the gap in this life as well, where the journal has lost some', async (t) => {
      const { flip, open } = await start(t, { sizes: { journalBytes: 64 * 8 } })
      flip(20)
      const client = await open('/events', 'Last-Event-ID: 0123456789abcdef-7')
      assert.deepEqual((await client.next()).data, { missed: null })
      const gap = await client.next()
      assert.deepEqual([gap.event, gap.data], ['gap', { missed: gap.id }])
      assert.equal((await client.next()).id, gap.id + 1)
    })

    test('of a client that takes nothing go on with a gap, and hold up nobody', async (t) => {
      const { flip, open, get, streams } = await start(t, { sizes: { journalBytes: 64 * 64 } })
      const [slow, quick] = [await open(), await open()]
      await Promise.all([slow.heartbeat(), quick.heartbeat()])
      slow.pause()
      // More than the system takes for a client, and then more than the journal keeps, in pieces that a quick one is told of
      // without a gap.
      const message = 'x'.repeat(4_000)
      let told = 0
      for (let rounds = 4; rounds > 0; ) {
        if (streams.blockedCount > 0) rounds--
        flip(32, message)
        for (let i = 0; i < 32; i++) {
          const { event, id } = await quick.next()
          assert.deepEqual([event, id], ['transition', ++told])
        }
      }
      assert.match((await get('/healthz')).statusLine, /200/)
      assert.equal(streams.count, 2)
      slow.resume()
      let last = 0
      let missed = 0
      while (last < told) {
        const { id, event, data } = await slow.next()
        if (event === 'gap') {
          missed += Number(data['missed'])
          assert.equal(id, last + Number(data['missed']))
        } else {
          assert.equal(id, last + 1)
        }
        last = id
      }
      assert.ok(missed > 0)
    })

    test('of a client that takes nothing for too long are closed', async (t) => {
      const streams = { heartbeatMs: 2 * SHORT_MS, stalledMs: SHORT_MS }
      const { flip, open, streams: hub } = await start(t, { streams })
      const slow = await open()
      await slow.heartbeat()
      slow.pause()
      while (hub.count > 0) {
        flip(16, 'x'.repeat(4_000))
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      slow.resume()
      assert.equal(await slow.ended(), false)
    })

    test('are kept alive, and neither late nor idle', async (t) => {
      const { flip, open } = await start(t, {
        limits: { headersTimeoutMs: SHORT_MS, idleTimeoutMs: SHORT_MS },
        streams: { heartbeatMs: SHORT_MS },
      })
      const client = await open()
      for (let beat = 0; beat < 10; beat++) await client.heartbeat()
      flip()
      assert.equal((await client.next()).id, 1)
    })

    test('do not give way to new connections', async (t) => {
      const { flip, open, get } = await start(t, { limits: { maxConnections: 3 } })
      const client = await open()
      await client.heartbeat()
      for (let i = 0; i < 20; i++) assert.match((await get('/healthz')).statusLine, /200/)
      flip()
      assert.equal((await client.next()).id, 1)
    })

    test('are bounded, and those that leave make room', async (t) => {
      const { open, get, streams } = await start(t, { streams: { maxStreams: 2 } })
      const clients = [await open(), await open()]
      for (const client of clients) await client.heartbeat()
      const { statusLine, body } = await get('/events')
      assert.match(statusLine, /503/)
      assert.equal(body, '{"error":"too many event streams: maxStreams=2"}\n')
      assert.match((await get('/healthz')).statusLine, /200/)
      clients[0]!.close()
      while (streams.count > 1) await new Promise((resolve) => setImmediate(resolve))
      const next = await open()
      await next.heartbeat()
      assert.equal(streams.count, 2)
    })

    test('a thousand of them are all told', async (t) => {
      const { flip, open, get, streams } = await start(t, {
        limits: { maxConnections: 2_000 },
        streams: { maxStreams: 1_000 },
      })
      const clients: EventClient[] = []
      for (let i = 0; i < 1_000; i++) clients.push(await open())
      for (const client of clients) await client.heartbeat()
      assert.equal(streams.count, 1_000)
      assert.match((await get('/events')).statusLine, /503/)
      flip(3)
      assert.match((await get('/healthz')).statusLine, /200/)
      for (const client of clients) {
        for (let id = 1; id <= 3; id++) assert.equal((await client.next()).id, id)
      }
    })

    test('end at the stop, behind what was journaled before it', async (t) => {
      const { flip, open, stop, port } = await start(t)
      const client = await open()
      await client.heartbeat()
      flip(2)
      await stop()
      assert.deepEqual([(await client.next()).id, (await client.next()).id], [1, 2])
      assert.equal(await client.ended(), true)
      await assert.rejects(EventClient.open(port), { code: 'ECONNREFUSED' })
    })

    test('survive clients that leave at any time', async (t) => {
      const { flip, get, port, streams } = await start(t)
      for (let i = 0; i < 50; i++) {
        const client = await EventClient.open(port, '/events?from=oldest')
        if (i % 2 === 0) await client.heartbeat()
        flip(3, 'x'.repeat(1_000))
        client.close()
      }
      while (streams.count > 0) await new Promise((resolve) => setImmediate(resolve))
      assert.match((await get('/healthz')).statusLine, /200/)
    })

    test('are nothing to a HEAD, nor to another method', async (t) => {
      const { get, streams } = await start(t)
      const { statusLine, headers } = await get('/events', 'HEAD')
      assert.match(statusLine, /200/)
      assert.equal(headers.get('content-type'), 'text/event-stream')
      assert.match((await get('/events', 'POST')).statusLine, /405/)
      assert.equal(streams.count, 0)
    })

    test('have the same head for a HEAD, which says of no length and is the last', async (t) => {
      const { open, port } = await start(t, { streams: { maxStreams: 1 } })
      const connection = await RawConnection.open(port)
      t.after(() => connection.close())
      connection.request('HEAD', '/events')
      const { statusLine, headers } = await connection.receive('HEAD')
      assert.equal(statusLine, 'HTTP/1.1 200 OK')
      assert.equal(await connection.ended(), '')
      const client = await open()
      const fields = (await client.head()).split('\r\n').slice(1)
      const names = fields.map((field) => field.slice(0, field.indexOf(':')).toLowerCase())
      const framing = 'transfer-encoding'
      assert.deepEqual(
        [...headers.keys()].sort(),
        names.filter((each) => each !== framing && each !== '').sort(),
      )
      assert.equal(headers.get('x-accel-buffering'), 'no')
      assert.equal(headers.get('connection'), 'close')
      assert.equal(headers.has('content-length'), false)
      // Where there is no room, both are told so.
      await client.heartbeat()
      const full = await RawConnection.open(port)
      t.after(() => full.close())
      full.request('HEAD', '/events')
      assert.match((await full.receive('HEAD')).statusLine, /503/)
    })
  })
}
