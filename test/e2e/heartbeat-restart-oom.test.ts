// The detector of OOM kills in the heartbeat's thread: what it finds is a line, and a component where one is asked for; and it looks until
// it knows.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type HeartbeatReporter, OperatorType } from '../../src/heartbeat/index.js'
import { HealthStatus } from '../../src/index.js'
import { type RestartOomSourceOptions, restartOomSource } from '../../src/kubernetes/index.js'
import { temporaryFolder } from '../contract/support/certificates.js'
import { type Fault, KubernetesApi } from '../contract/support/kubernetes-api.js'
import { pod } from '../contract/support/kubernetes-objects.js'
import { runChild } from './support/child.js'
import { startHealth, startReceiver, startReporter } from './support/heartbeats.js'

const limit = { timeout: 60_000 }
const KILLED = {
  name: 'collector',
  restartCount: 4,
  lastState: {
    terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt: '2026-03-01T12:00:00Z' },
  },
}
const FIELDS = {
  container_name: 'collector',
  reason: 'OOMKilled',
  exit_code: '137',
  finished_at: '2026-03-01T12:00:00Z',
  restart_count: '4',
}

async function startApi(t: TestContext, containerStatus: object) {
  const me = pod({ name: 'me', namespace: 'mine', containerStatuses: [containerStatus] })
  const api = await KubernetesApi.start(t, [me])
  const folder = temporaryFolder((remove) => t.after(remove))
  const kubeConfigFile = join(folder, 'config')
  writeFileSync(kubeConfigFile, api.kubeConfigText())
  return { api, options: { kubeConfigFile, namespace: 'mine', podName: 'me' } }
}

async function startAll(t: TestContext, options: RestartOomSourceOptions) {
  const health = await startHealth(t)
  const receiver = await startReceiver(t)
  const reporter = await startReporter(t, health, {
    url: receiver.url,
    intervalMs: 200,
    sources: [restartOomSource(options)],
  })
  return { health, reporter, ...receiver }
}

/** When its loop has had so many ticks more, with nothing to send. */
async function moreTicks(reporter: HeartbeatReporter, count: number): Promise<void> {
  const ticks = async () => (await reporter.stats()).loops[1]?.emptyTicks ?? 0
  const until = (await ticks()) + count
  while ((await ticks()) < until) {}
}

test('a kill is a line on standard error, and a component with its fields', limit, async (t) => {
  const {
    options: { kubeConfigFile, namespace, podName },
  } = await startApi(t, KILLED)
  // Which Pod it is comes from the environment, as in a cluster.
  Object.assign(process.env, { POD_NAMESPACE: namespace, POD_NAME: podName })
  t.after(() => {
    delete process.env['POD_NAMESPACE']
    delete process.env['POD_NAME']
  })
  const given = JSON.stringify({ kubeConfigFile, component: 'restart_oom', version: '1.2.3' })
  const { code, said, stderr } = await runChild('../fixtures/oom-host.js', [given])
  assert.equal(code, 0, stderr)
  const metadata = { ...FIELDS, version: '1.2.3' }
  assert.deepEqual(said, [
    { status: HealthStatus.Degraded, message: 'Previous instance was OOM-killed', metadata },
  ])
  const fields = Object.entries(metadata).map(([name, value]) => `${name}=${value}`)
  const line = `health-actor: Previous instance was OOM-killed: ${fields.join(' ')}\n`
  assert.ok(stderr.includes(line), stderr)
})

test(
  'a kill is in the heartbeats of the runtime, and there are none of another type',
  limit,
  async (t) => {
    const { options } = await startApi(t, KILLED)
    const { heartbeat, heartbeats } = await startAll(t, { ...options, component: 'restart_oom' })
    const told = await heartbeat(({ components }) =>
      components.some(({ name, status }) => name === 'restart_oom' && status === 2),
    )
    const component = told.components.find(({ name }) => name === 'restart_oom')
    assert.deepEqual({ ...component?.metadata }, FIELDS)
    assert.equal(told.overallStatus, HealthStatus.Degraded)
    assert.ok(heartbeats.every(({ operatorType }) => operatorType === OperatorType.Read))
  },
)

test(
  'what can not be found out yet is looked for again at each tick, and not once it is known',
  limit,
  async (t) => {
    const { api, options } = await startApi(t, { ...KILLED, lastState: {} })
    api.faults.push(...Array<Fault>(3).fill({ kind: 'status', status: 403 }))
    const { health, reporter } = await startAll(t, { ...options, component: 'restart_oom' })
    const changes = health.transitions({ from: 'oldest' })
    for await (const change of changes) {
      if (!('missed' in change) && change.component === 'restart_oom') {
        assert.equal(change.message, 'Previous instance was not OOM-killed')
        break
      }
    }
    assert.equal(api.requests.length, 4)
    await moreTicks(reporter, 3)
    assert.equal(api.requests.length, 4)
  },
)

test('why it is not known is the message of the component', limit, async (t) => {
  const { api, options } = await startApi(t, KILLED)
  api.faults.push(...Array<Fault>(10_000).fill({ kind: 'status', status: 403 }))
  const { health, reporter } = await startAll(t, { ...options, component: 'restart_oom' })
  await moreTicks(reporter, 1)
  const { status, message } = health.getStatus('restart_oom')!
  assert.equal(status, HealthStatus.Unspecified)
  assert.match(message, /^the Pod could not be read: status=403 /)
})

test('an API server that says nothing holds up no heartbeat, and no stop', limit, async (t) => {
  const { api, options } = await startApi(t, KILLED)
  api.faults.push({ kind: 'hang', after: 'request' })
  const asked = api.nextRequest()
  const { reporter, heartbeats, nth } = await startAll(t, {
    ...options,
    requestTimeoutMs: 3_600_000,
  })
  await asked
  await nth(OperatorType.Read, heartbeats.length + 5)
  await reporter.stop()
  await api.allClosed()
})

test('without a name there is no component', limit, async (t) => {
  const { api, options } = await startApi(t, { ...KILLED, lastState: {} })
  const { health, reporter } = await startAll(t, options)
  await moreTicks(reporter, 1)
  assert.equal(api.requests.length, 1)
  assert.equal(health.getStatus('restart_oom'), undefined)
})
