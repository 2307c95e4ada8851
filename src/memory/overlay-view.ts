// What one reader shows of one component that has rules: what was reported, or the overlay while that is at least as bad. The
// object that is shown stays the same until it would say something else.
import type { ComponentRules } from '../model/component-rules.js'
import { HealthStatus } from '../model/health-status.js'
import type { ComponentStatus } from '../model/report.js'
import type { OverlayLook } from './overlay-look.js'
import { epochOf } from './ticks.js'

export class OverlayView {
  readonly #slot: number
  readonly rules: ComponentRules
  #reported: ComponentStatus
  #told: number
  shown: ComponentStatus
  /** The tick before which `refresh` changes nothing. */
  nextAt = Number.NEGATIVE_INFINITY
  /** It is the overlay that is shown. */
  isOverlaid = false
  /** Of what is shown, and of its text; -1 before the first look. */
  #status = -1
  #step = 0
  #inputMoved: number | undefined
  /** Epoch ms since when the status is what is shown, where that is not journaled yet. */
  #untoldSince = 0

  constructor(slot: number, rules: ComponentRules, reported: ComponentStatus, told: number) {
    this.#slot = slot
    this.rules = rules
    this.#reported = reported
    this.#told = told
    this.shown = reported
  }

  /** The slot has moved. `reported.since` is the time of the last transition that was told. */
  report(reported: ComponentStatus, told: number): void {
    this.#reported = reported
    this.#told = told
    this.shown = reported
    this.#status = -1
    this.nextAt = Number.NEGATIVE_INFINITY
  }

  /** Brings what is shown up to the round of `look`. True if that is another object then. */
  refresh(look: OverlayLook): boolean {
    const level = look.take(this.#slot, this.rules)
    const isOverlaid = level !== HealthStatus.Unspecified && level >= this.#reported.status
    // A sign of life ends it at any time.
    this.nextAt = isOverlaid ? Number.NEGATIVE_INFINITY : look.nextAt
    const status = isOverlaid ? level : this.#reported.status
    const isSame = isOverlaid === this.isOverlaid && status === this.#status
    const isSameText = look.textStep === this.#step && look.inputMoved === this.#inputMoved
    if (isSame && (!isOverlaid || isSameText)) return false
    if (!isSame) this.#untoldSince = epochOf(isOverlaid ? look.beganAt : look.aliveAt)
    this.isOverlaid = isOverlaid
    this.#status = status
    this.#step = look.textStep
    this.#inputMoved = look.inputMoved
    if (!isOverlaid && status === this.#told) {
      this.shown = this.#reported
      return true
    }
    const { since } = this.#reported
    this.shown = Object.freeze({
      ...this.#reported,
      status,
      message: isOverlaid ? look.text : this.#reported.message,
      since: status === this.#told ? since : Math.max(since, this.#untoldSince),
    })
    return true
  }
}
