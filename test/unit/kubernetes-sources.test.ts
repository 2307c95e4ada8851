// What users give to the sources of heartbeats that know Kubernetes, and what a look that is given up leaves behind.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  type NodeOperatorSourceOptions,
  nodeOperatorSource,
  restartOomSource,
} from '../../src/kubernetes/index.js'
import { createHeartbeatSource } from '../../src/kubernetes/node-operator-source.js'
import { temporaryFolder } from '../contract/support/certificates.js'
import { KubernetesApi } from '../contract/support/kubernetes-api.js'
import { startRuntime } from '../contract/support/runtime.js'

describe('a source of heartbeats', () => {
  const everything: Required<NodeOperatorSourceOptions> = {
    kubeConfigFile: '/etc/kubeconfig',
    requestTimeoutMs: 1,
    labelSelector: 'a=b',
    namespace: 'n',
    imageIdentifiers: ['i'],
    versionLabel: 'v',
    component: 'c',
    subject: 's',
    portNames: ['p'],
    healthPort: 1,
    maxPods: 1,
    probeTimeoutMs: 1,
    probeBudgetMs: 1,
    pageSize: 1,
    onListError: 'undefined',
    statusComponent: 'm',
  }

  test('takes with it what it was given, and can be given to another thread', () => {
    const { data, module } = nodeOperatorSource(everything)
    assert.deepEqual(structuredClone(data), everything)
    assert.match(String(module), /\/node-operator-source\.js$/)
    const options = { namespace: 'n', podName: 'p', containerName: 'c', component: 'x' }
    const source = restartOomSource(options)
    assert.deepEqual(JSON.parse(JSON.stringify(source.data)), options)
    assert.match(String(source.module), /\/restart-oom-source\.js$/)
  })

  const NODE_OPERATOR = [
    [{ kubeConfig: {} }, /^options="kubeConfig": must be one of kubeConfigFile, /],
    [{ fetch }, /^options="fetch": must be one of /],
    [{ logger: console }, /^options="logger": must be one of /],
    [{ healthPort: 0 }, /^healthPort=0: /],
    [{ statusComponent: '' }, /^statusComponent="": must not be empty$/],
    [null, /^options=null: must be an object$/],
  ] as const
  const RESTART_OOM = [
    [{ manager: {} }, /^options="manager": must be one of kubeConfigFile, /],
    [{ podName: 7 }, /^podName=7: must be a string$/],
    [{ component: '' }, /^component="": must not be empty$/],
  ] as const
  for (const [make, refused] of [
    [nodeOperatorSource, NODE_OPERATOR],
    [restartOomSource, RESTART_OOM],
  ] as const) {
    for (const [options, message] of refused) {
      test(`${make.name} refuses at once: ${message.source}`, () => {
        assert.throws(() => make(options as never), { code: 'ERR_HEALTH_ARGUMENT', message })
      })
    }
  }
})

describe('a look that is given up', () => {
  for (const { by, reason, message } of [
    { by: 'its time', reason: new DOMException('not done', 'TimeoutError'), message: 'not done' },
    { by: 'a stop', reason: undefined, message: '' },
  ]) {
    test(`by ${by} is ${message === '' ? 'not ' : ''}told as a failure`, async (t) => {
      const health = await startRuntime(t)
      const api = await KubernetesApi.start(t, [])
      api.faults.push({ kind: 'hang', after: 'request' })
      const folder = temporaryFolder((remove) => t.after(remove))
      const kubeConfigFile = join(folder, 'config')
      writeFileSync(kubeConfigFile, api.kubeConfigText())
      const { data } = nodeOperatorSource({ kubeConfigFile, statusComponent: 'm' })
      const source = await createHeartbeatSource(data, { health, intervalMs: 15_000 })
      const giveUp = new AbortController()
      const asked = api.nextRequest()
      const building = source.build(giveUp.signal)
      await asked
      giveUp.abort(reason)
      await assert.rejects(building, giveUp.signal.reason)
      await health.flush()
      assert.equal(health.getStatus('m')?.message, message)
    })
  }
})
