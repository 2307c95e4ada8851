// What the API server may do to a look at it: pages, refusals, faults of the network, silence. Through the real client.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HealthError } from '../../src/index.js'
import { NodeOperatorMonitor } from '../../src/kubernetes/index.js'
import { type Fault, KubernetesApi, TOKEN } from './support/kubernetes-api.js'
import { deployment, pod } from './support/kubernetes-objects.js'
import { recordingFetch, recordingLogger, shown } from './support/node-operator.js'

const DEPLOYMENTS = '/apis/apps/v1/deployments'
const PODS = '/api/v1/namespaces/kube-system/pods'
const KEYS = ['replicas', 'ready_replicas', 'available_replicas', 'version', 'commit']

test('one look is a list of Deployments and a list of Pods, with the credentials of the kubeconfig', async (t) => {
  const api = await KubernetesApi.start(t, [deployment(), pod()])
  const monitor = new NodeOperatorMonitor({ kubeConfig: api.kubeConfig(), ...fetchOnly() })
  await monitor.buildNodeOperatorReport()
  assert.deepEqual(
    api.requests.map(({ method, path, query, authorization }) => [
      method,
      path,
      Object.fromEntries(query),
      authorization,
    ]),
    [
      [
        'GET',
        DEPLOYMENTS,
        { labelSelector: 'app.kubernetes.io/instance in (karpenter,dzkarp)', limit: '500' },
        `Bearer ${TOKEN}`,
      ],
      ['GET', PODS, { labelSelector: 'app=karpenter', limit: '500' }, `Bearer ${TOKEN}`],
    ],
  )
})

test('large lists come in pages, and what is looked for may be on the last one', async (t) => {
  const others = Array.from({ length: 24 }, (_, index) =>
    deployment({ name: `other-${index}`, image: 'karpenter/controller:1' }),
  )
  const pods = Array.from({ length: 11 }, (_, index) =>
    pod({ name: `p${String(99 - index)}`, ip: `10.0.0.${index}` }),
  )
  const api = await KubernetesApi.start(t, [...others, deployment(), ...pods])
  const { urls, fetch } = recordingFetch()
  const monitor = new NodeOperatorMonitor({ kubeConfig: api.kubeConfig(), pageSize: 5, fetch })
  const report = await monitor.buildNodeOperatorReport()
  assert.equal(report?.commit, 'feda6e1')
  const paths = api.requests.map(({ path }) => path)
  assert.deepEqual(paths, [...Array(5).fill(DEPLOYMENTS), ...Array(3).fill(PODS)])
  assert.deepEqual(
    urls.filter((url) => url.endsWith('/healthz')),
    [10, 9, 8].map((index) => `http://10.0.0.${index}:8081/healthz`),
  )
})

test('a list whose snapshot is gone between two pages is begun anew, once', async (t) => {
  const objects = ['a', 'b', 'c'].map((name) => deployment({ name, image: `devzeroinc/c:${name}` }))
  const api = await KubernetesApi.start(t, objects)
  const { lines, logger } = recordingLogger()
  const monitor = new NodeOperatorMonitor({ kubeConfig: api.kubeConfig(), pageSize: 1, logger })
  const tokens = () => api.requests.splice(0).map(({ query }) => query.has('continue'))
  const gone: Fault = { kind: 'status', status: 410 }
  api.faults.push(...pass(2), gone)
  const report = await monitor.buildNodeOperatorReport()
  assert.equal(report?.commit, 'a')
  assert.equal(lines.find(([level]) => level === 'info')?.[2]['count'], 3, 'none counted twice')
  // Two pages, the refused third, and all three again; then Pods.
  assert.deepEqual(tokens(), [false, true, true, false, true, true, false])
  api.faults.push(...pass(1), gone, ...pass(1), gone)
  await assert.rejects(monitor.buildNodeOperatorReport(), {
    code: 'ERR_HEALTH_KUBERNETES',
    message:
      'Deployments could not be listed: status=410 reason="Expired" message="refused with 410"',
  })
  assert.deepEqual(tokens(), [false, true, false, true])
})

const FAULTS: readonly { name: string; fault: Fault; says: RegExp }[] = [
  ...[400, 403, 404, 410, 429, 500, 503].map((status) => ({
    name: `an answer of ${status}`,
    fault: { kind: 'status', status } as const,
    says: new RegExp(`^status=${status} reason="[A-Za-z]+" message="refused with ${status}"$`),
  })),
  { name: 'an answer of 401', fault: { kind: 'status', status: 401 }, says: /^status=401$/ },
  {
    name: 'a page of a proxy in between',
    fault: { kind: 'body', type: 'text/html', body: '<html>Sign in</html>' },
    says: /^error="the answer is no list"$/,
  },
  {
    name: 'an answer that is no JSON',
    fault: { kind: 'body', type: 'application/json', body: '{"kind":' },
    says: /^error=SyntaxError$/,
  },
  ...['null', '[]', '3', '{}', '{"kind":"Status"}'].map((body) => ({
    name: `an answer of ${body}`,
    fault: { kind: 'body', type: 'application/json', body } as const,
    says: /^error="the answer is no list"$/,
  })),
  {
    name: 'items that are no objects',
    fault: { kind: 'body', type: 'application/json', body: '{"kind":"DeploymentList","items":7}' },
    says: /^error=/,
  },
  {
    name: 'a reset before the answer',
    fault: { kind: 'reset', after: 'request' },
    says: /^error=ECONNRESET$/,
  },
  {
    name: 'a reset within an answer of unsaid length',
    fault: { kind: 'reset', after: 'half' },
    says: /^error=/,
  },
  {
    name: 'an answer of unsaid length that ends early',
    fault: { kind: 'truncate', length: 'unsaid' },
    says: /^error=ERR_STREAM_PREMATURE_CLOSE$/,
  },
]

for (const { name, fault, says } of FAULTS) {
  test(`${name} instead of Deployments is an error with a code, not “not installed”`, async (t) => {
    const api = await KubernetesApi.start(t, [deployment()])
    const monitor = new NodeOperatorMonitor({ kubeConfig: api.kubeConfig() })
    api.faults.push(fault)
    await assert.rejects(monitor.buildNodeOperatorReport(), (error) => {
      assert.ok(error instanceof HealthError)
      assert.equal(error.code, 'ERR_HEALTH_KUBERNETES')
      const [what, why = ''] = error.message.split(/: (.*)/s)
      assert.equal(what, 'Deployments could not be listed')
      assert.match(why, says)
      // What has no code is not kept: nobody knows what it quotes.
      assert.equal(error.cause instanceof Error, !/^error=[A-Z][A-Za-z]*Error$/.test(why))
      return true
    })
    // The next look is none the worse for it.
    assert.equal(shown(await monitor.buildNodeOperatorReport()).message, '1/1 replicas ready')
  })

  test(`${name} instead of Pods costs what the Pods would have said, nothing else`, async (t) => {
    const api = await KubernetesApi.start(t, [deployment(), pod()])
    const { lines, logger } = recordingLogger()
    const monitor = new NodeOperatorMonitor({
      kubeConfig: api.kubeConfig(),
      logger,
      ...fetchOnly(),
    })
    api.faults.push(...pass(1), fault)
    const report = await monitor.buildNodeOperatorReport()
    assert.deepEqual(Object.keys(shown(report).metadata), KEYS)
    assert.equal(shown(report).message, '1/1 replicas ready')
    const [[level, message, { error }]] = lines as [(typeof lines)[0]]
    assert.deepEqual([level, message], ['error', 'the node operator’s Pods could not be found'])
    assert.equal((error as HealthError).code, 'ERR_HEALTH_KUBERNETES')
  })
}

const SILENCES: readonly { name: string; fault: Fault }[] = [
  { name: 'no answer', fault: { kind: 'hang', after: 'request' } },
  { name: 'half an answer', fault: { kind: 'hang', after: 'half' } },
  // The client’s own HTTP library does not notice: without a bound of one’s own it would wait for ever.
  { name: 'an answer of said length that ends early', fault: { kind: 'truncate', length: 'said' } },
]

for (const { name, fault } of SILENCES) {
  const title = `${name} is waited for no longer than requestTimeoutMs, and its connection is closed`
  test(title, { timeout: 20_000 }, async (t) => {
    const api = await KubernetesApi.start(t, [deployment()])
    // Loaded before, so that the time is the server's alone.
    const kubeConfig = api.kubeConfig()
    const monitor = new NodeOperatorMonitor({ kubeConfig, requestTimeoutMs: 200 })
    api.faults.push(fault)
    await assert.rejects(monitor.buildNodeOperatorReport(), {
      code: 'ERR_HEALTH_KUBERNETES',
      message: /^Deployments could not be listed: (no answer within 200 ms|error=.*)$/,
    })
    await api.allClosed()
  })
}

test('an answer that comes in slow pieces is waited for', async (t) => {
  const api = await KubernetesApi.start(t, [deployment()])
  api.faults.push({ kind: 'slow', durationMs: 400 })
  const monitor = new NodeOperatorMonitor({ kubeConfig: api.kubeConfig() })
  assert.equal(shown(await monitor.buildNodeOperatorReport()).message, '1/1 replicas ready')
})

test('pages that are slow together are waited for no longer than one would be', async (t) => {
  const objects = Array.from({ length: 50 }, (_, index) => deployment({ name: `d${index}` }))
  const api = await KubernetesApi.start(t, objects)
  api.faults.push(...Array<Fault>(50).fill({ kind: 'slow', durationMs: 80 }))
  const kubeConfig = api.kubeConfig()
  const monitor = new NodeOperatorMonitor({ kubeConfig, pageSize: 1, requestTimeoutMs: 500 })
  await assert.rejects(monitor.buildNodeOperatorReport(), {
    code: 'ERR_HEALTH_KUBERNETES',
    message: 'Deployments could not be listed: no answer within 500 ms',
  })
  await api.allClosed()
})

test('nobody listens: an error with a code', async (t) => {
  const api = await KubernetesApi.start(t, [])
  const text = api.kubeConfigText().replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1')
  const kubeConfig = api.kubeConfig()
  kubeConfig.loadFromString(text)
  await assert.rejects(new NodeOperatorMonitor({ kubeConfig }).buildNodeOperatorReport(), {
    code: 'ERR_HEALTH_KUBERNETES',
    message: 'Deployments could not be listed: error=ECONNREFUSED',
  })
})

test('with onListError of undefined an error is logged and looks like “not installed”', async (t) => {
  const api = await KubernetesApi.start(t, [deployment()])
  const { lines, logger } = recordingLogger()
  const kubeConfig = api.kubeConfig()
  const monitor = new NodeOperatorMonitor({ kubeConfig, logger, onListError: 'undefined' })
  api.faults.push({ kind: 'status', status: 403 })
  assert.equal(await monitor.buildNodeOperatorReport(), undefined)
  const [[level, message, { error }]] = lines as [(typeof lines)[0]]
  assert.deepEqual([level, message], ['error', 'the node operator could not be looked for'])
  assert.equal((error as HealthError).code, 'ERR_HEALTH_KUBERNETES')
})

test('a server that sheds load and says when to come back is asked again', async (t) => {
  const api = await KubernetesApi.start(t, [deployment()])
  const monitor = new NodeOperatorMonitor({ kubeConfig: api.kubeConfig() })
  const busy: Fault = { kind: 'status', status: 429, retryAfter: 0 }
  api.faults.push(busy, { ...busy, status: 503 })
  assert.equal(shown(await monitor.buildNodeOperatorReport()).message, '1/1 replicas ready')
  api.requests.length = 0
  api.faults.push(...Array<Fault>(10).fill(busy))
  await assert.rejects(monitor.buildNodeOperatorReport(), { message: /: status=429 / })
  assert.equal(api.requests.length, 10, 'ten times, no more')
})

test('a server that asks for more patience than there is time gets none, and is quoted', {
  timeout: 20_000,
}, async (t) => {
  const api = await KubernetesApi.start(t, [deployment()])
  const kubeConfig = api.kubeConfig()
  const monitor = new NodeOperatorMonitor({ kubeConfig, requestTimeoutMs: 60_000 })
  api.faults.push({ kind: 'status', status: 429, retryAfter: 3_600 })
  await assert.rejects(monitor.buildNodeOperatorReport(), {
    code: 'ERR_HEALTH_KUBERNETES',
    message:
      'Deployments could not be listed: status=429 reason="TooManyRequests" message="refused with 429"',
  })
})

test('a look ends with its signal, in whatever it is: the reason is the caller’s', {
  timeout: 20_000,
}, async (t) => {
  const reason = new Error('enough')
  await assert.rejects(
    new NodeOperatorMonitor().buildNodeOperatorReport(AbortSignal.abort(reason)),
    reason,
  )
  for (const { passed, onListError } of [
    { passed: 0, onListError: 'reject' },
    { passed: 0, onListError: 'undefined' },
    { passed: 1, onListError: 'reject' },
  ] as const) {
    const api = await KubernetesApi.start(t, [deployment(), pod()])
    const monitor = new NodeOperatorMonitor({ kubeConfig: api.kubeConfig(), onListError })
    const controller = new AbortController()
    api.faults.push(...pass(passed), { kind: 'hang', after: 'request' })
    const looking = monitor.buildNodeOperatorReport(controller.signal)
    for (let count = 0; count <= passed; count++) await api.nextRequest()
    controller.abort(reason)
    await assert.rejects(looking, reason)
    await api.allClosed()
  }
  const api = await KubernetesApi.start(t, [deployment(), pod()])
  const controller = new AbortController()
  const fetch = () => {
    controller.abort(reason)
    return new Promise<never>(() => {})
  }
  const monitor = new NodeOperatorMonitor({ kubeConfig: api.kubeConfig(), fetch })
  await assert.rejects(monitor.buildNodeOperatorReport(controller.signal), reason)
})

test('since is when a status was first seen, as long as it stays', async (t) => {
  const objects = [deployment({ ready: 1 })]
  const api = await KubernetesApi.start(t, objects)
  const monitor = new NodeOperatorMonitor({ kubeConfig: api.kubeConfig() })
  let now = 1_000_000
  t.mock.method(Date, 'now', () => now)
  const times = async () => {
    const report = await monitor.buildNodeOperatorReport()
    const { status, since, updatedAt } = report!.report.get('karpenter_deployment')!
    return [status, since, updatedAt]
  }
  assert.deepEqual(await times(), [1, 1_000_000, 1_000_000])
  now = 1_015_000
  assert.deepEqual(await times(), [1, 1_000_000, 1_015_000])
  objects[0] = deployment({ ready: 0 })
  now = 1_030_000
  assert.deepEqual(await times(), [3, 1_030_000, 1_030_000])
})

/** So many requests that nothing befalls. */
function pass(count: number): Fault[] {
  return Array<Fault>(count).fill({ kind: 'none' })
}

function fetchOnly() {
  return { fetch: recordingFetch().fetch }
}
