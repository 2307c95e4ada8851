// Observers of threads that have ended without a stop: nobody is told in their stead, and nobody waits for them.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { HealthManager } from '../../src/index.js'

async function rig(t: TestContext) {
  const health = await HealthManager.start({ observerDrainMs: 600_000 })
  t.after(() => health.stop())
  const worker = new Worker(new URL('./fixtures/observing-worker.js', import.meta.url), {
    workerData: health.handle(),
  })
  t.after(() => worker.terminate())
  health.adopt(worker)
  await once(worker, 'message')
  health.register('x').healthy('told to nobody')
  await health.flush()
  assert.equal((await health.stats()).observer.kind, 'function')
  return { health, worker }
}

test('the term of an observer ends with its thread', { timeout: 60_000 }, async (t) => {
  const { health, worker } = await rig(t)
  worker.postMessage('end')
  await once(worker, 'exit')
  await health.flush()
  assert.equal((await health.stats()).observer.kind, 'none')
})

test('an observer whose thread was terminated is none any more', { timeout: 60_000 }, async (t) => {
  const { health, worker } = await rig(t)
  await worker.terminate()
  const { kind, lag, cursor } = (await health.stats()).observer
  assert.deepEqual({ kind, lag, cursor }, { kind: 'none', lag: 0, cursor: 1 })
})

test('a stop does not wait for a terminated thread’s observer, whoever has its mailbox by now', {
  timeout: 60_000,
}, async (t) => {
  const { health, worker } = await rig(t)
  await worker.terminate()
  // One of them has the mailbox, once the manager has made it free.
  for (let i = 0; i < 8; i++) {
    await health.flush()
    const other = HealthManager.attach(health.handle())
    t.after(() => other.stop())
  }
  await health.stop()
})
