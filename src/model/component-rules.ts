// What a component is held to, as users give it at the registration and as the threads share it. Pure.
import { checkOptions } from './arguments.js'
import { argumentError } from './errors.js'
import type { HealthStatus } from './health-status.js'

/** Options of a component, given at its registration. Where the name is registered already, those of the first one hold. */
export interface ComponentOptions {
  /**
   * How long the component may be silent, in ms, 10 to 2^31 - 1. Without an update or a `beat()` for longer than that it is
   * shown as `onDeadline` says, with the message `no update for 12.3 s (deadline 10 s)`, unless what it reported itself is
   * worse. The next update or beat restores it. Silence is measured to some 20 ms. Default: for ever.
   */
  deadlineMs?: number
  /** What silence makes of the component. Default `'unhealthy'`. */
  onDeadline?: 'degraded' | 'unhealthy'
}

/** How an overlay's message is worded. */
export const Wording = { Silence: 0, EventLoop: 1 } as const
export type Wording = (typeof Wording)[keyof typeof Wording]

/** The options with every default filled in. In durations 0 is never. */
export interface ComponentRules {
  /** Silence of more than this makes the component degraded, or unhealthy. */
  readonly degradedAfterMs: number
  readonly unhealthyAfterMs: number
  readonly wording: Wording
  /** How often signs of life are due; what a message says counts from when one was. 0 where no time is agreed. */
  readonly dueEveryMs: number
  /** Mailbox of the thread that a message tells of; -1 for none. */
  readonly mailbox: number
  /** What the mailbox's owner word holds while it is still that thread's. */
  readonly owner: number
}

export const NO_RULES: ComponentRules = {
  degradedAfterMs: 0,
  unhealthyAfterMs: 0,
  wording: Wording.Silence,
  dueEveryMs: 0,
  mailbox: -1,
  owner: 0,
}

const OPTION_NAMES = ['deadlineMs', 'onDeadline']
const MIN_MS = 10
/** The longest that a word holds; 24 days. */
export const MAX_MS = 2 ** 31 - 1

/**
 * What a component is held to; undefined where that is nothing.
 * @throws HealthError `ERR_HEALTH_ARGUMENT` naming the option that is not of the documented form.
 */
export function rulesOf(options: ComponentOptions | undefined): ComponentRules | undefined {
  if (options === undefined) return undefined
  checkOptions(options, 'options', OPTION_NAMES)
  const { deadlineMs, onDeadline } = options
  if (onDeadline !== undefined && onDeadline !== 'degraded' && onDeadline !== 'unhealthy') {
    throw argumentError('options.onDeadline', onDeadline, "must be 'degraded' or 'unhealthy'")
  }
  if (deadlineMs === undefined) {
    if (onDeadline === undefined) return undefined
    throw argumentError('options.onDeadline', onDeadline, 'needs a deadlineMs')
  }
  const afterMs = checkMs(deadlineMs, 'options.deadlineMs')
  return onDeadline === 'degraded'
    ? { ...NO_RULES, degradedAfterMs: afterMs }
    : { ...NO_RULES, unhealthyAfterMs: afterMs }
}

/**
 * Whole ms, rounded up.
 * @throws HealthError `ERR_HEALTH_ARGUMENT` for what no word of rules holds.
 */
export function checkMs(value: unknown, argument: string): number {
  const ms = typeof value === 'number' ? Math.ceil(value) : Number.NaN
  if (ms >= MIN_MS && ms <= MAX_MS) return ms
  throw argumentError(argument, value, `must be a number of ms from ${MIN_MS} to ${MAX_MS}`)
}

/** What the overlay makes of a component: `Unspecified` for nothing. Statuses are numbered by how bad they are. */
export type OverlayLevel =
  | typeof HealthStatus.Unspecified
  | typeof HealthStatus.Degraded
  | typeof HealthStatus.Unhealthy
