// Which Deployment the node operator's is, and what it says: each rule of the reference, through the real client.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HealthStatus } from '../../src/index.js'
import { deployment } from './support/kubernetes-objects.js'
import { look, recordingLogger, shown } from './support/node-operator.js'

const { Healthy, Degraded, Unhealthy } = HealthStatus
const instance = (value: string) => ({ 'app.kubernetes.io/instance': value })

const DISCOVERY = [
  { name: 'the release karpenter', parts: { labels: instance('karpenter') }, isFound: true },
  { name: 'the release dzkarp', parts: { labels: instance('dzkarp') }, isFound: true },
  { name: 'in any namespace', parts: { namespace: 'elsewhere' }, isFound: true },
  { name: 'another release', parts: { labels: instance('karpenter2') }, isFound: false },
  {
    name: 'the chart’s name in the name label alone',
    parts: { labels: { 'app.kubernetes.io/name': 'karpenter' } },
    isFound: false,
  },
  {
    name: 'somebody else’s image',
    parts: { image: 'public.ecr.aws/karpenter/controller:1' },
    isFound: false,
  },
  {
    name: 'the identifier anywhere in the image',
    parts: { image: 'x/y@devzeroinc' },
    isFound: true,
  },
  {
    name: 'the identifier in capitals',
    parts: { image: 'DevZeroInc/controller:1' },
    isFound: false,
  },
  {
    name: 'the identifier in a second container',
    parts: {
      containers: [
        { name: 'a', image: 'proxy:1' },
        { name: 'b', image: 'devzeroinc/b' },
      ],
    },
    isFound: true,
  },
  {
    name: 'the identifier in an init container alone',
    parts: {
      containers: [{ name: 'a', image: 'proxy:1' }],
      initContainers: [{ name: 'b', image: 'devzeroinc/b' }],
    },
    isFound: false,
  },
  { name: 'no containers', parts: { containers: [] }, isFound: false },
  { name: 'a container without an image', parts: { containers: [{ name: 'a' }] }, isFound: false },
]

for (const { name, parts, isFound } of DISCOVERY) {
  test(`${name}: the operator is ${isFound ? 'found' : 'not found'}`, async (t) => {
    const { logger, lines } = recordingLogger()
    const report = await look(t, [deployment(parts)], { logger })
    assert.equal(report !== undefined, isFound)
    const isSaid = lines.some(
      ([level, text]) => `${level} ${text}` === 'debug no node operator was found',
    )
    assert.equal(isSaid, !isFound)
  })
}

const OLD = '2025-01-01T00:00:00Z'
const NEW = '2026-01-01T00:00:00Z'

// Each first one is preferred to the second.
const PREFERENCE = [
  {
    rule: 'ready replicas count before age',
    preferred: { name: 'old', createdAt: OLD },
    other: { name: 'new', createdAt: NEW, ready: 0 },
  },
  {
    rule: 'more ready replicas count for nothing',
    preferred: { name: 'new', createdAt: NEW, ready: 1 },
    other: { name: 'old', createdAt: OLD, ready: 5, replicas: 5 },
  },
  {
    rule: 'of two that serve the younger one counts',
    preferred: { name: 'z', createdAt: NEW },
    other: { name: 'a', createdAt: OLD },
  },
  {
    rule: 'of two that do not serve the younger one counts',
    preferred: { name: 'z', createdAt: NEW, ready: 0 },
    other: { name: 'a', createdAt: OLD, ready: 0 },
  },
  {
    rule: 'then the smaller namespace',
    preferred: { namespace: 'a', name: 'z' },
    other: { namespace: 'b', name: 'a' },
  },
  { rule: 'then the smaller name', preferred: { name: 'Z' }, other: { name: 'a' } },
]

for (const { rule, preferred, other } of PREFERENCE) {
  test(`of several Deployments: ${rule}, in whatever order they are listed`, async (t) => {
    const first = deployment({ ...preferred, image: 'devzeroinc/c:preferred' })
    const second = deployment({ ...other, image: 'devzeroinc/c:other' })
    for (const objects of [
      [first, second],
      [second, first],
    ]) {
      const { logger, lines } = recordingLogger()
      const report = await look(t, objects, { logger })
      assert.equal(report?.commit, 'preferred')
      const [level, message, fields] = lines.find(([, text]) => text.startsWith('several'))!
      assert.deepEqual(
        [level, message, fields],
        [
          'info',
          'several node operators were found, one is taken',
          {
            source: 'NodeOperatorMonitor',
            count: 2,
            namespace: first.metadata.namespace,
            deployment: first.metadata.name,
          },
        ],
      )
    }
  })
}

test('a Deployment with somebody else’s image is none of several', async (t) => {
  const { logger, lines } = recordingLogger()
  const other = deployment({ name: 'other', image: 'karpenter/c:1', createdAt: NEW })
  const mine = deployment({ createdAt: OLD, image: 'devzeroinc/c:mine' })
  const report = await look(t, [other, mine], { logger })
  assert.equal(report?.commit, 'mine')
  assert.deepEqual(
    lines.filter(([level]) => level === 'info'),
    [],
  )
})

const COMMITS = [
  ['devzeroinc/controller:feda6e1', 'feda6e1'],
  ['devzeroinc/controller:feda6e1@sha256:8a1acd', 'feda6e1'],
  ['devzeroinc/controller@sha256:8a1acd', ''],
  ['devzeroinc/controller', ''],
  ['host:5000/devzeroinc', '5000/devzeroinc'],
  ['host:5000/devzeroinc:v1', 'v1'],
  [':devzeroinc', ''],
  ['@devzeroinc:v1', 'v1'],
  ['devzeroinc:', ''],
] as const

for (const [image, commit] of COMMITS) {
  test(`the commit of the image ${image} is ${JSON.stringify(commit)}`, async (t) => {
    const report = await look(t, [deployment({ image })])
    assert.equal(report?.commit, commit)
    assert.equal(shown(report).metadata['commit'], commit === '' ? undefined : commit)
  })
}

test('the commit is of the first container, whichever one has given the operator away', async (t) => {
  const containers = [
    { name: 'proxy', image: 'envoy:v9' },
    { name: 'controller', image: 'devzeroinc/controller:feda6e1' },
  ]
  const report = await look(t, [deployment({ containers })])
  assert.equal(report?.commit, 'v9')
})

test('version and age are the Deployment’s', async (t) => {
  const report = await look(t, [deployment()])
  assert.equal(report?.version, '1.2.3')
  assert.equal(report?.uptimeSince.toISOString(), '2026-01-02T03:04:05.000Z')
  assert.equal(shown(report).metadata['version'], '1.2.3')
})

test('without a version label the version is empty, and without a time of creation the age is Go’s zero time', async (t) => {
  const object = deployment({ labels: instance('dzkarp'), createdAt: null })
  const report = await look(t, [object])
  assert.equal(report?.version, '')
  assert.equal(report?.uptimeSince.getTime(), -62_135_596_800_000)
  assert.equal(shown(report).metadata['version'], '')
})

const REPLICAS = [
  { replicas: 2, ready: 2, available: 2, status: Healthy, message: '2/2 replicas ready' },
  { replicas: 2, ready: 2, available: 1, status: Degraded, message: '2/2 replicas ready' },
  { replicas: 2, ready: 1, available: 1, status: Degraded, message: '1/2 replicas ready' },
  { replicas: 2, ready: 3, available: 3, status: Degraded, message: '3/2 replicas ready' },
  { replicas: 0, ready: 1, available: 1, status: Degraded, message: '1/0 replicas ready' },
  { replicas: null, ready: 1, available: 1, status: Degraded, message: '1/0 replicas ready' },
  { replicas: 2, ready: 0, available: 0, status: Unhealthy, message: '0/2 replicas ready' },
  { replicas: 2, ready: 0, available: 2, status: Unhealthy, message: '0/2 replicas ready' },
  { replicas: 0, ready: 0, available: 0, status: Unhealthy, message: '0/0 replicas ready' },
  { replicas: null, ready: 0, available: 0, status: Unhealthy, message: '0/0 replicas ready' },
]

for (const { replicas, ready, available, status, message } of REPLICAS) {
  test(`${ready} ready and ${available} available of ${replicas} replicas are status ${status}`, async (t) => {
    const report = await look(t, [deployment({ replicas, ready, available })])
    assert.deepEqual(shown(report), {
      status,
      message,
      metadata: {
        replicas: String(replicas ?? 0),
        ready_replicas: String(ready),
        available_replicas: String(available),
        version: '1.2.3',
        commit: 'feda6e1',
        controller_healthz: 'unknown',
        controller_readyz: 'unknown',
        probed_pods: '0',
      },
    })
  })
}

test('with options it serves the Deployment of any operator', async (t) => {
  const labels = { app: 'cert-manager', release: '9.9' }
  const object = deployment({ name: 'cm', namespace: 'certs', labels, image: 'quay.io/cm:v1' })
  const elsewhere = deployment({ name: 'cm', namespace: 'other', labels, image: 'quay.io/cm:v2' })
  const report = await look(t, [elsewhere, object], {
    labelSelector: 'app=cert-manager',
    namespace: 'certs',
    imageIdentifiers: [],
    versionLabel: 'release',
    component: 'cert_manager',
    subject: 'webhook',
  })
  assert.deepEqual([report?.version, report?.commit], ['9.9', 'v1'])
  assert.deepEqual(shown(report, 'cert_manager').metadata, {
    replicas: '1',
    ready_replicas: '1',
    available_replicas: '1',
    version: '9.9',
    commit: 'v1',
    webhook_healthz: 'unknown',
    webhook_readyz: 'unknown',
    probed_pods: '0',
  })
})

test('the report can be cloned, its status can not be changed', async (t) => {
  const report = await look(t, [deployment()])
  const status = structuredClone(report)!.report.get('karpenter_deployment')!
  assert.equal(status.message, '1/1 replicas ready')
  assert.ok(Object.isFrozen(report!.report.get('karpenter_deployment')))
  assert.equal(Object.getPrototypeOf(report!.report.get('karpenter_deployment')!.metadata), null)
})
