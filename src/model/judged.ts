// What verdicts take a component for, where that is not what is shown of it. Belongs to one thread, as the statuses do that
// its readers show.
import type { HealthStatus } from './health-status.js'

/** The part of a component's status that verdicts rest on. */
export interface Judged {
  readonly status: HealthStatus
  readonly message: string
}

/** By what is shown; of damped components only. */
const damped = new WeakMap<Judged, Judged>()
let isUsed = false

/** From now on verdicts take what is shown of a damped component for `judged`. */
export function damp(shown: Judged, judged: Judged): void {
  damped.set(shown, judged)
  isUsed = true
}

export function judgedOf(shown: Judged): Judged {
  return isUsed ? (damped.get(shown) ?? shown) : shown
}

/** Whether verdicts may follow this component late. */
export function isDamped(shown: Judged): boolean {
  return damped.has(shown)
}

/** The component as it is shown, for a verdict that follows at once. */
export function undamped(shown: Judged | undefined): Judged | undefined {
  return shown && { status: shown.status, message: shown.message }
}
