// Which Pods are asked, where, and what their answers come to: each rule of the reference, through the real client. The Pods
// themselves are a function here; node-operator-http.test.ts has real ones.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HealthStatus } from '../../src/index.js'
import { deployment, pod } from './support/kubernetes-objects.js'
import { look, recordingFetch, recordingLogger, shown } from './support/node-operator.js'

const SELECTORS = [
  { name: 'matchLabels', selector: { matchLabels: { app: 'k', tier: 'x' } }, asks: ['a'] },
  {
    name: 'In',
    selector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['k', 'j'] }] },
    asks: ['a', 'b', 'c'],
  },
  {
    name: 'NotIn',
    selector: { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['x', 'z'] }] },
    asks: ['b', 'c'],
  },
  {
    name: 'Exists beside matchLabels',
    selector: {
      matchLabels: { app: 'k' },
      matchExpressions: [{ key: 'tier', operator: 'Exists' }],
    },
    asks: ['a', 'b'],
  },
  {
    name: 'DoesNotExist',
    selector: { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] },
    asks: ['c'],
  },
]
const SELECTED = [
  pod({ name: 'a', ip: '10.0.0.1', labels: { app: 'k', tier: 'x' } }),
  pod({ name: 'b', ip: '10.0.0.2', labels: { app: 'k', tier: 'y' } }),
  pod({ name: 'c', ip: '10.0.0.3', labels: { app: 'j' } }),
  pod({ name: 'd', ip: '10.0.0.4', namespace: 'elsewhere', labels: { app: 'k', tier: 'x' } }),
]
const IPS: Record<string, string> = { a: '10.0.0.1', b: '10.0.0.2', c: '10.0.0.3' }

for (const { name, selector, asks } of SELECTORS) {
  test(`Pods are chosen by the Deployment’s own selector, in its namespace: ${name}`, async (t) => {
    const { urls, fetch } = recordingFetch()
    const report = await look(t, [deployment({ selector }), ...SELECTED], { fetch })
    const expected = asks.flatMap((name) =>
      ['healthz', 'readyz'].map((path) => `http://${IPS[name]}:8081/${path}`),
    )
    assert.deepEqual(urls, expected)
    assert.equal(shown(report).metadata['probed_pods'], String(asks.length))
  })
}

const expression = (key: string, operator: string, values?: string[]) => ({
  matchExpressions: [{ key, operator, ...(values && { values }) }],
})
const BAD_SELECTORS = [
  { name: 'none at all', selector: undefined },
  { name: 'an empty one', selector: {} },
  { name: 'one that is empty inside', selector: { matchLabels: {}, matchExpressions: [] } },
  { name: 'an unknown operator', selector: expression('app', 'Gt', ['1']) },
  { name: 'In without values', selector: expression('app', 'In') },
  { name: 'Exists with values', selector: expression('app', 'Exists', ['x']) },
  { name: 'a key that is no label', selector: expression('a b', 'Exists') },
  { name: 'a value that is no label’s', selector: { matchLabels: { app: 'a,b' } } },
]

for (const { name, selector } of BAD_SELECTORS) {
  test(`with ${name} as selector nobody is asked, and only the replicas are reported`, async (t) => {
    const { urls, fetch } = recordingFetch()
    const { lines, logger } = recordingLogger()
    const report = await look(t, [deployment({ selector }), pod()], { fetch, logger })
    assert.deepEqual(urls, [])
    assert.deepEqual(Object.keys(shown(report).metadata), [
      'replicas',
      'ready_replicas',
      'available_replicas',
      'version',
      'commit',
    ])
    assert.equal(shown(report).message, '1/1 replicas ready')
    const [[level, message]] = lines as [[string, string, object]]
    assert.deepEqual([level, message], ['error', 'the node operator’s Pods could not be found'])
  })
}

const PODS = [
  { name: 'one that serves', parts: {}, isAsked: true },
  { name: 'one that is pending', parts: { phase: 'Pending' }, isAsked: false },
  { name: 'one that has succeeded', parts: { phase: 'Succeeded' }, isAsked: false },
  { name: 'one without an address', parts: { ip: '' }, isAsked: false },
  {
    name: 'one that is being deleted',
    parts: { deletedAt: '2026-01-01T00:00:00Z' },
    isAsked: false,
  },
  { name: 'one that is not ready', parts: { ready: 'False' }, isAsked: false },
  { name: 'one of which readiness is not known', parts: { ready: 'Unknown' }, isAsked: false },
  { name: 'one without a condition Ready', parts: { ready: undefined }, isAsked: false },
]

for (const { name, parts, isAsked } of PODS) {
  test(`of Pods, ${name} is ${isAsked ? '' : 'not '}asked`, async (t) => {
    const { urls, fetch } = recordingFetch()
    const report = await look(t, [deployment(), pod({ ip: '10.1.1.1', ...parts })], { fetch })
    assert.equal(urls.length, isAsked ? 2 : 0)
    const { metadata } = shown(report)
    assert.equal(metadata['probed_pods'], isAsked ? '1' : '0')
    assert.equal(metadata['controller_healthz'], isAsked ? 'true' : 'unknown')
  })
}

test('the first three Pods by name are asked, one after the other, healthz before readyz', async (t) => {
  const { urls, fetch } = recordingFetch()
  const pods = ['d', 'b', 'a', 'c'].map((name, index) => pod({ name, ip: `10.0.0.${index}` }))
  const report = await look(t, [deployment(), ...pods], { fetch })
  assert.deepEqual(
    urls,
    ['10.0.0.2', '10.0.0.1', '10.0.0.3'].flatMap((ip) => [
      `http://${ip}:8081/healthz`,
      `http://${ip}:8081/readyz`,
    ]),
  )
  assert.equal(shown(report).metadata['probed_pods'], '3')
})

const get = (httpGet: object) => ({ httpGet })
const container = (parts: object) => ({ name: 'c', image: 'devzeroinc/c:1', ...parts })
const FALLBACK = 'http://10.1.1.1:8081'

const ENDPOINTS = [
  {
    name: 'without probes and ports: 8081 and the standard paths',
    containers: [container({})],
    urls: [`${FALLBACK}/healthz`, `${FALLBACK}/readyz`],
  },
  {
    name: 'the probes’ own ports and paths',
    containers: [
      container({
        livenessProbe: get({ port: 9001, path: '/live' }),
        readinessProbe: get({ port: 9002, path: '/ready?full=1' }),
      }),
    ],
    urls: ['http://10.1.1.1:9001/live', 'http://10.1.1.1:9002/ready?full=1'],
  },
  {
    name: 'paths that are empty or lack a slash',
    containers: [
      container({
        livenessProbe: get({ port: 1, path: '' }),
        readinessProbe: get({ port: 2, path: 'r' }),
      }),
    ],
    urls: ['http://10.1.1.1:1/healthz', 'http://10.1.1.1:2/r'],
  },
  {
    name: 'named ports, of the same container',
    containers: [
      container({ name: 'a', ports: [{ name: 'web', containerPort: 7000 }] }),
      container({
        name: 'b',
        ports: [
          { name: 'web', containerPort: 7001 },
          { name: 'web', containerPort: 7002 },
        ],
        livenessProbe: get({ port: 'web' }),
        readinessProbe: get({ port: 'web' }),
      }),
    ],
    urls: ['http://10.1.1.1:7001/healthz', 'http://10.1.1.1:7001/readyz'],
  },
  {
    name: 'ports written as text',
    containers: [
      container({ livenessProbe: get({ port: '8443' }), readinessProbe: get({ port: '+0099' }) }),
    ],
    urls: ['http://10.1.1.1:8443/healthz', 'http://10.1.1.1:99/readyz'],
  },
  {
    name: 'the first container with a usable probe, for each endpoint by itself',
    containers: [
      container({
        name: 'a',
        livenessProbe: { exec: { command: ['true'] } },
        readinessProbe: get({ port: 5 }),
      }),
      container({
        name: 'b',
        livenessProbe: get({ port: 'nowhere' }),
        readinessProbe: get({ port: 6 }),
      }),
      container({ name: 'c', livenessProbe: get({ port: 7 }) }),
    ],
    urls: ['http://10.1.1.1:7/healthz', 'http://10.1.1.1:5/readyz'],
  },
  ...[0, -1, '0', '-1', '', 'nowhere', '8081x', '1.5', '99999999999999999999'].map((port) => ({
    name: `the port ${JSON.stringify(port)} is none`,
    containers: [container({ livenessProbe: get({ port }) })],
    urls: [`${FALLBACK}/healthz`, `${FALLBACK}/readyz`],
  })),
  {
    name: 'a port of the name belongs to another container',
    containers: [
      container({ name: 'a', livenessProbe: get({ port: 'web' }) }),
      container({ name: 'b', ports: [{ name: 'web', containerPort: 7000 }] }),
    ],
    urls: [`${FALLBACK}/healthz`, `${FALLBACK}/readyz`],
  },
  {
    name: 'HTTPS, and what is no such scheme',
    containers: [
      container({
        livenessProbe: get({ port: 1, scheme: 'HTTPS' }),
        readinessProbe: get({ port: 2, scheme: 'https' }),
      }),
    ],
    urls: ['https://10.1.1.1:1/healthz', 'http://10.1.1.1:2/readyz'],
  },
  {
    name: 'a probe’s host and headers do not count',
    containers: [
      container({
        livenessProbe: get({
          port: 1,
          host: '192.0.2.1',
          httpHeaders: [{ name: 'a', value: 'b' }],
        }),
        readinessProbe: get({ port: 1 }),
      }),
    ],
    urls: ['http://10.1.1.1:1/healthz', 'http://10.1.1.1:1/readyz'],
  },
  {
    name: 'the fallback is the first port called http or health of all containers',
    containers: [
      container({
        name: 'a',
        ports: [{ name: 'metrics', containerPort: 1 }, { containerPort: 2 }],
      }),
      container({
        name: 'b',
        ports: [
          { name: 'health', containerPort: 3 },
          { name: 'http', containerPort: 4 },
        ],
      }),
    ],
    urls: ['http://10.1.1.1:3/healthz', 'http://10.1.1.1:3/readyz'],
  },
  {
    name: 'one endpoint of a probe, the other of the fallback',
    containers: [
      container({
        ports: [{ name: 'http', containerPort: 80 }],
        readinessProbe: get({ port: 9, path: '/r', scheme: 'HTTPS' }),
      }),
    ],
    urls: ['http://10.1.1.1:80/healthz', 'https://10.1.1.1:9/r'],
  },
]

for (const { name, containers, urls: expected } of ENDPOINTS) {
  test(`endpoints: ${name}`, async (t) => {
    const { urls, fetch } = recordingFetch()
    const object = deployment({ containers: [{ name: 'x', image: 'devzeroinc/x' }, ...containers] })
    await look(t, [object, pod({ ip: '10.1.1.1' })], { fetch })
    assert.deepEqual(urls, expected)
  })
}

test('an IPv6 address is put in brackets', async (t) => {
  const { urls, fetch } = recordingFetch()
  await look(t, [deployment(), pod({ ip: 'fd00::1' })], { fetch })
  assert.deepEqual(urls, ['http://[fd00::1]:8081/healthz', 'http://[fd00::1]:8081/readyz'])
})

test('names and number of the fallback port are options', async (t) => {
  const { urls, fetch } = recordingFetch()
  const ports = [
    { name: 'http', containerPort: 1 },
    { name: 'probes', containerPort: 2 },
  ]
  const named = deployment({ containers: [container({ ports })] })
  await look(t, [named, pod({ ip: '10.1.1.1' })], { fetch, portNames: ['probes'] })
  await look(t, [named, pod({ ip: '10.1.1.1' })], { fetch, portNames: [], healthPort: 9 })
  assert.deepEqual(
    urls.filter((url) => url.endsWith('healthz')),
    ['http://10.1.1.1:2/healthz', 'http://10.1.1.1:9/healthz'],
  )
})

const NAMES: Record<number, string> = { 200: 'true', 404: 'unknown', 501: 'unknown' }
for (const status of [200, 201, 204, 302, 304, 400, 401, 403, 404, 405, 429, 500, 501, 502, 503]) {
  const outcome = NAMES[status] ?? 'false'
  test(`an answer of ${status} is ${outcome}`, async (t) => {
    const { fetch } = recordingFetch((url) => (url.endsWith('healthz') ? status : 200))
    const report = await look(t, [deployment(), pod()], { fetch })
    const { metadata, message, status: component } = shown(report)
    assert.equal(metadata['controller_healthz'], outcome)
    assert.equal(metadata['controller_readyz'], 'true')
    const suffix = outcome === 'false' ? ' (controller healthz=false readyz=true)' : ''
    assert.equal(message, `1/1 replicas ready${suffix}`)
    assert.equal(component, HealthStatus.Healthy, 'probes never change the status')
  })
}

// Statuses of three Pods, 0 for no answer at all.
const MERGES = [
  { answers: [200, 200, 200], outcome: 'true' },
  { answers: [0, 200, 404], outcome: 'true' },
  { answers: [200, 200, 503], outcome: 'false' },
  { answers: [503, 200, 0], outcome: 'false' },
  { answers: [0, 404, 501], outcome: 'unknown' },
]

for (const { answers, outcome } of MERGES) {
  test(`answers of ${answers.join(', ')} from three Pods come to ${outcome}`, async (t) => {
    const { fetch } = recordingFetch((url) => {
      const answer = answers[Number(/^http:\/\/10\.0\.0\.(\d)/.exec(url)?.[1])]
      if (answer === undefined || answer === 0) throw new Error('connection refused')
      return url.endsWith('readyz') ? answer : 404
    })
    const { lines, logger } = recordingLogger()
    const pods = answers.map((_, index) => pod({ name: `p${index}`, ip: `10.0.0.${index}` }))
    const report = await look(t, [deployment(), ...pods], { fetch, logger })
    const { metadata, message } = shown(report)
    assert.deepEqual(
      [metadata['controller_healthz'], metadata['controller_readyz'], metadata['probed_pods']],
      ['unknown', outcome, '3'],
    )
    const suffix = outcome === 'false' ? ' (controller healthz=unknown readyz=false)' : ''
    assert.equal(message, `1/1 replicas ready${suffix}`)
    const isLogged = lines.some(([level]) => level === 'debug')
    assert.equal(isLogged, outcome !== 'false', 'silence alone is a line for who debugs')
  })
}

test('a fetch that throws at once, or is none at all, is an answer that is not known', async (t) => {
  const fetch = () => {
    throw new Error('broken')
  }
  const report = await look(t, [deployment(), pod()], { fetch })
  assert.equal(shown(report).metadata['controller_healthz'], 'unknown')
})

const threePods = ['a', 'b', 'c'].map((name, index) => pod({ name, ip: `10.0.0.${index}` }))

test('the budget is one for all probes, whatever each of them may take', {
  timeout: 10_000,
}, async (t) => {
  // Answers nobody, whatever the signal says.
  const fetch = () => new Promise<never>(() => {})
  const options = { fetch, probeTimeoutMs: 60_000, probeBudgetMs: 20 }
  const { metadata } = shown(await look(t, [deployment(), ...threePods], options))
  assert.deepEqual(
    [metadata['controller_healthz'], metadata['controller_readyz'], metadata['probed_pods']],
    ['unknown', 'unknown', '3'],
  )
})

test('what is left when the budget is over is unknown at once', async (t) => {
  const { fetch, urls } = recordingFetch(() => {
    // By the clock of the budget: a timer may be early by it.
    const until = performance.now() + 20
    while (performance.now() < until);
    return 200
  })
  const options = { fetch, probeTimeoutMs: 60_000, probeBudgetMs: 20 }
  const { metadata } = shown(await look(t, [deployment(), ...threePods], options))
  assert.equal(urls.length, 1)
  assert.deepEqual([metadata['controller_readyz'], metadata['probed_pods']], ['unknown', '3'])
})
