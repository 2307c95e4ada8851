// The node operator in the heartbeat's thread: a real worker, a real receiver, and an API server that does what a test says. What the
// operator's heartbeats say, and that nothing of them is in the way of the runtime's own.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type HeartbeatReporter, OperatorType } from '../../src/heartbeat/index.js'
import { type HealthError, type HealthManager, HealthStatus } from '../../src/index.js'
import { type NodeOperatorSourceOptions, nodeOperatorSource } from '../../src/kubernetes/index.js'
import { temporaryFolder } from '../contract/support/certificates.js'
import { FaultyReceiver } from '../contract/support/faulty-receiver.js'
import { type Fault, KubernetesApi } from '../contract/support/kubernetes-api.js'
import { deployment, pod } from '../contract/support/kubernetes-objects.js'
import { HOUR_MS, startHealth, startReceiver, startReporter } from './support/heartbeats.js'

const { Node, Read } = OperatorType
const limit = { timeout: 60_000 }
const INTERVAL_MS = 200
const DEPLOYMENTS = '/apis/apps/v1/deployments'
/** Nobody is asked at the Pods' addresses. */
const maxPods = 0

function kubeConfigFileOf(t: TestContext, api: KubernetesApi): string {
  const folder = temporaryFolder((remove) => t.after(remove))
  const file = join(folder, 'config')
  writeFileSync(file, api.kubeConfigText())
  return file
}

async function startAll(
  t: TestContext,
  api: KubernetesApi,
  options: Partial<NodeOperatorSourceOptions> = {},
) {
  const health = await startHealth(t)
  const receiver = await startReceiver(t)
  const kubeConfigFile = kubeConfigFileOf(t, api)
  const source = nodeOperatorSource({
    kubeConfigFile,
    maxPods,
    statusComponent: 'node_monitor',
    ...options,
  })
  const errors: [message: string, type: OperatorType | undefined][] = []
  let wake = () => {}
  const reporter = await startReporter(t, health, {
    url: receiver.url,
    clusterId: 'c-1',
    version: '0.1.0',
    commit: 'own',
    intervalMs: INTERVAL_MS,
    sources: [source],
  })
  reporter.on('error', ({ message }, type) => {
    errors.push([message, type])
    wake()
  })
  const failed = async () => {
    while (errors.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return errors[0]
  }
  return { health, reporter, failed, ...receiver }
}

const nodeLoop = async (reporter: HeartbeatReporter) => (await reporter.stats()).loops[1]

/** As soon as it is so. */
async function componentIs(health: HealthManager, status: HealthStatus): Promise<string> {
  for await (const change of health.transitions({ from: 'oldest' })) {
    if ('missed' in change || change.component !== 'node_monitor') continue
    if (change.newStatus === status) return change.message
  }
  throw new Error('the runtime has ended')
}

test('the operator is reported at each tick, beside the runtime', limit, async (t) => {
  const api = await KubernetesApi.start(t, [deployment({ replicas: 2, ready: 1 }), pod()])
  const { health, reporter, nth, heartbeats } = await startAll(t, api)
  const third = await nth(Node, 3)
  assert.deepEqual(structuredClone(third), {
    clusterId: 'c-1',
    operatorType: Node,
    version: '1.2.3',
    overallStatus: HealthStatus.Degraded,
    components: [
      {
        name: 'karpenter_deployment',
        status: HealthStatus.Degraded,
        message: '1/2 replicas ready',
        metadata: {
          replicas: '2',
          ready_replicas: '1',
          available_replicas: '1',
          version: '1.2.3',
          commit: 'feda6e1',
          controller_healthz: 'unknown',
          controller_readyz: 'unknown',
          probed_pods: '0',
        },
      },
    ],
    uptimeSince: { seconds: Date.parse('2026-01-02T03:04:05Z') / 1_000, nanos: 0 },
    commit: 'feda6e1',
  })
  const lists = api.requests.filter(({ path }) => path === DEPLOYMENTS)
  assert.ok(lists.length >= 3, 'each heartbeat is of a look of its own')
  assert.equal(heartbeats[0]?.operatorType, Read)
  await nth(Read, 4)
  const { loops } = await reporter.stats()
  assert.deepEqual(
    loops.map(({ operatorType, lastFailure }) => [operatorType, lastFailure]),
    [
      [Read, undefined],
      [Node, undefined],
    ],
  )
  await componentIs(health, HealthStatus.Healthy)
  const { message, metadata } = health.getStatus('node_monitor')!
  assert.equal(message, 'the node operator was found')
  assert.deepEqual(
    { ...metadata },
    {
      component: 'karpenter_deployment',
      status: 'degraded',
      message: '1/2 replicas ready',
      version: '1.2.3',
      commit: 'feda6e1',
    },
  )
})

test(
  'an API server that says nothing holds up no heartbeat of the runtime, and no stop',
  limit,
  async (t) => {
    const api = await KubernetesApi.start(t, [deployment()])
    api.faults.push({ kind: 'hang', after: 'request' })
    const asked = api.nextRequest()
    const { reporter, nth, heartbeats } = await startAll(t, api, { requestTimeoutMs: HOUR_MS })
    await asked
    const before = heartbeats.length
    await nth(Read, before + 10)
    assert.ok(heartbeats.every(({ operatorType }) => operatorType === Read))
    while (((await nodeLoop(reporter))?.droppedTicks ?? 0) < 3) {}
    assert.equal(api.requests.length, 1, 'one look at a time')
    assert.equal((await nodeLoop(reporter))?.sent, 0)
    const finals: boolean[] = []
    reporter.on('sent', ({ isFinal }) => finals.push(isFinal))
    await reporter.stop()
    assert.equal(finals.at(-1), true)
    await api.allClosed()
  },
)

test('an API server that answers slowly delays the operator alone', limit, async (t) => {
  const api = await KubernetesApi.start(t, [deployment()])
  // Longer than two intervals, in small pieces.
  api.faults.push(...Array<Fault>(100).fill({ kind: 'slow', durationMs: 2 * INTERVAL_MS }))
  const { nth } = await startAll(t, api)
  const node = await nth(Node, 2)
  assert.equal(node.components[0]?.message, '1/1 replicas ready')
  await nth(Read, 5)
})

const REFUSALS: readonly { fault: Fault; says: string }[] = [
  ...(
    [
      [403, 'Forbidden'],
      [410, 'Expired'],
      [429, 'TooManyRequests'],
      [500, 'InternalError'],
    ] as const
  ).map(([status, reason]) => ({
    fault: { kind: 'status', status } as const,
    says: `status=${status} reason="${reason}" message="refused with ${status}"`,
  })),
  { fault: { kind: 'status', status: 401 }, says: 'status=401' },
  { fault: { kind: 'reset', after: 'request' }, says: 'error=ECONNRESET' },
  {
    fault: { kind: 'truncate', length: 'unsaid' },
    says: 'error=ERR_STREAM_PREMATURE_CLOSE',
  },
]

for (const { fault, says } of REFUSALS) {
  test(
    `${says}: told, counted and shown, while the runtime reports on; then the operator is back`,
    limit,
    async (t) => {
      const api = await KubernetesApi.start(t, [deployment()])
      api.faults.push(...Array<Fault>(10_000).fill(fault))
      const { health, reporter, failed, nth, heartbeats } = await startAll(t, api)
      const message = `no heartbeat could be made: operatorType=node: Deployments could not be listed: ${says}`
      assert.deepEqual(await failed(), [message, Node])
      await nth(Read, heartbeats.length + 3)
      assert.ok(heartbeats.every(({ operatorType }) => operatorType === Read))
      const stats = await nodeLoop(reporter)
      assert.ok(stats !== undefined && stats.failedReports > 0)
      assert.equal(stats.lastFailure, message)
      assert.equal(
        await componentIs(health, HealthStatus.Degraded),
        `Deployments could not be listed: ${says}`,
      )
      assert.equal(health.getStatus('dakr_transport')?.status, HealthStatus.Healthy)
      api.faults.length = 0
      await nth(Node, 1)
      assert.equal(await componentIs(health, HealthStatus.Healthy), 'the node operator was found')
    },
  )
}

test(
  'Pods that can not be listed cost what they would have said, and the component says so',
  limit,
  async (t) => {
    const api = await KubernetesApi.start(t, [deployment(), pod()])
    api.faults.push({ kind: 'none' }, { kind: 'status', status: 403 })
    const { health, nth } = await startAll(t, api)
    const [component] = (await nth(Node, 1)).components
    assert.equal(component?.message, '1/1 replicas ready')
    assert.equal(component?.metadata['probed_pods'], undefined)
    assert.match(
      await componentIs(health, HealthStatus.Degraded),
      /^the node operator’s Pods could not be found: Pods could not be listed: status=403 /,
    )
  },
)

test('where no operator is installed nothing is sent, which is no failure', limit, async (t) => {
  const api = await KubernetesApi.start(t, [])
  const { health, reporter, heartbeats } = await startAll(t, api)
  while (((await nodeLoop(reporter))?.emptyTicks ?? 0) < 2) {}
  assert.ok(heartbeats.every(({ operatorType }) => operatorType === Read))
  const stats = await nodeLoop(reporter)
  assert.deepEqual([stats?.operatorType, stats?.failedReports], [Node, 0])
  assert.equal(await componentIs(health, HealthStatus.Healthy), 'no node operator is installed')
})

test(
  'nothing is loaded and nobody asked before the first heartbeat of the runtime is answered',
  limit,
  async (t) => {
    const api = await KubernetesApi.start(t, [deployment()])
    const health = await startHealth(t)
    const faulty = await FaultyReceiver.start(t)
    let answer = () => {}
    const isAnswered = new Promise<void>((resolve) => {
      answer = resolve
    })
    faulty.faults = [{ answerAfter: isAnswered }]
    const reporter = await startReporter(t, health, {
      url: `http://127.0.0.1:${faulty.port}`,
      intervalMs: INTERVAL_MS,
      attemptTimeoutMs: HOUR_MS,
      sources: [nodeOperatorSource({ kubeConfigFile: kubeConfigFileOf(t, api), maxPods })],
    })
    await faulty.hasReceived(1)
    while (((await reporter.stats()).loops[0]?.droppedTicks ?? 0) < 5) {}
    // A loop that had begun would have counted its own ticks meanwhile, whatever came of them.
    const { operatorType, attempts, droppedTicks, emptyTicks, failedReports } = (await nodeLoop(
      reporter,
    ))!
    assert.deepEqual(
      [operatorType, attempts, droppedTicks, emptyTicks, failedReports],
      Array(5).fill(0),
    )
    assert.equal(api.requests.length, 0)
    const asked = api.nextRequest()
    answer()
    await asked
  },
)

test(
  'a receiver that refuses the operator’s heartbeats does not make the runtime’s suffer',
  limit,
  async (t) => {
    const api = await KubernetesApi.start(t, [deployment()])
    const health = await startHealth(t)
    const faulty = await FaultyReceiver.start(t)
    // Each heartbeat of the operator names its Deployment, and none of the runtime's does.
    faulty.later = (message) =>
      message.includes('karpenter_deployment') ? { code: 7, details: 'not you' } : 'ok'
    const reporter = await startReporter(t, health, {
      url: `http://127.0.0.1:${faulty.port}`,
      version: '0.1.0',
      intervalMs: INTERVAL_MS,
      resendDelayMs: 0,
      sources: [nodeOperatorSource({ kubeConfigFile: kubeConfigFileOf(t, api), maxPods })],
    })
    const refused = new Promise<[HealthError, OperatorType | undefined]>((resolve) =>
      reporter.on('error', (error, type) => resolve([error, type])),
    )
    const [error, type] = await refused
    assert.equal(type, Node)
    assert.match(error.message, /was not received: operatorType=node code=PERMISSION_DENIED/)
    // The headers are the sender's, as in the reference, whomever the heartbeat is of.
    const node = faulty.received.find(({ message }) => message.includes('karpenter_deployment'))
    const headers = node?.metadata.getMap()
    assert.deepEqual(
      [headers?.['x-operator-type'], headers?.['x-operator-version'], headers?.['x-client']],
      ['zxporter', '0.1.0', 'zxporter/0.1.0'],
    )
    while ((await nodeLoop(reporter))?.circuitBreaker !== 'open') {}
    const { loops } = await reporter.stats()
    assert.deepEqual([loops[0]?.circuitBreaker, loops[0]?.failedCalls], ['closed', 0])
    assert.equal(health.getStatus('dakr_transport')?.status, HealthStatus.Healthy)
  },
)
