// When the sample collector asks an API server, and for what.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findCluster } from '../../examples/collector/cluster.js'

const POD = { POD_NAME: 'collector-0', POD_NAMESPACE: 'health-actor' }
/** A file that is there, in place of a mounted token. */
const MOUNTED = new URL(import.meta.url).pathname
const NOT_MOUNTED = '/nonexistent/token'

const summaryOf = (cluster: ReturnType<typeof findCluster>) => ({
  line: cluster?.line,
  sources: cluster?.sources.map(({ module, data }) => [
    /[^/]+$/.exec(String(module))?.[0],
    JSON.parse(JSON.stringify(data)),
  ]),
})

test('in a Pod that has a token and knows its name: the operator, and its own last end', () => {
  assert.deepEqual(summaryOf(findCluster(undefined, POD, MOUNTED)), {
    line: 'the node operator and health-actor/collector-0, by the service account',
    sources: [
      ['node-operator-source.js', { statusComponent: 'node_monitor' }],
      [
        'restart-oom-source.js',
        { namespace: 'health-actor', podName: 'collector-0', component: 'restart_oom' },
      ],
    ],
  })
})

for (const [what, environment, tokenFile] of [
  ['no token is mounted', POD, NOT_MOUNTED],
  ['its name is not known', { POD_NAMESPACE: 'health-actor' }, MOUNTED],
  ['its namespace is empty', { ...POD, POD_NAMESPACE: '' }, MOUNTED],
  ['it is no Pod', {}, NOT_MOUNTED],
] as const) {
  test(`nobody is asked where ${what}`, () => {
    assert.equal(findCluster(undefined, environment, tokenFile), undefined)
  })
}

test('a kubeconfig will do without a token, and without a Pod for the operator alone', () => {
  assert.deepEqual(summaryOf(findCluster('kube.json', {}, NOT_MOUNTED)), {
    line: 'the node operator, by kube.json',
    sources: [
      ['node-operator-source.js', { kubeConfigFile: 'kube.json', statusComponent: 'node_monitor' }],
    ],
  })
  const both = findCluster('kube.json', POD, NOT_MOUNTED)
  assert.equal(both?.line, 'the node operator and health-actor/collector-0, by kube.json')
  assert.equal(both?.sources.length, 2)
})
