// What NodeOperatorMonitor takes, and where its credentials come from; nobody is asked here.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect, promisify } from 'node:util'
import { NodeOperatorMonitor, type NodeOperatorMonitorOptions } from '../../src/kubernetes/index.js'
import { temporaryFolder } from '../contract/support/certificates.js'

const REFUSED: readonly [options: unknown, message: RegExp][] = [
  [null, /^options=null: must be an object$/],
  [{ selector: 'a=b' }, /^options="selector": must be one of kubeConfig, /],
  [{ kubeConfig: {} }, /^kubeConfig=an object: must be a KubeConfig of @kubernetes\/client-node$/],
  [{ kubeConfigFile: '' }, /^kubeConfigFile="": must be a string that is not empty$/],
  [
    { kubeConfigFile: 'x', kubeConfig: { makeApiClient() {} } },
    /^kubeConfigFile="x": must not be given beside kubeConfig$/,
  ],
  [{ requestTimeoutMs: 0 }, /^requestTimeoutMs=0: must be an integer from 1 to 2147483647$/],
  [{ labelSelector: '' }, /^labelSelector="": must be a string that is not empty$/],
  [{ namespace: '' }, /^namespace="": must be a string that is not empty$/],
  [
    { imageIdentifiers: 'devzeroinc' },
    /^imageIdentifiers="devzeroinc": must be an array of strings$/,
  ],
  [{ imageIdentifiers: [''] }, /^imageIdentifiers\[0\]="": must be a string that is not empty$/],
  [{ versionLabel: 7 }, /^versionLabel=7: /],
  [{ component: '' }, /^component="": must not be empty$/],
  [{ subject: '' }, /^subject="": /],
  [{ portNames: [1] }, /^portNames\[0\]=1: /],
  [{ healthPort: 65_536 }, /^healthPort=65536: must be an integer from 1 to 65535$/],
  [{ maxPods: -1 }, /^maxPods=-1: must be an integer from 0 to 100$/],
  [{ probeTimeoutMs: 1.5 }, /^probeTimeoutMs=1.5: /],
  [{ probeBudgetMs: Number.NaN }, /^probeBudgetMs=NaN: /],
  [{ pageSize: 0 }, /^pageSize=0: must be an integer from 1 to 10000$/],
  [{ onListError: 'ignore' }, /^onListError="ignore": must be 'reject' or 'undefined'$/],
  [{ fetch: 'http' }, /^fetch="http": must be a function$/],
  [{ logger: console.log }, /^logger=a function: must have the methods debug, info, error$/],
]

for (const [options, message] of REFUSED) {
  test(`options are refused at once: ${message.source}`, () => {
    assert.throws(() => new NodeOperatorMonitor(options as NodeOperatorMonitorOptions), {
      code: 'ERR_HEALTH_ARGUMENT',
      message,
    })
  })
}

test('a signal that is none is refused', async () => {
  const building = new NodeOperatorMonitor().buildNodeOperatorReport(1 as unknown as AbortSignal)
  await assert.rejects(building, { code: 'ERR_HEALTH_ARGUMENT' })
})

test('credentials that can’t be loaded are an error with a code, each time until they can', async (t) => {
  const folder = temporaryFolder((remove) => t.after(remove))
  const kubeConfigFile = join(folder, 'config')
  const monitor = new NodeOperatorMonitor({ kubeConfigFile })
  const rejected = (message: RegExp) =>
    assert.rejects(monitor.buildNodeOperatorReport(), { code: 'ERR_HEALTH_KUBERNETES', message })
  await rejected(/^the kubeconfig could not be loaded: error=ENOENT$/)
  writeFileSync(kubeConfigFile, '{')
  await rejected(/^the kubeconfig could not be loaded: it is no YAML: line=\d+ column=\d+$/)
  writeFileSync(kubeConfigFile, '{"clusters":[],"users":[],"contexts":[]}')
  await rejected(/^the kubeconfig has no current cluster$/)
})

test('what a kubeconfig holds that is no YAML is shown nowhere: it may be the token', async (t) => {
  const folder = temporaryFolder((remove) => t.after(remove))
  const kubeConfigFile = join(folder, 'config')
  writeFileSync(kubeConfigFile, 'users:\n- name: me\n  user:\n    token: "the-secret\n')
  const monitor = new NodeOperatorMonitor({ kubeConfigFile })
  await assert.rejects(monitor.buildNodeOperatorReport(), (error: Error) => {
    assert.match(error.message, /^the kubeconfig could not be loaded: it is no YAML: line=5 /)
    assert.doesNotMatch(inspect(error, { depth: 9 }), /the-secret/)
    return true
  })
})

/** What a process of its own, without a home, prints. */
async function run(program: string, environment: Record<string, string>): Promise<string> {
  const url = JSON.stringify(new URL('../../src/kubernetes/index.js', import.meta.url).href)
  const args = [
    '--input-type=module',
    '--eval',
    `const { NodeOperatorMonitor } = await import(${url})\n${program}`,
  ]
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...environment }
  return (await promisify(execFile)(process.execPath, args, { env })).stdout.trim()
}

test('a program that has no credentials is told where they are looked for', async () => {
  const printed = await run(
    `new NodeOperatorMonitor().buildNodeOperatorReport().catch((error) => console.log(error.code, error.message))`,
    {},
  )
  assert.equal(
    printed,
    'ERR_HEALTH_KUBERNETES no credentials were found: KUBECONFIG is not set, and there is neither ~/.kube/config nor a service account',
  )
})

test('KUBECONFIG names the credentials', async (t) => {
  const file = join(
    temporaryFolder((remove) => t.after(remove)),
    'config',
  )
  writeFileSync(
    file,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'u', user: { token: 'secret' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  )
  const printed = await run(
    `new NodeOperatorMonitor().buildNodeOperatorReport().catch((error) => console.log(error.message))`,
    { KUBECONFIG: file },
  )
  assert.equal(printed, 'Deployments could not be listed: error=ECONNREFUSED')
})
