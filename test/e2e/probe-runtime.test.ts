// Probes of a real runtime: what any thread has reported is in the next answer, whatever else is going on.
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { HealthManager, HealthServer, HealthStatus } from '../../src/index.js'
import type { Transport } from '../../src/probe/choose-listener.js'
import { terminateManagerForFault } from '../../src/runtime/faults.js'
import { transports } from './transports.js'

async function startRuntime(t: TestContext, transport: Transport) {
  const health = await HealthManager.start()
  t.after(() => health.stop())
  // As long as is allowed, for a busy machine: what is shown here is what a read waits for, not how long.
  const readTimeoutMs = 1_000
  const server = new HealthServer(health, { host: '127.0.0.1', port: 0, transport, readTimeoutMs })
  const { port } = await server.start()
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return { status: response.status, body: await response.text() }
  }
  return { health, server, get }
}

for (const transport of transports) {
  describe(`probes over ${transport}`, () => {
    test('tell of an empty runtime that it is alive and not ready', async (t) => {
      const { get } = await startRuntime(t, transport)
      assert.deepEqual(await get('/livez'), { status: 200, body: '{"status":"healthy"}\n' })
      assert.deepEqual(await get('/readyz'), {
        status: 503,
        body: '{"status":"not ready","error":"collector_manager is not registered"}\n',
      })
    })

    test('tell of components that are registered and untouched', async (t) => {
      const { health, get } = await startRuntime(t, transport)
      health.register('dakr_transport')
      health.register('collector_manager')
      assert.deepEqual(await get('/readyz'), {
        status: 503,
        body: '{"status":"not ready","error":"collector_manager is not ready (status: unspecified)","components":{"collector_manager":{"status":"unspecified"},"dakr_transport":{"status":"unspecified"}}}\n',
      })
    })

    test('tell of a healthy and a degraded component that the program is ready', async (t) => {
      const { health, get } = await startRuntime(t, transport)
      health.register('collector_manager').healthy('55/60 active', { active: '55' })
      health.register('dakr_transport').degraded('retrying')
      assert.deepEqual(await get('/readyz'), {
        status: 200,
        body: '{"status":"ready","components":{"collector_manager":{"status":"healthy","message":"55/60 active","metadata":{"active":"55"}},"dakr_transport":{"status":"degraded","message":"retrying"}}}\n',
      })
    })

    test('tell of an unhealthy component why the program is not alive', async (t) => {
      const { health, get } = await startRuntime(t, transport)
      health.register('collector_manager').unhealthy('no collectors running')
      assert.deepEqual(await get('/healthz'), {
        status: 503,
        body: '{"status":"unhealthy","error":"collector_manager is unhealthy: no collectors running","components":{"collector_manager":{"status":"unhealthy","message":"no collectors running"}}}\n',
      })
    })

    test('carry every character that a message can hold', async (t) => {
      const { health, get } = await startRuntime(t, transport)
      const metadata = JSON.parse('{"__proto__":"\\ud83d\\ude00","\\uffee":"\\u007f"}')
      health.register('<é>').healthy('a\u2028b\b\f\u0001"\\', metadata)
      assert.equal(
        (await get('/livez')).body,
        '{"status":"healthy","components":{"\\u003cé\\u003e":{"status":"healthy","message":"a\\u2028b\\b\\f\\u0001\\"\\\\","metadata":{"__proto__":"\u{1f600}","\uffee":"\u007f"}}}}\n',
      )
    })

    test('tell each update in the next answer', async (t) => {
      const { health, get } = await startRuntime(t, transport)
      const reporter = health.register('collector_manager')
      for (let round = 0; round < 200; round++) {
        const isHealthy = round % 2 === 0
        const status = isHealthy ? HealthStatus.Healthy : HealthStatus.Unhealthy
        reporter.update(status, `round ${round}`)
        const { status: code, body } = await get('/healthz')
        assert.equal(code, isHealthy ? 200 : 503)
        assert.equal(JSON.parse(body).components.collector_manager.message, `round ${round}`)
      }
    })

    test('tell that a component is gone', async (t) => {
      const { health, get } = await startRuntime(t, transport)
      health.register('collector_manager').unhealthy('away')
      assert.equal((await get('/livez')).status, 503)
      health.deregister('collector_manager')
      assert.deepEqual(await get('/livez'), { status: 200, body: '{"status":"healthy"}\n' })
    })

    test('pass in standby and under suppression, with the same components', async (t) => {
      const { health, get } = await startRuntime(t, transport)
      health.register('collector_manager').unhealthy('away')
      const components =
        '"components":{"collector_manager":{"status":"unhealthy","message":"away"}}}\n'
      health.setStandby(true)
      assert.equal((await get('/readyz')).body, `{"status":"ready",${components}`)
      health.setStandby(false)
      assert.equal((await get('/readyz')).status, 503)
      health.suppressLiveness(60_000)
      assert.equal((await get('/livez')).body, `{"status":"healthy",${components}`)
      health.clearLivenessSuppression()
      assert.equal((await get('/livez')).status, 503)
    })

    test('are answered while the manager is away, and tell what was reported meanwhile once it is back', async (t) => {
      const { health, get } = await startRuntime(t, transport)
      const reporter = health.register('collector_manager')
      reporter.healthy('before')
      await health.flush()
      const restarted = new Promise((resolve) => health.on('restart', resolve))
      await terminateManagerForFault(health)
      assert.equal((await get('/livez')).status, 200)
      reporter.unhealthy('meanwhile')
      await restarted
      assert.equal((await get('/livez')).status, 503)
    })

    test('tell that the manager was given up', async (t) => {
      const health = await HealthManager.start({ restarts: { max: 0 } })
      t.after(() => health.stop())
      health.register('collector_manager').healthy('as before')
      const server = new HealthServer(health, { host: '127.0.0.1', port: 0, transport })
      const { port } = await server.start()
      const components = async (path: string) => {
        const body = await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
        return JSON.parse(body).components
      }
      await health.flush()
      const before = { collector_manager: { status: 'healthy', message: 'as before' } }
      assert.deepEqual(await components('/livez'), before)
      const failed = new Promise((resolve) => health.on('error', resolve))
      await terminateManagerForFault(health)
      await failed
      for (const path of ['/livez', '/readyz']) {
        const { health_runtime: runtime, ...others } = await components(path)
        assert.equal(runtime.status, 'degraded')
        assert.match(runtime.message, /manager actor .* was given up/)
        assert.deepEqual(others, before)
      }
    })

    test('wait no longer than they may for a manager that is away', async (t) => {
      const health = await HealthManager.start({ restarts: { max: 0 } })
      t.after(() => health.stop())
      const reporter = health.register('collector_manager')
      reporter.healthy('applied')
      await health.flush()
      const failed = new Promise((resolve) => health.on('error', resolve))
      await terminateManagerForFault(health)
      await failed
      reporter.unhealthy('never applied')
      const server = new HealthServer(health, { host: '127.0.0.1', port: 0, transport })
      const { port } = await server.start()
      const body = await (await fetch(`http://127.0.0.1:${port}/livez`)).text()
      assert.equal(JSON.parse(body).components.collector_manager.message, 'applied')
    })

    test('end with the runtime', async (t) => {
      const { health, server, get } = await startRuntime(t, transport)
      await health.stop()
      assert.equal(server.actor.state, 'stopped')
      await assert.rejects(get('/livez'))
    })
  })
}
