// The sample collector beside a cluster: what its heartbeats' thread asks the API server becomes heartbeats and components.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { temporaryFolder } from '../contract/support/certificates.js'
import { KubernetesApi } from '../contract/support/kubernetes-api.js'
import { deployment, pod } from '../contract/support/kubernetes-objects.js'
import {
  type Answer,
  CollectorProcess,
  linux,
  messageOf,
  statusOf,
  withCollector,
} from './collector-process.js'

const OOM_KILLED = {
  name: 'collector',
  restartCount: 1,
  lastState: {
    terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt: '2026-03-01T12:00:00Z' },
  },
}

/** Runs what follows with a `/var/run` of its own, as a container has, which nobody else sees. */
const APART = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c']
const MOUNT = 'mount -t tmpfs tmpfs /var/run'
const isApart = spawnSync(APART[0] as string, [...APART.slice(1), MOUNT]).status === 0
const namespaces =
  process.platform === 'linux' && !isApart
    ? { skip: 'user namespaces are not allowed here: no /var/run of its own for a token' }
    : linux

interface KubeConfigText {
  readonly clusters: readonly [
    {
      readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string }
    },
  ]
  readonly users: readonly [{ readonly user: { readonly token: string } }]
}

interface Operator {
  readonly clusterId: string
  readonly operatorType: string
  readonly status: string
}

describe('the sample collector with a cluster to ask', linux, () => {
  it('sends the node operator’s heartbeats, and shows an OOM kill of the one before', async (t) => {
    const me = pod({ name: 'me', namespace: 'mine', containerStatuses: [OOM_KILLED] })
    const api = await KubernetesApi.start(t, [deployment({ replicas: 2 }), me])
    const folder = temporaryFolder((remove) => t.after(remove))
    const file = join(folder, 'config')
    writeFileSync(file, api.kubeConfigText())
    Object.assign(process.env, { POD_NAME: 'me', POD_NAMESPACE: 'mine' })
    t.after(() => {
      delete process.env['POD_NAME']
      delete process.env['POD_NAMESPACE']
    })
    await withCollector(['--kubeconfig', file], async (collector) => {
      await collector.said(/cluster +the node operator and mine\/me, by \S+$/m)
      const answers = await collector.probeUntil(
        '/readyz',
        (answer) =>
          messageOf(answer, 'node_monitor') === 'the node operator was found' &&
          statusOf(answer, 'restart_oom') === 'degraded',
        60_000,
      )
      const last = answers.at(-1) as Answer
      assert.equal(messageOf(last, 'restart_oom'), 'Previous instance was OOM-killed')
      assert.equal(last.components['node_monitor']?.metadata?.['message'], '1/2 replicas ready')
      const [, page] = await collector.said(/fleet +(http:\S+)/)
      const operators = async () => {
        const answer = await fetch(`${page}fleet.json`)
        return ((await answer.json()) as { operators: Operator[] }).operators
      }
      while ((await operators()).length < 2) {}
      assert.deepEqual(
        (await operators()).map(({ clusterId, operatorType }) => [clusterId, operatorType]),
        [
          ['local', 'read'],
          ['local', 'node'],
        ],
      )
      await collector.said(
        /health-actor: Previous instance was OOM-killed: container_name=collector /,
      )
      assert.equal(await collector.stop(), 0, collector.output)
    })
  })

  it('runs as ever where the API server refuses it, and says so', async (t) => {
    const api = await KubernetesApi.start(t, [])
    const folder = temporaryFolder((remove) => t.after(remove))
    const file = join(folder, 'config')
    writeFileSync(file, api.kubeConfigText('not-the-token'))
    await withCollector(['--kubeconfig', file], async (collector) => {
      const answers = await collector.probeUntil(
        '/readyz',
        (answer) => answer.code === 200 && statusOf(answer, 'node_monitor') === 'degraded',
        60_000,
      )
      const last = answers.at(-1) as Answer
      assert.equal(messageOf(last, 'node_monitor'), 'Deployments could not be listed: status=401')
      assert.equal(messageOf(last, 'dakr_transport'), 'Transport operational')
      await collector.said(
        /^heartbeat: no heartbeat could be made: operatorType=node: .*status=401$/m,
      )
      assert.equal(await collector.stop(), 0, collector.output)
      assert.doesNotMatch(collector.output, /not-the-token/)
    })
  })

  it(
    'asks by the service account in a Pod that has a token, without being told to',
    namespaces,
    async (t) => {
      const me = pod({ name: 'me', namespace: 'mine', containerStatuses: [OOM_KILLED] })
      const api = await KubernetesApi.start(t, [deployment(), me], { tls: true })
      const { clusters, users } = JSON.parse(api.kubeConfigText()) as KubeConfigText
      const { server, 'certificate-authority-data': ca } = clusters[0].cluster
      const folder = temporaryFolder((remove) => t.after(remove))
      writeFileSync(join(folder, 'ca.crt'), Buffer.from(ca, 'base64'))
      writeFileSync(join(folder, 'token'), users[0].user.token)
      const { hostname, port } = new URL(server)
      const environment = {
        HOME: '/nonexistent',
        KUBECONFIG: '',
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: port,
        POD_NAME: 'me',
        POD_NAMESPACE: 'mine',
      }
      class InPod extends CollectorProcess {
        protected override commandLine(own: readonly string[]): readonly string[] {
          const mounted = '/var/run/secrets/kubernetes.io/serviceaccount'
          const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
          const script = `${MOUNT} && mkdir -p ${mounted} && cp "$0"/* ${mounted} && exec env "$@"`
          return [...APART, script, folder, ...variables, ...own]
        }
      }
      await withCollector(
        [],
        async (collector) => {
          await collector.said(/cluster +the node operator and mine\/me, by the service account$/m)
          await collector.probeUntil(
            '/readyz',
            (answer) =>
              messageOf(answer, 'node_monitor') === 'the node operator was found' &&
              statusOf(answer, 'restart_oom') === 'degraded',
            60_000,
          )
          assert.equal(await collector.stop(), 0, collector.output)
        },
        InPod,
      )
    },
  )
})
