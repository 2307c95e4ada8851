// The node operator as a source of the heartbeat worker: one function that it calls each tick.
import { NodeOperatorMonitor, type NodeOperatorReport } from './node-operator-monitor.js'
import type { NodeOperatorMonitorOptions } from './node-operator-options.js'

/** Gives what a heartbeat says about the node operator; undefined, and there is none to send. */
export type NodeOperatorSource = (signal?: AbortSignal) => Promise<NodeOperatorReport | undefined>

/** The options that can be cloned, as the heartbeat worker makes its sources itself. */
export type NodeOperatorSourceOptions = Omit<
  NodeOperatorMonitorOptions,
  'kubeConfig' | 'fetch' | 'logger'
>

/**
 * A source over a {@link NodeOperatorMonitor} of its own; rejects as its `buildNodeOperatorReport` does.
 * @throws HealthError `ERR_HEALTH_ARGUMENT`
 */
export function createNodeOperatorSource(
  options: NodeOperatorMonitorOptions = {},
): NodeOperatorSource {
  const monitor = new NodeOperatorMonitor(options)
  return (signal) => monitor.buildNodeOperatorReport(signal)
}
