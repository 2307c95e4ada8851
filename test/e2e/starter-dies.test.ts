// The thread that started the runtime dies, and the manager with it: nobody restarts it, and those who read must learn of it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setInterval } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type HealthHandle, HealthManager, HealthServer } from '../../src/index.js'

async function attachTo(t: TestContext) {
  const worker = new Worker(new URL('./support/starting-worker.js', import.meta.url))
  // What it throws is its end, not that of this process.
  worker.on('error', () => {})
  t.after(() => worker.terminate())
  const [handle] = (await once(worker, 'message')) as [HealthHandle]
  const health = HealthManager.attach(handle)
  t.after(() => health.stop())
  return { worker, health }
}

for (const ending of ['throw', 'exit', 'end']) {
  test(`a starter that ends by "${ending}" leaves a runtime that says so at once`, async (t) => {
    const { worker, health } = await attachTo(t)
    assert.deepEqual([...health.buildReport().keys()], ['collector_manager'])
    // Not by `once` of node:events, which rejects at the error that comes first.
    const exited = new Promise((resolve) => worker.once('exit', resolve))
    worker.postMessage(ending)
    await exited
    const { report, error } = health.checkLiveness()
    assert.equal(error, undefined)
    assert.match(
      report.get('health_runtime')?.message ?? '',
      /the thread that had started it ended/,
    )
    assert.equal(report.get('collector_manager')?.message, 'fine')
    assert.throws(() => health.register('late'), { code: 'ERR_HEALTH_UNAVAILABLE' })
  })
}

test('a server of another thread says so when the starter was terminated', {
  timeout: 60_000,
}, async (t) => {
  const { worker, health } = await attachTo(t)
  const server = new HealthServer(health, { host: '127.0.0.1', port: 0, transport: 'node' })
  const { port } = await server.start()
  await worker.terminate()
  for await (const _ of setInterval(200)) {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`)
    assert.equal(answer.status, 200)
    const { components } = (await answer.json()) as {
      components: Record<string, { status: string; message: string }>
    }
    assert.equal(components['collector_manager']?.message, 'fine')
    if (components['health_runtime'] === undefined) continue
    assert.equal(components['health_runtime'].status, 'degraded')
    assert.match(components['health_runtime'].message, /no sign of life since 20/)
    return
  }
})
