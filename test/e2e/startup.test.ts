// `/startupz` of a program that was ready while nobody looked: the manager actor notices it, whoever asks afterwards.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HealthManager, HealthServer } from '../../src/index.js'
import { terminateManagerForFault } from '../../src/runtime/faults.js'

async function startProgram(t: TestContext) {
  const health = await HealthManager.start({ policy: { readiness: ['main', 'link'] } })
  t.after(() => health.stop())
  const main = health.register('main')
  const link = health.register('link')
  const serve = async () => {
    const server = new HealthServer(health, { host: '127.0.0.1', port: 0, readTimeoutMs: 1_000 })
    const { port } = await server.start()
    return async () => (await fetch(`http://127.0.0.1:${port}/startupz`)).status
  }
  return { health, main, link, serve }
}

test('readiness of a moment between two probes is enough for /startupz', async (t) => {
  const { main, link, serve } = await startProgram(t)
  const ask = await serve()
  main.healthy()
  assert.equal(await ask(), 503)
  link.degraded()
  link.unhealthy()
  assert.equal(await ask(), 200)
})

test('it is remembered by servers that start later, and after a restart of the manager', async (t) => {
  const { health, main, link, serve } = await startProgram(t)
  main.healthy()
  link.healthy()
  main.unhealthy()
  await health.flush()
  const restarted = new Promise((resolve) => health.on('restart', resolve))
  await terminateManagerForFault(health)
  await restarted
  const ask = await serve()
  assert.equal(await ask(), 200)
  link.unhealthy()
  assert.equal(await ask(), 200)
})

test('a moment in standby is enough', async (t) => {
  const { health, serve } = await startProgram(t)
  const ask = await serve()
  health.setStandby(true)
  health.setStandby(false)
  assert.equal(await ask(), 200)
})

test('a suppression is no evidence of a start, and hides none', async (t) => {
  const { health, main, link, serve } = await startProgram(t)
  const ask = await serve()
  health.suppressReadiness(3_600_000)
  assert.equal(await ask(), 503)
  main.healthy()
  link.healthy()
  link.unhealthy()
  assert.equal(await ask(), 200)
})

test('a start-up that advances is excused for longer, one that stalls is not', async (t) => {
  const policy = { liveness: ['main'], readiness: ['main'] }
  const health = await HealthManager.start({ policy })
  t.after(() => health.stop())
  const startup = { suppressMs: 100 }
  const server = new HealthServer(health, { host: '127.0.0.1', port: 0, startup })
  const { port } = await server.start()
  const codes = async () => {
    const paths = ['/startupz', '/livez']
    const asked = paths.map(async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).status)
    return (await Promise.all(asked)).join()
  }
  const until = async (expected: string) => {
    while ((await codes()) !== expected);
  }
  const main = health.register('main', { progress: { stallMs: 200 } })
  main.unhealthy('migrating')
  health.suppressLiveness(100)
  await until('503,503')
  main.progress(1, 1)
  assert.equal(await codes(), '200,200')
  main.progress(2, 1)
  await until('503,503')
  main.progress(3, 2)
  assert.equal(await codes(), '200,200')
  main.healthy('started')
  main.unhealthy('broken')
  assert.equal(await codes(), '200,503')
})
