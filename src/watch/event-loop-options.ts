// What users may ask of an event-loop watch, and what that means for its component. Pure.
import { checkName, checkOptions } from '../model/arguments.js'
import {
  type ComponentRules,
  checkMs,
  MAX_MS,
  NO_RULES,
  Wording,
} from '../model/component-rules.js'
import { argumentError } from '../model/errors.js'

/** Options of `HealthManager.watchEventLoop()`. Times are in ms, from 10 to 2^31 - 1. */
export interface EventLoopWatchOptions {
  /** The component that tells of the loop; each watched thread needs one of its own. Default `'event_loop'`. */
  component?: string
  /**
   * The loop is late, and the component degraded, when a turn is overdue by more than this. So a synchronous section that is
   * shorter is never late. Default 500.
   */
  lateMs?: number
  /** The loop is wedged, and the component unhealthy, when a turn is overdue by more than this. Above `lateMs`. Default 10,000. */
  wedgedMs?: number
  /** How often the loop gives a sign of life: lateness is found this much later at most. Default 100. */
  beatMs?: number
  /** How often lag and utilization are reported as metadata. Not below `beatMs`. Default 5,000. */
  reportMs?: number
}

/** The options with every default filled in. */
export interface EventLoopSettings {
  readonly component: string
  readonly lateMs: number
  readonly wedgedMs: number
  readonly beatMs: number
  readonly reportMs: number
}

const OPTION_NAMES = ['component', 'lateMs', 'wedgedMs', 'beatMs', 'reportMs']

/** @throws HealthError `ERR_HEALTH_ARGUMENT` naming the option that is not of the documented form. */
export function eventLoopSettings(options: EventLoopWatchOptions = {}): EventLoopSettings {
  checkOptions(options, 'options', OPTION_NAMES)
  const { component = 'event_loop' } = options
  checkName(component, 'options.component')
  const beatMs = checkMs(options.beatMs ?? 100, 'options.beatMs')
  const lateMs = checkMs(options.lateMs ?? 500, 'options.lateMs')
  const wedgedMs = checkMs(options.wedgedMs ?? 10_000, 'options.wedgedMs')
  const reportMs = checkMs(options.reportMs ?? 5_000, 'options.reportMs')
  if (wedgedMs <= lateMs) {
    throw argumentError('options.wedgedMs', wedgedMs, `must be above lateMs=${lateMs}`)
  }
  if (reportMs < beatMs) {
    throw argumentError('options.reportMs', reportMs, `must not be below beatMs=${beatMs}`)
  }
  return { component, lateMs, wedgedMs, beatMs, reportMs }
}

/**
 * What the component is held to. A beat is due `beatMs` after the one before, and what counts is by how much it is overdue: the
 * silence before that is no lateness.
 */
export function eventLoopRules(
  settings: EventLoopSettings,
  identity: Pick<ComponentRules, 'mailbox' | 'owner'>,
): ComponentRules {
  const { beatMs, lateMs, wedgedMs } = settings
  return {
    ...NO_RULES,
    ...identity,
    degradedAfterMs: Math.min(beatMs + lateMs, MAX_MS),
    unhealthyAfterMs: Math.min(beatMs + wedgedMs, MAX_MS),
    wording: Wording.EventLoop,
    dueEveryMs: beatMs,
  }
}
