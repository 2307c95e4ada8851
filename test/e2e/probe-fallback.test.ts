// What happens where uWebSockets.js is not installed: the package on its own, with no more than it needs.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const dist = fileURLToPath(new URL('../..', import.meta.url))
// A copy, since a link would be resolved to where uWebSockets.js is.
const folder = mkdtempSync(join(tmpdir(), 'health-actor-'))
after(() => rmSync(folder, { recursive: true, force: true }))
for (const part of ['src', 'workers']) {
  cpSync(join(dist, part), join(folder, part), { recursive: true })
}
mkdirSync(join(folder, 'node_modules'))
for (const [name, root] of [
  ['comlink', '../..'],
  ['prom-client', '.'],
] as const) {
  const path = fileURLToPath(new URL(root, import.meta.resolve(name)))
  symlinkSync(path, join(folder, 'node_modules', name))
}
writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
writeFileSync(
  join(folder, 'host.js'),
  `import { HealthManager, HealthServer } from './src/index.js'
  const health = await HealthManager.start()
  const options = { host: '127.0.0.1', port: 0, transport: process.argv[2] }
  const server = new HealthServer(health, options)
  try {
    const { port, transport } = await server.start()
    const answer = await fetch('http://127.0.0.1:' + port + '/livez')
    console.log(transport, answer.status)
  } catch (error) {
    console.log(error.code, error.message)
  }
  await health.stop()`,
)

function run(transport: string) {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['host.js', transport], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { stdout, stderr, status }
}

test('auto answers by node:http, and says so once', () => {
  const { stdout, stderr, status } = run('auto')
  assert.equal(stdout, 'node 200\n')
  assert.match(stderr, /^health-actor: probes are answered by node:http, .*uWebSockets\.js.*\n$/)
  assert.equal(status, 0)
})

test('uws is refused', () => {
  const { stdout, stderr, status } = run('uws')
  assert.match(stdout, /^ERR_HEALTH_LISTEN transport=uws: uWebSockets\.js cannot be loaded: /)
  assert.equal(stderr, '')
  assert.equal(status, 0)
})

test('node says nothing', () => {
  assert.deepEqual(run('node'), { stdout: 'node 200\n', stderr: '', status: 0 })
})
