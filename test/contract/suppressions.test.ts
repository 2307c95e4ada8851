// Suppressions that can be seen: who, why and for how long, over both transports, in stats and in metrics; and the
// probes' bodies, which say nothing of it.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { HealthManager, type HealthManagerOptions, HealthServer } from '../../src/index.js'
import type { Transport } from '../../src/probe/choose-listener.js'
import { transports } from '../e2e/transports.js'
import { samplesOf } from '../unit/metrics-support.js'

async function start(t: TestContext, transport: Transport, options: HealthManagerOptions = {}) {
  const health = await HealthManager.start(options)
  t.after(() => health.stop())
  const server = new HealthServer(health, {
    host: '127.0.0.1',
    port: 0,
    readTimeoutMs: 1_000,
    transport,
  })
  const { port } = await server.start()
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  health.register('collector_manager').unhealthy('away')
  return { health, get }
}

for (const transport of transports) {
  describe(`suppressions over ${transport}`, () => {
    test('are in /components and in ?verbose while they hold, and in no other body', async (t) => {
      const { health, get } = await start(t, transport)
      const before = Date.now()
      health.suppressLiveness(60_000, { owner: 'collector', reason: 'restart' })
      const { suppressed, components } = JSON.parse(await get('/components'))
      assert.deepEqual(Object.keys(suppressed), ['liveness'])
      const { owner, reason, until, remainingMs } = suppressed.liveness
      assert.deepEqual({ owner, reason }, { owner: 'collector', reason: 'restart' })
      // The wall clock tells whole ms.
      assert.ok(Date.parse(until) >= before + 59_999 && Date.parse(until) <= Date.now() + 60_001)
      assert.ok(remainingMs > 0 && remainingMs <= 60_000)
      const plain = { collector_manager: { status: 'unhealthy', message: 'away' } }
      assert.deepEqual(components, plain)
      assert.match(
        await get('/livez?verbose'),
        /^\[\+\]suppressed ok: failures do not count for \d+\.\d s, until [\d-]+T[\d:.]+Z, owner: collector, reason: restart\n\[-\]collector_manager failed: unhealthy: away\nlivez check passed\n$/,
      )
      assert.deepEqual(JSON.parse(await get('/livez')), { status: 'healthy', components: plain })
      assert.equal(
        await get('/components/collector_manager'),
        '{"status":"unhealthy","message":"away"}\n',
      )
      health.clearLivenessSuppression()
      assert.deepEqual(JSON.parse(await get('/components')), { components: plain })
    })

    test('are in stats and metrics while they hold', async (t) => {
      const { health, get } = await start(t, transport)
      health.suppressReadiness(60_000, { owner: 'main', reason: 'start-up' })
      await health.flush()
      const { liveness, readiness } = (await health.stats()).suppressions
      assert.equal(liveness, undefined)
      assert.equal(readiness?.owner, 'main')
      assert.equal(readiness.reason, 'start-up')
      const text = await get('/metrics')
      assert.deepEqual(samplesOf(text, 'health_suppression_active'), [
        'health_suppression_active{probe="liveness"} 0',
        'health_suppression_active{probe="readiness"} 1',
      ])
      const [none, some] = samplesOf(text, 'health_suppression_remaining_seconds')
      assert.equal(none, 'health_suppression_remaining_seconds{probe="liveness"} 0')
      const seconds = Number(some?.split(' ')[1])
      assert.ok(seconds > 0 && seconds <= 60)
    })

    test('end at the maximum, whoever goes on asking', async (t) => {
      const { health, get } = await start(t, transport, { maxSuppressionMs: 50 })
      const end = performance.now() + 10_000
      let isEnforced = false
      while (!isEnforced && performance.now() < end) {
        health.suppressLiveness(60_000)
        isEnforced = (await get('/livez')).startsWith('{"status":"unhealthy"')
      }
      assert.ok(isEnforced)
      // Each of these comes in the time that the one before it has asked for.
      for (let i = 0; i < 20; i++) {
        health.suppressLiveness(50)
        await get('/livez')
      }
      assert.ok((await health.stats()).suppressionCuts > 0)
    })
  })
}
