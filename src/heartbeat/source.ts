// The seam for further reports: what else is to be told from the heartbeat's thread, the health of a node's operator say.
//
// A source is made in the heartbeat actor's thread, by a module that is loaded there, so that it works while every other
// thread is blocked. Each has a loop of its own, with its own calls, failures and circuit breaker: one that hangs or fails
// delays and degrades nobody else. Only what runs synchronously holds up the others, as the thread is theirs, too: so the first
// of them is loaded when the runtime's own first heartbeat is out. A module exports
//
//   export const createHeartbeatSource: HeartbeatSourceFactory = (data, { health }) => ({
//     operatorType: OperatorType.Node,
//     build: (signal) => monitor.buildNodeOperatorReport(signal),
//   })
//
// and whoever offers it gives users a function that makes the option, as src/kubernetes/node-operator-source.ts does.
import { fileURLToPath } from 'node:url'
import { checkOptions, readArgument } from '../model/arguments.js'
import { argumentError, isArray } from '../model/errors.js'
import type { HealthManager } from '../runtime/health-manager.js'
import type { OperatorType } from './operator-type.js'
import type { ReportInput, Timestamp } from './request.js'

/** What a source has to say at one tick. */
export interface SourceReport {
  readonly report: ReportInput
  readonly version: string
  readonly commit: string
  readonly uptimeSince: Date | Timestamp
}

export interface HeartbeatSource {
  readonly operatorType: OperatorType
  /**
   * Called at each tick, the first one after the runtime's own first heartbeat, unless the heartbeat before is still under way.
   * Undefined: there is nothing to send this time. Its signal aborts after 40 s, with a `TimeoutError`, and at the stop; in the
   * first case the next tick asks again. What it rejects with is told as an `error`.
   */
  build(signal: AbortSignal): Promise<SourceReport | undefined>
}

export interface HeartbeatSourceContext {
  /** The runtime, attached in the heartbeat actor's thread: a source may report components of its own. */
  readonly health: HealthManager
  /** Between two ticks, without the jitter. */
  readonly intervalMs: number
}

/** `data` is that of the option. What it throws is told as an `error`, and it is tried again at the next tick. */
export type HeartbeatSourceFactory = (
  data: unknown,
  context: HeartbeatSourceContext,
) => HeartbeatSource | Promise<HeartbeatSource>

/** An entry of the option `sources`. */
export interface HeartbeatSourceOptions {
  /** A `file:` URL of a module that exports `createHeartbeatSource`. */
  readonly module: URL | string
  /** Structured-cloneable. */
  readonly data?: unknown
}

/** The same as it goes to the heartbeat actor. */
export interface SourcePlace {
  readonly module: string
  readonly data: unknown
}

/** @throws HealthError `ERR_HEALTH_ARGUMENT` */
export function checkSources(sources: readonly HeartbeatSourceOptions[]): readonly SourcePlace[] {
  if (!isArray(sources)) throw argumentError('sources', sources, 'must be an array')
  return sources.map((source, index) => {
    const argument = `sources[${index}]`
    checkOptions(source, argument, ['module', 'data'])
    const { module, data } = source
    return { module: moduleUrl(module, `${argument}.module`), data: cloneOf(data, argument) }
  })
}

function moduleUrl(module: unknown, argument: string): string {
  try {
    const url = module instanceof URL ? module.href : module
    if (typeof url === 'string' && fileURLToPath(url)) return url
  } catch {
    // Refused below.
  }
  throw argumentError(argument, module, "must be a 'file:' URL")
}

/** Now, so that what can't be given to another thread is refused here and not at the start. */
function cloneOf(data: unknown, argument: string): unknown {
  return readArgument(`${argument}.data`, data, () => structuredClone(data))
}

/** Loads a source, in the heartbeat actor's thread. Rejects with whatever the module throws. */
export async function loadSource(
  { module, data }: SourcePlace,
  context: HeartbeatSourceContext,
): Promise<HeartbeatSource> {
  const { createHeartbeatSource }: { createHeartbeatSource?: unknown } = await import(module)
  if (typeof createHeartbeatSource !== 'function') {
    throw argumentError('module', module, 'must export createHeartbeatSource')
  }
  return (createHeartbeatSource as HeartbeatSourceFactory)(data, context)
}
