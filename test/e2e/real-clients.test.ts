// Clients that others have written, against the real thing: Prometheus' blackbox exporter over HTTP and gRPC, and `buf curl`
// with the file of the protocol. Each is looked for on the PATH, `buf` also by HEALTH_ACTOR_BUF; without it, its tests skip.
import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Readable } from 'node:stream'
import { after, before, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startGrpc } from '../contract/support/grpc-server.js'
import { createCertificate } from '../contract/support/self-signed.js'

const RUN_DEADLINE_MS = 30_000
const protoFolder = fileURLToPath(new URL('../../../proto', import.meta.url))

function find(...names: readonly (string | undefined)[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return names
    .filter((name) => name !== undefined)
    .flatMap((name) => (name.includes('/') ? [name] : folders.map((folder) => join(folder, name))))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

const exporter = find('prometheus-blackbox-exporter', 'blackbox_exporter')
const buf = find(process.env['HEALTH_ACTOR_BUF'], 'buf')

const folder = mkdtempSync(join(tmpdir(), 'health-clients-'))
after(() => rmSync(folder, { recursive: true }))

const MODULES = `
modules:
  http: { prober: http, timeout: 5s }
  http_fails: { prober: http, timeout: 5s, http: { valid_status_codes: [503] } }
  grpc: { prober: grpc, timeout: 5s, grpc: { service: "" } }
  grpc_readiness: { prober: grpc, timeout: 5s, grpc: { service: readiness } }
  grpc_component: { prober: grpc, timeout: 5s, grpc: { service: component/buffer_queue } }
  grpc_unknown: { prober: grpc, timeout: 5s, grpc: { service: nobody } }
  grpc_tls: { prober: grpc, timeout: 5s, grpc: { tls: true, tls_config: { insecure_skip_verify: true } } }
`

describe('the blackbox exporter', {
  skip: exporter === undefined && 'prometheus-blackbox-exporter is not installed',
}, () => {
  let child: ChildProcessByStdio<null, null, Readable>
  let address = ''

  before(async () => {
    const file = join(folder, 'blackbox.yml')
    writeFileSync(file, MODULES)
    const args = [`--config.file=${file}`, '--web.listen-address=127.0.0.1:0']
    child = spawn(exporter!, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let log = ''
    for await (const text of child.stderr
      .setEncoding('utf8')
      .iterator({ destroyOnReturn: false })) {
      log += text
      address = /Listening on.*address=(127\.0\.0\.1:\d+)/.exec(log)?.[1] ?? ''
      if (address !== '') break
    }
    assert.notEqual(address, '', log)
    child.stderr.resume()
  })

  after(async () => {
    if (child.exitCode !== null) return
    child.kill()
    await once(child, 'exit')
  })

  /** What it says of one probe; `probe_success` is what Prometheus alerts on. */
  async function probe(module: string, target: string): Promise<Record<string, string>> {
    const query = new URLSearchParams({ module, target })
    const metrics = await (await fetch(`http://${address}/probe?${query}`)).text()
    const lines = metrics.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return Object.fromEntries(lines.map((line) => line.split(/ (?=\S+$)/)))
  }

  test('probes HTTP', async (t) => {
    const { health, port } = await startGrpc(t)
    health.register('collector_manager').healthy()
    const url = `http://127.0.0.1:${port}`
    const alive = await probe('http', `${url}/healthz`)
    assert.equal(alive['probe_success'], '1')
    assert.equal(alive['probe_http_status_code'], '200')
    assert.equal((await probe('http', `${url}/readyz`))['probe_success'], '0')
    const notReady = await probe('http_fails', `${url}/readyz`)
    assert.equal(notReady['probe_success'], '1')
    assert.equal(notReady['probe_http_redirects'], '0')
  })

  test('probes gRPC', async (t) => {
    const { health, grpcPort } = await startGrpc(t)
    health.register('collector_manager').healthy()
    health.register('buffer_queue').degraded('nearly full')
    const target = `127.0.0.1:${grpcPort}`
    const serving = 'probe_grpc_healthcheck_response{serving_status="SERVING"}'
    const notServing = 'probe_grpc_healthcheck_response{serving_status="NOT_SERVING"}'
    const alive = await probe('grpc', target)
    assert.deepEqual([alive['probe_success'], alive[serving]], ['1', '1'])
    const notReady = await probe('grpc_readiness', target)
    assert.deepEqual([notReady['probe_success'], notReady[notServing]], ['0', '1'])
    assert.equal((await probe('grpc_component', target))['probe_success'], '1')
    const unknown = await probe('grpc_unknown', target)
    assert.deepEqual([unknown['probe_success'], unknown['probe_grpc_status_code']], ['0', '5'])
  })

  test('probes gRPC over TLS', async (t) => {
    const { cert, key } = createCertificate()
    const tls = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
    writeFileSync(tls.certFile, cert)
    writeFileSync(tls.keyFile, key)
    const { grpcPort } = await startGrpc(t, { grpc: { port: 0, tls } })
    const found = await probe('grpc_tls', `127.0.0.1:${grpcPort}`)
    assert.deepEqual([found['probe_success'], found['probe_grpc_ssl']], ['1', '1'])
    assert.equal((await probe('grpc', `127.0.0.1:${grpcPort}`))['probe_success'], '0')
  })
})

describe('buf curl', {
  skip: buf === undefined && 'buf is not installed, or HEALTH_ACTOR_BUF does not name it',
}, () => {
  function argumentsFor(grpcPort: number, method: string, request: object): string[] {
    return [
      'curl',
      ...['--schema', protoFolder, '--protocol', 'grpc', '--http2-prior-knowledge'],
      ...['-d', JSON.stringify(request)],
      `http://127.0.0.1:${grpcPort}/grpc.health.v1.Health/${method}`,
    ]
  }

  const options = {
    cwd: folder,
    env: { ...process.env, BUF_CACHE_DIR: join(folder, 'cache') },
    timeout: RUN_DEADLINE_MS,
  }

  /** Messages as they are printed: JSON, one after another. */
  function messagesOf(text: string): unknown[] {
    return text
      .split(/(?<=^\})\n/m)
      .filter((part) => part.trim() !== '')
      .map((part) => JSON.parse(part))
  }

  test('calls Check', async (t) => {
    const { health, grpcPort } = await startGrpc(t)
    health.register('collector_manager').degraded('slow')
    const call = (service: string) => run(t, argumentsFor(grpcPort, 'Check', { service }))
    assert.deepEqual(messagesOf((await call('')).stdout), [{ status: 'SERVING' }])
    assert.deepEqual(messagesOf((await call('collector_manager')).stdout), [{ status: 'SERVING' }])
    assert.deepEqual(messagesOf((await call('readiness')).stdout), [{ status: 'NOT_SERVING' }])
    const unknown = await call('nobody')
    assert.equal(JSON.parse(unknown.stderr).code, 'not_found')
  })

  test('calls List', async (t) => {
    const { health, grpcPort } = await startGrpc(t)
    health.register('collector_manager').healthy()
    const { stdout } = await run(t, argumentsFor(grpcPort, 'List', {}))
    const serving = { status: 'SERVING' }
    assert.deepEqual(messagesOf(stdout), [
      {
        statuses: {
          '': serving,
          liveness: serving,
          readiness: { status: 'NOT_SERVING' },
          'component/collector_manager': serving,
        },
      },
    ])
    for (let i = 0; i < 97; i++) health.register(`c${i}`)
    const tooMany = await run(t, argumentsFor(grpcPort, 'List', {}))
    assert.equal(JSON.parse(tooMany.stderr).code, 'resource_exhausted')
  })

  test('calls Watch, to the end of the runtime', async (t) => {
    const { health, grpcPort } = await startGrpc(t)
    const reporter = health.register('collector_manager')
    reporter.healthy()
    let printed = 0
    const running = run(t, argumentsFor(grpcPort, 'Watch', { service: 'liveness' }), (stdout) => {
      const { length } = messagesOf(stdout)
      if (length === printed) return
      printed = length
      if (printed === 1) reporter.unhealthy('gone')
      else if (printed === 2) reporter.healthy()
      else void health.stop()
    })
    const { stdout, stderr } = await running
    assert.deepEqual(messagesOf(stdout), [
      { status: 'SERVING' },
      { status: 'NOT_SERVING' },
      { status: 'SERVING' },
      { status: 'NOT_SERVING' },
    ])
    assert.equal(JSON.parse(stderr).code, 'unavailable')
  })

  /** Runs it to its end; `onOutput` gets all whole messages so far. */
  async function run(
    t: TestContext,
    args: readonly string[],
    onOutput: (stdout: string) => void = () => {},
  ): Promise<{ stdout: string; stderr: string }> {
    const child = spawn(buf!, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    t.after(() => child.kill())
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      const end = stdout.lastIndexOf('\n}\n')
      if (end !== -1) onOutput(stdout.slice(0, end + 3))
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    await once(child, 'close')
    return { stdout, stderr }
  }
})
