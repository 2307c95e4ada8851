// The node operator as a source of heartbeats: at each tick its report goes out beside the runtime's own. This module is both
// sides: users call the one function, the heartbeat's thread loads the module and calls the other.
import { OperatorType } from '../heartbeat/operator-type.js'
import type { HeartbeatSourceFactory, HeartbeatSourceOptions } from '../heartbeat/source.js'
import { checkName, readOptions } from '../model/arguments.js'
import { HealthStatus, healthStatusName } from '../model/health-status.js'
import { NodeOperatorMonitor, type NodeOperatorReport } from './node-operator-monitor.js'
import {
  NODE_OPERATOR_OPTION_NAMES,
  type NodeOperatorMonitorOptions,
} from './node-operator-options.js'
import { ToldComponent } from './told-component.js'

/** What can't be cloned: the thread that looks makes its own. */
type Uncloneable = 'kubeConfig' | 'fetch' | 'logger'

/** The monitor's options, as far as they can be given to another thread. */
export interface NodeOperatorSourceOptions extends Omit<NodeOperatorMonitorOptions, Uncloneable> {
  /**
   * Has the runtime show as this component what comes of looking: healthy if the API server could be asked, whether or not an
   * operator is installed, else degraded, with the reason as message. Default: no component.
   */
  statusComponent?: string
}

const UNCLONEABLE: readonly string[] = ['kubeConfig', 'fetch', 'logger'] satisfies Uncloneable[]
const OPTION_NAMES: readonly (keyof NodeOperatorSourceOptions)[] = [
  ...NODE_OPERATOR_OPTION_NAMES.filter(
    (name): name is Exclude<typeof name, Uncloneable> => !UNCLONEABLE.includes(name),
  ),
  'statusComponent',
]

/**
 * An entry of `sources` of a `HeartbeatReporter`: the report of a {@link NodeOperatorMonitor} as a heartbeat of the type `Node`
 * at each tick. None is sent where no operator is installed; a look that fails is an `error` of the reporter, and is counted in
 * its stats. Nothing of it delays the runtime's own heartbeats. The Kubernetes client is loaded after the first of them.
 * @throws HealthError `ERR_HEALTH_ARGUMENT`
 */
export function nodeOperatorSource(
  options: NodeOperatorSourceOptions = {},
): HeartbeatSourceOptions {
  const data = readOptions(options, 'options', OPTION_NAMES)
  const { statusComponent, ...ofMonitor } = data
  if (statusComponent !== undefined) checkName(statusComponent, 'statusComponent')
  // Checks them, and asks nobody.
  new NodeOperatorMonitor(ofMonitor)
  return { module: new URL('./node-operator-source.js', import.meta.url), data }
}

/** Called in the heartbeat's thread. */
export const createHeartbeatSource: HeartbeatSourceFactory = (data, { health }) => {
  const { statusComponent, ...options } = data as NodeOperatorSourceOptions
  const told =
    statusComponent === undefined ? undefined : new ToldComponent(health, statusComponent)
  /** What the monitor made do without, or took for "not installed". */
  let trouble: string | undefined
  const logger = {
    debug() {},
    info() {},
    error(fields: Readonly<Record<string, unknown>>, message: string) {
      trouble = `${message}: ${messageOf(fields['error'])}`
    },
  }
  const monitor = new NodeOperatorMonitor({ ...options, logger })
  return {
    operatorType: OperatorType.Node,
    async build(signal) {
      trouble = undefined
      try {
        const report = await monitor.buildNodeOperatorReport(signal)
        if (trouble !== undefined) told?.tell(HealthStatus.Degraded, trouble, metadataOf(report))
        else told?.tell(HealthStatus.Healthy, foundText(report), metadataOf(report))
        return report
      } catch (error) {
        // A look that was given up by a stop has not failed.
        if (!signal.aborted || isTimeout(signal.reason)) {
          told?.tell(HealthStatus.Degraded, messageOf(error), {})
        }
        throw error
      }
    },
  }
}

function foundText(report: NodeOperatorReport | undefined): string {
  return report === undefined ? 'no node operator is installed' : 'the node operator was found'
}

/** What the heartbeat says of the operator, in short. */
function metadataOf(report: NodeOperatorReport | undefined): Record<string, string> {
  if (report === undefined) return {}
  const [[component, { status, message }] = ['', { status: 0, message: '' }]] = report.report
  const { version, commit } = report
  return { component, status: healthStatusName(status), message, version, commit }
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'no reason was given'
}
