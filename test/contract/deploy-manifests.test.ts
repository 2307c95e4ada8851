// The manifests of deploy/: of the API's form, consistent among themselves and with the program, and with no right too many.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type {
  V1Container,
  V1Deployment,
  V1PodDisruptionBudget,
  V1PolicyRule,
  V1Probe,
  V1RoleBinding,
} from '@kubernetes/client-node'
import { findCluster } from '../../examples/collector/cluster.js'
import { parseOptions } from '../../examples/collector/options.js'
import { resolveHeartbeatOptions } from '../../src/heartbeat/options.js'
import { NodeOperatorMonitor, RestartOomDetector } from '../../src/kubernetes/index.js'
import { KubernetesApi, type RecordedRequest } from './support/kubernetes-api.js'
import { deployment, pod } from './support/kubernetes-objects.js'
import { manifestErrors, rawDocuments } from './support/manifest.js'

const folder = new URL('../../../deploy/', import.meta.url)
const manifests = new Map(
  readdirSync(folder)
    .filter((name) => name.endsWith('.yaml') && name !== 'prometheus-scrape.yaml')
    .map((name) => [name, rawDocuments(readFileSync(new URL(name, folder), 'utf8'))]),
)
const only = <T>(name: string) => manifests.get(name)![0] as T
const ofKind = <T>(kind: string) =>
  [...manifests.values()]
    .flat()
    .filter((object) => Reflect.get(Object(object), 'kind') === kind) as T[]
const VARIANTS = ['deployment.yaml', 'deployment-grpc.yaml', 'deployment-startup.yaml']
const containerOf = ({ spec }: V1Deployment): V1Container => spec!.template.spec!.containers[0]!

for (const [name, objects] of manifests) {
  test(`${name} is of the form of the API`, () => {
    assert.ok(objects.length > 0)
    assert.deepEqual(objects.flatMap(manifestErrors), [])
  })
}

test('the check of the form finds what is not of it', () => {
  const broken = structuredClone(only<V1Deployment>('deployment.yaml')) as unknown as {
    spec: Record<string, unknown> & { template: { spec: Record<string, unknown> } }
  }
  broken.spec['replicas'] = '2'
  broken.spec.template.spec['container'] = []
  Object.assign((broken.spec.template.spec['containers'] as object[])[0]!, {
    livenessProbe: { grpc: { port: 'health' }, httpget: {} },
    args: 'x',
  })
  assert.deepEqual(manifestErrors(broken), [
    '.spec.replicas: must be an integer',
    '.spec.template.spec.containers[0].args: must be an array',
    '.spec.template.spec.containers[0].livenessProbe.grpc.port: must be an integer',
    '.spec.template.spec.containers[0].livenessProbe.httpget: is no field of V1Probe',
    '.spec.template.spec.container: is no field of V1PodSpec',
  ])
  assert.deepEqual(manifestErrors({ apiVersion: 'v1', kind: 'Pot' }), ['v1 Pot: is not known'])
})

test('the probes are timed as the reference’s', () => {
  const { livenessProbe, readinessProbe, startupProbe } = containerOf(only('deployment.yaml'))
  assert.deepEqual(
    [livenessProbe, readinessProbe, startupProbe],
    [
      { httpGet: { path: '/healthz', port: 'health' }, initialDelaySeconds: 15, periodSeconds: 20 },
      { httpGet: { path: '/readyz', port: 'health' }, initialDelaySeconds: 5, periodSeconds: 10 },
      undefined,
    ],
  )
})

describe('each variant of the Deployment', () => {
  for (const name of VARIANTS) {
    const object = only<V1Deployment>(name)
    const container = containerOf(object)
    const options = parseOptions(container.args!)
    const ports = new Map(container.ports!.map(({ name, containerPort }) => [name, containerPort]))
    const pod = object.spec!.template

    test(`${name}: the program takes its arguments, and listens where the probes ask`, () => {
      assert.equal(ports.get('health'), options.port)
      assert.equal(ports.get('grpc-health'), options.grpcPort)
      assert.equal(options.host, '0.0.0.0')
      const { livenessProbe, readinessProbe, startupProbe } = container
      for (const probe of [livenessProbe, readinessProbe, startupProbe] as (
        | V1Probe
        | undefined
      )[]) {
        if (probe?.httpGet) assert.equal(ports.get(String(probe.httpGet.port)), options.port)
        if (probe?.grpc) assert.equal(probe.grpc.port, options.grpcPort)
      }
      assert.ok(livenessProbe !== undefined && readinessProbe !== undefined)
    })

    test(`${name}: it writes into its volume alone, which holds what is kept of a full file`, () => {
      const { mountPath, name: volume } = container.volumeMounts![0]!
      assert.ok(options.out?.startsWith(`${mountPath}/`))
      const { emptyDir } = pod.spec!.volumes!.find(({ name }) => name === volume)!
      assert.ok(Number.parseInt(emptyDir!.sizeLimit!, 10) > 2 * options.rotateMib)
    })

    test(`${name}: its Pods pass the policy that the namespace enforces, with a root that can’t be written`, () => {
      const { runAsNonRoot, runAsUser, seccompProfile } = pod.spec!.securityContext!
      assert.deepEqual(
        [runAsNonRoot, runAsUser, seccompProfile?.type],
        [true, 1000, 'RuntimeDefault'],
      )
      assert.deepEqual(container.securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      const labels = only<V1Deployment>('namespace.yaml').metadata!.labels!
      assert.equal(labels['pod-security.kubernetes.io/enforce'], 'restricted')
    })

    test(`${name}: selectors, service account and annotations mean these Pods`, () => {
      const budget = only<V1PodDisruptionBudget>('pod-disruption-budget.yaml').spec!
      assert.deepEqual(object.spec!.selector.matchLabels, pod.metadata!.labels)
      assert.deepEqual(budget.selector!.matchLabels, pod.metadata!.labels)
      assert.ok(Number(budget.minAvailable) < object.spec!.replicas!, 'a node can be drained')
      const accounts = ofKind<V1Deployment>('ServiceAccount').map(({ metadata }) => metadata!.name)
      assert.deepEqual(accounts, [pod.spec!.serviceAccountName])
      assert.deepEqual(pod.metadata!.annotations, {
        'prometheus.io/scrape': 'true',
        'prometheus.io/port': String(options.port),
        'prometheus.io/path': '/metrics',
      })
    })

    test(`${name}: the program finds in its environment where heartbeats go, and whom to ask for`, () => {
      const given = (isSecretThere: boolean) => environmentOf(container, isSecretThere)
      const { url, token, clusterId } = resolveHeartbeatOptions({}, given(true))
      assert.deepEqual([url, token, clusterId], ['https://dakr', 'the-token', 'cluster-7'])
      const without = resolveHeartbeatOptions({}, given(false))
      assert.deepEqual([without.url, without.token], [undefined, undefined])
      assert.equal(pod.spec!.automountServiceAccountToken, true)
      const mounted = new URL(import.meta.url).pathname
      const cluster = findCluster(options.kubeconfig, given(false), mounted)
      assert.equal(
        cluster?.line,
        'the node operator and health-actor/collector-0, by the service account',
      )
      const oom = cluster?.sources[1]?.data as { containerName?: string }
      assert.equal(oom.containerName, container.name)
    })

    test(`${name}: differs from the others in probes, ports and arguments alone`, () => {
      const bare = (variant: string) => {
        const copy = structuredClone(only<V1Deployment>(variant))
        const { livenessProbe, readinessProbe, startupProbe, ports, args, ...rest } =
          containerOf(copy)
        copy.spec!.template.spec!.containers = [rest]
        return copy
      }
      assert.deepEqual(bare(name), bare('deployment.yaml'))
    })
  }
})

test('everything is in the namespace that is made, and each binding binds a role that is there', () => {
  const [{ metadata }] = ofKind<V1Deployment>('Namespace') as [V1Deployment]
  for (const object of [...manifests.values()].flat() as V1Deployment[]) {
    const isClusterWide = /^(Namespace|Cluster)/.test(object.kind!)
    assert.equal(object.metadata!.namespace, isClusterWide ? undefined : metadata!.name)
  }
  for (const kind of ['Role', 'ClusterRole']) {
    const roles = ofKind<V1Deployment>(kind).map(({ metadata }) => metadata!.name)
    const bindings = ofKind<V1RoleBinding>(`${kind}Binding`)
    assert.deepEqual(
      bindings.map(({ roleRef }) => [roleRef.apiGroup, roleRef.kind, roleRef.name]),
      roles.map((name) => ['rbac.authorization.k8s.io', kind, name]),
    )
    for (const { subjects } of bindings) {
      assert.deepEqual(subjects, [
        { kind: 'ServiceAccount', name: 'health-actor-collector', namespace: metadata!.name },
      ])
    }
  }
})

/** What the kubelet makes of a container's `env`. */
function environmentOf({ env = [] }: V1Container, isSecretThere: boolean): Record<string, string> {
  const secret = { url: 'https://dakr', token: 'the-token', 'cluster-id': 'cluster-7' }
  const fields = { 'metadata.name': 'collector-0', 'metadata.namespace': 'health-actor' }
  const environment: Record<string, string> = {}
  for (const { name, value, valueFrom } of env) {
    if (value !== undefined) environment[name] = value
    const { fieldRef, secretKeyRef } = valueFrom ?? {}
    if (fieldRef) environment[name] = Reflect.get(fields, fieldRef.fieldPath)
    if (!secretKeyRef) continue
    assert.equal(secretKeyRef.name, 'health-actor-heartbeat')
    assert.equal(secretKeyRef.optional, true, 'without the Secret the Pod starts all the same')
    if (isSecretThere) environment[name] = Reflect.get(secret, secretKeyRef.key)
  }
  return environment
}

/** What a request needs, as `group/resource verb`, and where: `*` is everywhere. */
function rightFor({ path }: RecordedRequest): { namespace: string; right: string } {
  const match = /^\/(?:api|apis\/([^/]+))\/v1(?:\/namespaces\/([^/]+))?\/([^/]+)(\/[^/]+)?$/.exec(
    path,
  )
  const [, group = '', namespace = '*', resource, name] = match!
  return { namespace, right: `${group}/${resource} ${name === undefined ? 'list' : 'get'}` }
}

function rightsOf(rules: readonly V1PolicyRule[]): string[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups!.flatMap((group) =>
      resources!.flatMap((resource) => verbs.map((verb) => `${group}/${resource} ${verb}`)),
    ),
  )
}

test('the rights are those that are used, and no others', async (t) => {
  const rightsIn = (kind: string) =>
    rightsOf(ofKind<{ rules: V1PolicyRule[] }>(kind).flatMap(({ rules }) => rules)).sort()
  const objects = [deployment(), pod(), pod({ name: 'me', namespace: 'health-actor' })]
  const api = await KubernetesApi.start(t, objects)
  const kubeConfig = api.kubeConfig()
  // Pages of one, so that every kind of request is made.
  const monitor = new NodeOperatorMonitor({ kubeConfig, pageSize: 1, probeBudgetMs: 1 })
  await monitor.buildNodeOperatorReport()
  const used = () =>
    [...new Set(api.requests.splice(0).map((request) => rightFor(request).right))].sort()
  assert.deepEqual(rightsIn('ClusterRole'), used())
  await new RestartOomDetector({ kubeConfig, namespace: 'health-actor', podName: 'me' }).check()
  assert.deepEqual(
    api.requests.map((request) => rightFor(request).namespace),
    ['health-actor'],
  )
  assert.deepEqual(rightsIn('Role'), used())
})
