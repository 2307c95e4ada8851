// prom-client costs memory and time to load: only the probe actor may have it.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

/** The modules of prom-client that a process of its own has loaded after it has imported this one. */
async function loadedBy(path: string, run: string): Promise<string[]> {
  const url = new URL(path, import.meta.url).href
  const program = `
    import { createRequire } from 'node:module'
    const loaded = await import(${JSON.stringify(url)})
    ${run}
    const cached = Object.keys(createRequire(${JSON.stringify(import.meta.url)}).cache)
    console.log(JSON.stringify(cached.filter((file) => file.includes('prom-client'))))`
  const args = ['--input-type=module', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout)
}

test('importing the package and starting a server loads no prom-client into this thread', async () => {
  const run = `
    const health = await loaded.HealthManager.start()
    const server = new loaded.HealthServer(health, { host: '127.0.0.1', port: 0 })
    const { port } = await server.start()
    const { status } = await fetch('http://127.0.0.1:' + port + '/metrics')
    if (status !== 200) throw new Error('status=' + status)
    await health.stop()`
  assert.deepEqual(await loadedBy('../../src/index.js', run), [])
})

test('the probe actor’s own module loads it when metrics are made, not before', async () => {
  assert.deepEqual(await loadedBy('../../src/probe/probe-actor.js', ''), [])
  const run = `await loaded.createMetrics({ policy: { liveness: [], readiness: [] } }, { detail: 'never' })`
  const loaded = await loadedBy('../../src/probe/metrics.js', run)
  assert.ok(loaded.some((file) => file.endsWith('registry.js')))
  // Not the parts that need node:http and its like.
  assert.ok(!loaded.some((file) => file.endsWith('pushgateway.js')))
})
