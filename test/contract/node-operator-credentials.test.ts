// By what credentials the API server is asked, whom they trust, and that no error shows them. Through the real client.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import type { HealthError } from '../../src/index.js'
import { NodeOperatorMonitor } from '../../src/kubernetes/index.js'
import { temporaryFolder } from './support/certificates.js'
import { KubernetesApi } from './support/kubernetes-api.js'
import { deployment } from './support/kubernetes-objects.js'
import { shown } from './support/node-operator.js'

test('TLS is verified by the kubeconfig’s certificate authority, and a kubeconfig may be a file', async (t) => {
  const api = await KubernetesApi.start(t, [deployment()], { tls: true })
  const kubeConfigFile = join(
    temporaryFolder((remove) => t.after(remove)),
    'config',
  )
  writeFileSync(kubeConfigFile, api.kubeConfigText())
  const message = async (monitor: NodeOperatorMonitor) =>
    shown(await monitor.buildNodeOperatorReport()).message
  const trusting = new NodeOperatorMonitor({ kubeConfigFile })
  assert.equal(await message(trusting), '1/1 replicas ready')
  const text = api.kubeConfigText().replace(/,"certificate-authority-data":"[^"]*"/, '')
  writeFileSync(kubeConfigFile, text)
  // The file is read once; another monitor reads it anew.
  assert.equal(await message(trusting), '1/1 replicas ready')
  await assert.rejects(message(new NodeOperatorMonitor({ kubeConfigFile })), {
    code: 'ERR_HEALTH_KUBERNETES',
    message: 'Deployments could not be listed: error=DEPTH_ZERO_SELF_SIGNED_CERT',
  })
})

test('a wrong token is refused, and shown nowhere', async (t) => {
  const api = await KubernetesApi.start(t, [deployment()])
  const kubeConfig = api.kubeConfig('not-the-token')
  const monitor = new NodeOperatorMonitor({ kubeConfig })
  await assert.rejects(monitor.buildNodeOperatorReport(), (error: HealthError) => {
    assert.equal(error.message, 'Deployments could not be listed: status=401')
    assert.ok(!`${error.stack}${(error.cause as Error).stack}`.includes('not-the-token'))
    return true
  })
})

test('a token that is no header value is shown nowhere', async (t) => {
  const api = await KubernetesApi.start(t, [deployment()])
  const kubeConfig = api.kubeConfig('secret-token\nwith a line break')
  const monitor = new NodeOperatorMonitor({ kubeConfig })
  await assert.rejects(monitor.buildNodeOperatorReport(), (error: HealthError) => {
    assert.match(error.message, /^Deployments could not be listed: error=\w+$/)
    assert.ok(!inspect(error).includes('secret-token'))
    return true
  })
})

test('a plugin for credentials that hangs is run once, however often it is waited for', async (t) => {
  const api = await KubernetesApi.start(t, [deployment()])
  const pids = join(
    temporaryFolder((remove) => t.after(remove)),
    'pids',
  )
  const kubeConfig = api.kubeConfig()
  const [user] = kubeConfig.users
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'sh',
    args: ['-c', `echo $$ >> ${pids}; exec sleep 60`],
  }
  kubeConfig.users = [{ name: user?.name ?? '', exec }]
  const monitor = new NodeOperatorMonitor({ kubeConfig, requestTimeoutMs: 300 })
  for (let i = 0; i < 3; i++) {
    await assert.rejects(monitor.buildNodeOperatorReport(), {
      message: 'Deployments could not be listed: no answer within 300 ms',
    })
  }
  const started = readFileSync(pids, 'utf8').trim().split('\n')
  for (const pid of started) process.kill(Number(pid))
  assert.equal(started.length, 1)
})

for (const name of ['gcp', 'azure']) {
  test(`the auth-provider ${name} is refused: it would block the thread for as long as its command takes`, async (t) => {
    const api = await KubernetesApi.start(t, [deployment()])
    const file = join(
      temporaryFolder((remove) => t.after(remove)),
      'config',
    )
    const config = JSON.parse(api.kubeConfigText()) as { users: { user: object }[] }
    for (const each of config.users) each.user = { 'auth-provider': { name, config: {} } }
    writeFileSync(file, JSON.stringify(config))
    const monitor = new NodeOperatorMonitor({ kubeConfigFile: file })
    await assert.rejects(monitor.buildNodeOperatorReport(), {
      code: 'ERR_HEALTH_KUBERNETES',
      message: `auth-provider=${name}: runs a command that blocks the thread; use exec`,
    })
  })
}
