// The Kubernetes client takes a second and some 70 MiB to load: nobody may have it who does not ask an API server.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

/**
 * Whether a process of its own has loaded the client after this. Its modules are ES modules, which no cache lists; but they
 * import node-fetch, which one does.
 */
async function loadsClient(program: string): Promise<boolean> {
  const base = JSON.stringify(new URL('../../src/', import.meta.url).href)
  const args = [
    '--input-type=module',
    '--eval',
    `import { createRequire } from 'node:module'
    const load = (path) => import(new URL(path, ${base}).href)
    ${program}
    const files = Object.keys(createRequire(${base}).cache)
    console.log(files.some((file) => file.includes('node-fetch')))`,
  ]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return stdout.trim() === 'true'
}

test('importing the package and running it loads no Kubernetes client', async () => {
  const program = `
    const { HealthManager } = await load('index.js')
    const health = await HealthManager.start()
    await health.stop()`
  assert.equal(await loadsClient(program), false)
})

test('importing the Kubernetes part, and making what it has, loads none either', async () => {
  const program = `
    const { NodeOperatorMonitor, nodeOperatorSource, RestartOomDetector, restartOomSource } =
      await load('kubernetes/index.js')
    nodeOperatorSource()
    restartOomSource()
    new NodeOperatorMonitor()
    await new RestartOomDetector({ namespace: '', podName: '' }).check()`
  assert.equal(await loadsClient(program), false)
})

test('the first request loads it', async () => {
  const program = `
    const { NodeOperatorMonitor } = await load('kubernetes/index.js')
    await new NodeOperatorMonitor({ kubeConfigFile: '/nonexistent' }).buildNodeOperatorReport().catch(() => {})`
  assert.equal(await loadsClient(program), true)
})

test('the package exports it as health-actor/kubernetes', async () => {
  const { NodeOperatorMonitor } = await import('../../src/kubernetes/index.js')
  const name: string = 'health-actor/kubernetes'
  const exported = await import(name)
  assert.equal(exported.NodeOperatorMonitor, NodeOperatorMonitor)
})
