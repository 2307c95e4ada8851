// What happens when the probe actor dies: another one answers on the same port, within the limit for restarts.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import { BroadcastChannel } from 'node:worker_threads'
import {
  type HealthError,
  HealthManager,
  HealthServer,
  type HealthServerOptions,
  type ServerRestart,
} from '../../src/index.js'
import { transports } from './transports.js'

const workerBaseUrl = new URL('./fixtures/crashing-workers/', import.meta.url)

/** A server on any port, and a channel by which its worker can be told to die. */
async function startServer(t: TestContext, options: HealthServerOptions) {
  const health = await HealthManager.start()
  t.after(() => health.stop())
  health.register('probed').healthy('as before')
  const server = new HealthServer(health, {
    host: '127.0.0.1',
    port: 0,
    workerBaseUrl,
    ...options,
  })
  const orders = new BroadcastChannel('probe-orders')
  t.after(() => orders.close())
  const { port } = await server.start()
  const probe = async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).text()
  return { server, orders, probe }
}

/** Promise.withResolvers, which Node.js 20 does not have. */
function deferred<T>() {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

const answer =
  '{"status":"healthy","components":{"probed":{"status":"healthy","message":"as before"}}}\n'

for (const transport of transports) {
  describe(`a probe actor on ${transport} that dies`, { timeout: 60_000 }, () => {
    for (const [order, exitCode] of [
      ['throw', 1],
      ['exit', 7],
    ] as const) {
      test(`by ${order} is started again on the same port`, async (t) => {
        const restarted = deferred<ServerRestart>()
        const onRestart = restarted.resolve
        const { server, orders, probe } = await startServer(t, { transport, onRestart })
        assert.equal(await probe(), answer)
        orders.postMessage(order)
        const { restarts, cause } = await restarted.promise
        assert.equal(restarts, 1)
        assert.match(cause.message, new RegExp(`exitCode=${exitCode}`))
        assert.equal(await probe(), answer)
        assert.deepEqual(server.actor, { name: 'probe', state: 'running', restarts: 1 })
      })
    }

    test('too often is given up, loudly', async (t) => {
      const failed = deferred<HealthError>()
      const options: HealthServerOptions = {
        transport,
        restarts: { max: 2, withinMs: 60_000 },
        onRestart: () => orders.postMessage('throw'),
        onError: failed.resolve,
      }
      const { server, orders, probe } = await startServer(t, options)
      orders.postMessage('throw')
      const error = await failed.promise
      assert.equal(error.code, 'ERR_HEALTH_UNAVAILABLE')
      assert.match(error.message, /keeps dying: .* restarts=2 withinMs=60000: .*ordered to die/)
      assert.deepEqual(server.actor, { name: 'probe', state: 'failed', restarts: 2 })
      await assert.rejects(probe())
    })
  })
}

test('a server without onError warns when it gives up', async (t) => {
  const { orders } = await startServer(t, { restarts: { max: 0 } })
  const warned = once(process, 'warning')
  orders.postMessage('exit')
  assert.match(String((await warned)[0]), /probes are no longer answered/)
})

test('a callback that throws costs a warning, not the server', async (t) => {
  const onRestart = () => {
    throw new Error('a bug in the callback')
  }
  const { orders, probe } = await startServer(t, { onRestart })
  const warned = once(process, 'warning')
  orders.postMessage('exit')
  assert.match(String((await warned)[0]), /a bug in the callback/)
  assert.equal(await probe(), answer)
})

test('a server that is stopped while it waits for a restart stays stopped', async (t) => {
  let restarts = 0
  const onRestart = () => {
    restarts++
    if (restarts === 1) orders.postMessage('exit')
  }
  const { server, orders, probe } = await startServer(t, { onRestart })
  orders.postMessage('exit')
  while (server.actor.restarts === 0 || server.actor.state !== 'restarting') {
    await new Promise((resolve) => setImmediate(resolve))
  }
  await server.stop()
  assert.equal(server.actor.state, 'stopped')
  assert.equal(restarts, 1)
  await assert.rejects(probe())
})
