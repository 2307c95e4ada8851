// What one reader shows of one component that has rules: what was reported, or the overlay while that is worse; and what verdicts
// take it for. The object that is shown stays the same until it would say something else, or be judged otherwise.
import type { ComponentRules, OverlayLevel } from '../model/component-rules.js'
import { HealthStatus } from '../model/health-status.js'
import { damp } from '../model/judged.js'
import type { ComponentStatus } from '../model/report.js'
import type { OverlayLook } from './overlay-look.js'
import { isTakenForFailing, type Streak, turningTicks } from './streak.js'
import { epochOf } from './ticks.js'

const UNREAD: ComponentStatus = {
  status: HealthStatus.Unspecified,
  message: '',
  metadata: {},
  since: 0,
  updatedAt: 0,
}

/** All that decides what is shown besides what was reported. */
interface Face {
  /** It is the overlay that is shown. */
  readonly isOverlaid: boolean
  /** The overlay has its say: it is shown, or as bad as what was reported. */
  readonly isTelling: boolean
  readonly status: HealthStatus
  /** What verdicts take it for. */
  readonly judged: HealthStatus
  /** Of the overlay's message. */
  readonly textStep: number
  readonly inputMoved: number | undefined
}

export class OverlayView {
  readonly #slot: number
  readonly rules: ComponentRules
  #reported = UNREAD
  #told = 0
  #streak: Streak | undefined
  shown = UNREAD
  /** The tick before which `refresh` changes nothing. */
  nextAt = Number.NEGATIVE_INFINITY
  /** Undefined before the first look at what was reported. */
  #face: Face | undefined
  /** Epoch ms since when the status is what is shown, where that is not journaled yet. */
  #untoldSince = 0

  constructor(slot: number, rules: ComponentRules) {
    this.#slot = slot
    this.rules = rules
  }

  /** Silence, or time alone, has made it what it is: it is to be looked at again at every read. */
  get isByTime(): boolean {
    return this.nextAt === Number.NEGATIVE_INFINITY
  }

  /** The slot has moved. `reported.since` is the time of the last transition that was told; the streak is of a damped one. */
  report(reported: ComponentStatus, told: number, streak: Streak | undefined): void {
    this.#reported = reported
    this.#told = told
    this.#streak = streak
    this.shown = reported
    this.#face = undefined
    this.nextAt = Number.NEGATIVE_INFINITY
  }

  /** Brings what is shown up to the round of `look`. True if that is another object then. */
  refresh(look: OverlayLook): boolean {
    const before = this.#face
    const face = this.#lookAt(look)
    if (before !== undefined && isSame(before, face)) return false
    this.#face = face
    const { isOverlaid, isTelling, status, judged } = face
    if (before?.isOverlaid !== isOverlaid || before.status !== status) {
      this.#untoldSince = epochOf(isOverlaid ? look.beganAt : look.aliveAt)
    }
    const isReported = !isTelling && status === this.#told && judged === status
    this.shown = isReported ? this.#reported : this.#show(face, look)
    if (this.#streak !== undefined)
      damp(this.shown, { status: judged, message: this.shown.message })
    return true
  }

  #lookAt(look: OverlayLook): Face {
    const level = look.take(this.#slot, this.rules)
    const reported = this.#reported.status
    const isTelling = level !== HealthStatus.Unspecified && level >= reported
    // A sign of life ends it at any time.
    this.nextAt = isTelling ? Number.NEGATIVE_INFINITY : look.nextAt
    const damped = this.#dampedStatus(look)
    return {
      isOverlaid: level > reported,
      isTelling,
      status: worseOf(level, reported),
      judged: worseOf(level, damped),
      textStep: isTelling ? look.textStep : 0,
      inputMoved: isTelling ? look.inputMoved : undefined,
    }
  }

  /** What verdicts take for what was reported. Silence is not damped: its deadline is its patience. */
  #dampedStatus(look: OverlayLook): HealthStatus {
    const { status } = this.#reported
    if (this.#streak === undefined) return status
    const ticks = look.activeTicksSince(this.#streak.beganAt)
    const patience = turningTicks(this.#streak, this.rules)
    const turnsAt = look.now - ticks + patience + 1
    if (turnsAt > look.now) this.nextAt = Math.min(this.nextAt, turnsAt)
    // Turned by time, not by updates: kept only once it is known that the process ran in that time.
    else if (patience >= 0 && look.isProvisional) this.nextAt = Number.NEGATIVE_INFINITY
    if (isTakenForFailing(this.#streak, this.rules, ticks)) return HealthStatus.Unhealthy
    return status === HealthStatus.Unhealthy ? HealthStatus.Degraded : status
  }

  #show({ isOverlaid, isTelling, status }: Face, look: OverlayLook): ComponentStatus {
    const { since, message } = this.#reported
    // What is as bad, a worker's exit for example, is mostly why nothing more was heard.
    const reason = isOverlaid || message === '' ? '' : `${message}; `
    return Object.freeze({
      ...this.#reported,
      status,
      message: isTelling ? `${reason}${look.text}` : message,
      since: status === this.#told ? since : Math.max(since, this.#untoldSince),
    })
  }
}

function worseOf(level: OverlayLevel, status: HealthStatus): HealthStatus {
  return level > status ? level : status
}

function isSame(a: Face, b: Face): boolean {
  return (
    a.isOverlaid === b.isOverlaid &&
    a.isTelling === b.isTelling &&
    a.status === b.status &&
    a.judged === b.judged &&
    a.textStep === b.textStep &&
    a.inputMoved === b.inputMoved
  )
}
