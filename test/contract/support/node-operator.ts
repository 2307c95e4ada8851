// One look at an API server of the test's own, through the real client and a kubeconfig.
import type { TestContext } from 'node:test'
import type { ComponentStatus } from '../../../src/index.js'
import {
  NodeOperatorMonitor,
  type NodeOperatorMonitorOptions,
  type NodeOperatorReport,
  type ProbeFetch,
} from '../../../src/kubernetes/index.js'
import { KubernetesApi } from './kubernetes-api.js'
import type { KubernetesFixture } from './kubernetes-objects.js'

export async function look(
  t: TestContext,
  objects: readonly KubernetesFixture[],
  options: NodeOperatorMonitorOptions = {},
): Promise<NodeOperatorReport | undefined> {
  const api = await KubernetesApi.start(t, objects)
  const monitor = new NodeOperatorMonitor({ kubeConfig: api.kubeConfig(), ...options })
  return monitor.buildNodeOperatorReport()
}

/** The status of the report's only component, without times. */
export function shown(report: NodeOperatorReport | undefined, component = 'karpenter_deployment') {
  const { status, message, metadata }: ComponentStatus = report!.report.get(component)!
  return { status, message, metadata: { ...metadata } }
}

/** Log lines as `[level, message]`, and a logger that collects them. */
export function recordingLogger() {
  const lines: [level: string, message: string, fields: Readonly<Record<string, unknown>>][] = []
  const log = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) =>
    void lines.push([level, message, fields])
  return { lines, logger: { debug: log('debug'), info: log('info'), error: log('error') } }
}

/** A fetch that asks nobody: `answer` says what status a URL has, or throws. */
export function recordingFetch(answer: (url: string) => number = () => 200) {
  const urls: string[] = []
  const fetch: ProbeFetch = async (url) => {
    urls.push(url)
    return { status: answer(url), headers: new Headers() }
  }
  return { urls, fetch }
}
