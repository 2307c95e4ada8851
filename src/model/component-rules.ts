// What a component is held to, as users give it at the registration and as the threads share it. Pure.
import { checkInteger, checkOptions } from './arguments.js'
import { argumentError } from './errors.js'
import type { HealthStatus } from './health-status.js'

/** Options of a component, given at its registration. Where the name is registered already, those of the first one hold. */
export interface ComponentOptions {
  /**
   * How long the component may be silent, in ms, 10 to 2^31 - 1. Without an update or a `beat()` for longer than that it is
   * shown as `onDeadline` says, with the message `no update for 12.3 s (deadline 10 s)`, unless what it reported itself is
   * worse; where that is as bad, it is shown with the silence added to its message. The next update or beat restores it.
   * Silence is measured to some 20 ms. Default: for ever.
   */
  deadlineMs?: number
  /** What silence makes of the component. Default `'unhealthy'`. */
  onDeadline?: 'degraded' | 'unhealthy'
  /**
   * For what takes something in and gives something out, and tells by `ComponentReporter.progress`: where input has moved and
   * output has not for longer than `stallMs`, 10 to 2^31 - 1, the component is shown degraded, with the message
   * `input moved by 1,234 and output by 0 for 12.3 s`. Output that moves restores it. Default: no such thing.
   */
  progress?: { stallMs: number }
  /**
   * Verdicts take the component for failing only after so many updates in a row that are unhealthy (then each update is
   * published, also one that repeats the one before), or when it has been unhealthy for longer than so many ms. Until then
   * an unhealthy one counts as degraded. Reports and transitions show what was reported. Default: at once.
   */
  failAfter?: { count: number } | { ms: number }
  /** The same for verdicts to take it for failing no more: until then it counts as unhealthy. Default: at once. */
  recoverAfter?: { count: number } | { ms: number }
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
  /** Input that has waited for output for more than this makes the component degraded. */
  readonly stallMs: number
  /** What it takes before verdicts follow: updates in a row above 0, ms below 0. */
  readonly failAfter: number
  readonly recoverAfter: number
}

export const NO_RULES: ComponentRules = {
  degradedAfterMs: 0,
  unhealthyAfterMs: 0,
  wording: Wording.Silence,
  dueEveryMs: 0,
  mailbox: -1,
  owner: 0,
  stallMs: 0,
  failAfter: 0,
  recoverAfter: 0,
}

const OPTION_NAMES = ['deadlineMs', 'onDeadline', 'progress', 'failAfter', 'recoverAfter']
const MIN_MS = 10
/** The longest that a word holds; 24 days. */
export const MAX_MS = 2 ** 31 - 1
const MAX_COUNT = 1_000_000

/**
 * What a component is held to; undefined where that is nothing.
 * @throws HealthError `ERR_HEALTH_ARGUMENT` naming the option that is not of the documented form.
 */
export function rulesOf(options: ComponentOptions | undefined): ComponentRules | undefined {
  if (options === undefined) return undefined
  checkOptions(options, 'options', OPTION_NAMES)
  const rules = {
    ...NO_RULES,
    ...deadlineOf(options),
    stallMs: stallOf(options),
    failAfter: patienceOf(options.failAfter, 'options.failAfter'),
    recoverAfter: patienceOf(options.recoverAfter, 'options.recoverAfter'),
  }
  const { degradedAfterMs, unhealthyAfterMs, stallMs, failAfter, recoverAfter } = rules
  const parts = [degradedAfterMs, unhealthyAfterMs, stallMs, failAfter, recoverAfter]
  return parts.every((part) => part === 0) ? undefined : rules
}

function deadlineOf({ deadlineMs, onDeadline }: ComponentOptions): Partial<ComponentRules> {
  if (onDeadline !== undefined && onDeadline !== 'degraded' && onDeadline !== 'unhealthy') {
    throw argumentError('options.onDeadline', onDeadline, "must be 'degraded' or 'unhealthy'")
  }
  if (deadlineMs === undefined) {
    if (onDeadline === undefined) return {}
    throw argumentError('options.onDeadline', onDeadline, 'needs a deadlineMs')
  }
  const afterMs = checkMs(deadlineMs, 'options.deadlineMs')
  return onDeadline === 'degraded' ? { degradedAfterMs: afterMs } : { unhealthyAfterMs: afterMs }
}

function stallOf({ progress }: ComponentOptions): number {
  if (progress === undefined) return 0
  checkOptions(progress, 'options.progress', ['stallMs'])
  return checkMs(progress.stallMs, 'options.progress.stallMs')
}

function patienceOf(patience: ComponentOptions['failAfter'], argument: string): number {
  if (patience === undefined) return 0
  checkOptions(patience, argument, ['count', 'ms'])
  const { count, ms } = patience as { count?: number; ms?: number }
  if ((count === undefined) === (ms === undefined)) {
    throw argumentError(argument, patience, 'must have either a count or ms')
  }
  if (ms !== undefined) return -checkMs(ms, `${argument}.ms`)
  checkInteger(count, `${argument}.count`, 1, MAX_COUNT)
  // The first one is at once.
  return count === 1 ? 0 : count
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
