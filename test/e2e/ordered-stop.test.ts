// What probes are told while a runtime stops in order.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HealthManager, HealthServer } from '../../src/index.js'

const DEADLINE_MS = 500

test('a component that can not beat any more does not fail liveness while observers are told of the last', async (t) => {
  const policy = { liveness: ['main'], readiness: ['main'] }
  const health = await HealthManager.start({ policy, observerDrainMs: 60_000 })
  t.after(() => health.stop())
  const server = new HealthServer(health, { host: '127.0.0.1', port: 0 })
  const { port } = await server.start()
  const livez = async () => (await fetch(`http://127.0.0.1:${port}/livez`)).status
  let finish = () => {}
  const told = new Promise<void>((resolve) => {
    finish = resolve
  })
  await health.setTransitionObserver(() => told)
  // The first request takes long on a busy machine, longer than what follows may be silent.
  assert.equal(await livez(), 200)
  const main = health.register('main', { deadlineMs: DEADLINE_MS })
  main.healthy('collecting')
  const stopping = health.stop()
  const end = performance.now() + 2 * DEADLINE_MS
  const codes = new Set<number>()
  while (performance.now() < end) codes.add(await livez())
  finish()
  await stopping
  assert.deepEqual([...codes], [200])
})
