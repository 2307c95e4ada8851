// The detector of OOM kills in the thread of the heartbeats, so that no other loop loads the Kubernetes client or waits for an
// API server. It sends no heartbeats of its own: what it finds is a component of the runtime's, or a line. As node-operator-source.ts,
// this module is both sides.
import { OperatorType } from '../heartbeat/operator-type.js'
import type { HeartbeatSourceFactory, HeartbeatSourceOptions } from '../heartbeat/source.js'
import { readOptions } from '../model/arguments.js'
import { sayOnStandardError } from '../probe/say.js'
import {
  RESTART_OOM_OPTION_NAMES,
  RestartOomDetector,
  type RestartOomDetectorOptions,
} from './restart-oom-detector.js'

/** What can't be cloned: the thread that looks makes its own. */
type Uncloneable = 'kubeConfig' | 'logger' | 'manager'

/** The detector's options, as far as they can be given to another thread. */
export interface RestartOomSourceOptions
  extends Omit<RestartOomDetectorOptions, Uncloneable | 'component'> {
  /** Has the runtime show a kill as this component, see {@link RestartOomDetector}. Default: no component. */
  component?: string
}

const UNCLONEABLE: readonly string[] = ['kubeConfig', 'logger', 'manager'] satisfies Uncloneable[]
const OPTION_NAMES = RESTART_OOM_OPTION_NAMES.filter(
  (name): name is Exclude<typeof name, Uncloneable> => !UNCLONEABLE.includes(name),
)

/**
 * An entry of `sources` of a `HeartbeatReporter`: a {@link RestartOomDetector} that looks after the first heartbeat, and, as long
 * as it could not find out, again at each tick. A kill is a line on standard error, and a component where one is named: so it
 * is in the heartbeats, and observers of transitions are told of it.
 * @throws HealthError `ERR_HEALTH_ARGUMENT`
 */
export function restartOomSource(options: RestartOomSourceOptions = {}): HeartbeatSourceOptions {
  const data = readOptions(options, 'options', OPTION_NAMES)
  // Checks them, and asks nobody.
  new RestartOomDetector(data)
  return { module: new URL('./restart-oom-source.js', import.meta.url), data }
}

/** Called in the heartbeat's thread. */
export const createHeartbeatSource: HeartbeatSourceFactory = (data, { health }) => {
  const options = data as RestartOomSourceOptions
  const logger = {
    debug() {},
    info() {},
    error({ source: _, ...fields }: Readonly<Record<string, unknown>>, message: string) {
      const pairs = Object.entries(fields).map(([name, value]) => `${name}=${value}`)
      sayOnStandardError(`health-actor: ${message}: ${pairs.join(' ')}\n`)
    },
  }
  const detector = new RestartOomDetector({
    ...options,
    logger,
    ...(options.component !== undefined && { manager: health }),
  })
  return {
    operatorType: OperatorType.Unspecified,
    async build(signal) {
      if (!detector.isKnown) await detector.check(signal)
      return undefined
    },
  }
}
