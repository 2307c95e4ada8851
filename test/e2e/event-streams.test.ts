import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HealthManager, HealthServer, type HealthServerOptions } from '../../src/index.js'
import { EventClient } from '../contract/event-client.js'
import { transports } from './transports.js'

async function start(t: TestContext, options: HealthServerOptions) {
  const health = await HealthManager.start()
  t.after(() => health.stop())
  const server = new HealthServer(health, { host: '127.0.0.1', port: 0, ...options })
  const { port } = await server.start()
  const open = async (target?: string, ...headers: string[]) => {
    const client = await EventClient.open(port, target, ...headers)
    t.after(() => client.close())
    return client
  }
  return { health, server, open, port, reporter: health.register('c') }
}

for (const transport of transports) {
  test(`a program's streams over ${transport} tell its transitions, resume, and end with its stop`, async (t) => {
    const { health, open, port, reporter } = await start(t, { transport })
    const client = await open()
    await client.heartbeat()
    reporter.healthy('one')
    reporter.degraded('two')
    assert.equal((await client.next()).id, 1)
    const { eventId, data } = await client.next()
    assert.equal(data['message'], 'two')
    client.close()
    reporter.unhealthy('three')
    const again = await open('/events', `Last-Event-ID: ${eventId}`)
    assert.equal((await again.next()).data['message'], 'three')
    const response = await fetch(`http://127.0.0.1:${port}/transitions?component=c&limit=1`)
    const { transitions } = (await response.json()) as { transitions: { number: number }[] }
    assert.equal(transitions[0]?.number, 3)
    // Applied during the stop, and told before the streams end.
    reporter.healthy('four')
    await health.stop()
    assert.equal((await again.next()).data['message'], 'four')
    assert.equal(await again.ended(), true)
  })

  test(`the stop of a server over ${transport} ends its streams and leaves the runtime alone`, async (t) => {
    const { health, server, open, reporter } = await start(t, { transport })
    const client = await open()
    await client.heartbeat()
    await server.stop()
    assert.equal(await client.ended(), true)
    reporter.healthy('still there')
    assert.equal(health.history().length, 1)
  })

  test(`streams over ${transport} are bounded by an option, 0 is none`, async (t) => {
    const { port } = await start(t, { transport, limits: { maxStreams: 0 } })
    assert.equal((await fetch(`http://127.0.0.1:${port}/events`)).status, 503)
  })
}

test('as many streams as would leave no connection to probes are refused', async (t) => {
  const health = await HealthManager.start()
  t.after(() => health.stop())
  for (const limits of [
    { maxStreams: 513 },
    { maxStreams: -1 },
    { maxConnections: 20, maxStreams: 11 },
  ]) {
    assert.throws(() => new HealthServer(health, { limits }), /limits\.maxStreams=-?\d+: must be/)
  }
})
