// Updates in a row that are of one kind, by which the verdicts of a damped component turn late: of a component that was failing,
// which is unhealthy, or not. The manager keeps the streak in the slot's copies, and every reader works out by it what its
// verdicts take the component for. Reports and transitions know nothing of it.
//
//   streak word, from the low end:  the updates of the streak are failing (1 bit) | verdicts took the component for failing when
//   it began (1) | updates (29)
import type { ComponentRules } from '../model/component-rules.js'
import { HealthStatus } from '../model/health-status.js'
import { COPY_STREAK, COPY_STREAK_BEGAN, type Words } from './layout.js'
import { put } from './region.js'
import { toTicks } from './ticks.js'

export interface Streak {
  readonly isFailing: boolean
  readonly wasFailing: boolean
  readonly count: number
  /** The tick at which it began, as a word. */
  readonly beganAt: number
}

const FAILING = 1
const WAS_FAILING = 2
const COUNT_SHIFT = 2
const MAX_COUNT = 2 ** 29 - 1

export function streakOf(word: number, beganAt: number): Streak {
  return {
    isFailing: (word & FAILING) !== 0,
    wasFailing: (word & WAS_FAILING) !== 0,
    count: word >>> COUNT_SHIFT,
    beganAt,
  }
}

function wordOf({ isFailing, wasFailing, count }: Streak): number {
  return (isFailing ? FAILING : 0) | (wasFailing ? WAS_FAILING : 0) | (count << COUNT_SHIFT)
}

export function isDamped({ failAfter, recoverAfter }: ComponentRules): boolean {
  return failAfter !== 0 || recoverAfter !== 0
}

/** Verdicts turn when the streak has lasted for more ticks than this; Infinity where time alone does not turn them. */
export function turningTicks(streak: Streak, rules: ComponentRules): number {
  const patience = streak.isFailing ? rules.failAfter : rules.recoverAfter
  if (patience < 0) return toTicks(-patience)
  return streak.count >= patience ? -1 : Number.POSITIVE_INFINITY
}

/** What verdicts take the component for when its streak has lasted for so many ticks. */
export function isTakenForFailing(streak: Streak, rules: ComponentRules, ticks: number): boolean {
  return ticks > turningTicks(streak, rules) ? streak.isFailing : streak.wasFailing
}

/** The streak that an update at the tick `now` leaves, of one that has lasted for so many ticks. */
function streakAfter(
  streak: Streak,
  rules: ComponentRules,
  status: number,
  now: number,
  ticks: number,
): Streak {
  const isFailing = status === HealthStatus.Unhealthy
  if (isFailing === streak.isFailing) {
    return { ...streak, count: Math.min(streak.count + 1, MAX_COUNT) }
  }
  const wasFailing = isTakenForFailing(streak, rules, ticks)
  return { isFailing, wasFailing, count: 1, beganAt: now | 0 }
}

/** Writes the streak that an update leaves into the copy `to` of a damped slot, by that of the copy `from`. The manager alone. */
export function writeStreak(
  words: Words,
  from: number,
  to: number,
  rules: ComponentRules,
  status: number,
  look: { readonly now: number; activeTicksSince(word: number): number },
): void {
  const beganAt = words[from + COPY_STREAK_BEGAN]!
  const before = streakOf(words[from + COPY_STREAK]!, beganAt)
  const ticks = look.activeTicksSince(beganAt)
  const streak = streakAfter(before, rules, status, look.now, ticks)
  put(words, to + COPY_STREAK_BEGAN, streak.beganAt)
  put(words, to + COPY_STREAK, wordOf(streak))
}
