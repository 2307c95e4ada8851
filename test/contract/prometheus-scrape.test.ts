// The scrape configuration of deploy/: which of a Pod's ports becomes a target, by the rules of Prometheus' relabelling.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { loadYaml, type V1Deployment } from '@kubernetes/client-node'
import { temporaryFolder } from './support/certificates.js'

interface Rule {
  readonly source_labels: readonly string[]
  readonly target_label?: string
  readonly regex?: string
  readonly action?: 'keep' | 'keepequal'
}

interface ScrapeJob {
  readonly job_name: string
  readonly kubernetes_sd_configs: readonly object[]
  readonly relabel_configs: readonly Rule[]
}

const read = (name: string) =>
  readFileSync(new URL(`../../../deploy/${name}`, import.meta.url), 'utf8')
const { scrape_configs: jobs } = loadYaml<{ scrape_configs: ScrapeJob[] }>(
  read('prometheus-scrape.yaml'),
)
const [job] = jobs as [ScrapeJob]

/** The labels of a target behind the rules; undefined where one has dropped it. */
function relabel(given: Readonly<Record<string, string>>): Record<string, string> | undefined {
  const labels: Record<string, string> = { __metrics_path__: '/metrics', ...given }
  for (const { source_labels, target_label = '', regex = '(.*)', action } of job.relabel_configs) {
    const source = source_labels.map((label) => labels[label] ?? '').join(';')
    const match = new RegExp(`^(?:${regex})$`).exec(source)
    if (action === 'keep' && match === null) return undefined
    if (action === 'keepequal' && source !== (labels[target_label] ?? '')) return undefined
    if (action === undefined && match !== null) labels[target_label] = match[1] ?? ''
  }
  return labels
}

/** The targets of a Pod as Prometheus finds them, one a declared port, and what becomes of them. */
function targetsOf(name: string) {
  const { spec } = loadYaml<V1Deployment>(read(name))
  const { metadata, spec: pod } = spec!.template
  const annotations = Object.entries(metadata!.annotations ?? {}).map(([key, value]) => [
    `__meta_kubernetes_pod_annotation_${key.replace(/[^A-Za-z0-9_]/g, '_')}`,
    value,
  ])
  return pod!.containers
    .flatMap(({ ports = [] }) => ports)
    .map(({ containerPort }) =>
      relabel({
        __address__: `10.0.0.1:${containerPort}`,
        __meta_kubernetes_namespace: 'health-actor',
        __meta_kubernetes_pod_name: 'collector-0',
        __meta_kubernetes_pod_container_port_number: String(containerPort),
        ...Object.fromEntries(annotations),
      }),
    )
    .filter((labels) => labels !== undefined)
    .map(({ __address__, __metrics_path__, namespace, pod }) => [
      `${__address__}${__metrics_path__}`,
      namespace,
      pod,
    ])
}

for (const name of ['deployment.yaml', 'deployment-grpc.yaml', 'deployment-startup.yaml']) {
  test(`each Pod of ${name} is one target: its HTTP port`, () => {
    assert.deepEqual(targetsOf(name), [['10.0.0.1:8081/metrics', 'health-actor', 'collector-0']])
  })
}

test('Pods that are not annotated are none', () => {
  assert.equal(relabel({ __meta_kubernetes_pod_container_port_number: '8081' }), undefined)
})

test('promtool takes the rules', async (t) => {
  // Debian's is built without the discovery of Kubernetes; the rules are what is to be checked.
  const { kubernetes_sd_configs: _, ...rest } = job
  const file = join(
    temporaryFolder((remove) => t.after(remove)),
    'prometheus.yml',
  )
  const static_configs = [{ targets: ['127.0.0.1:8081'] }]
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ scrape_configs: [{ ...rest, static_configs }] }))
  try {
    await promisify(execFile)('promtool', ['check', 'config', file])
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    t.skip('skipped: there is no promtool; install prometheus to check the rules with it')
  }
})
