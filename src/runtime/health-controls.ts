// The part of HealthManager that decides verdicts besides the components: standby and the suppressions. Any thread that has
// an instance, for itself.
import { monotonicMs, toFloatWords } from '../memory/control.js'
import { KIND_STANDBY, KIND_SUPPRESS_LIVENESS, KIND_SUPPRESS_READINESS } from '../memory/layout.js'
import { encodeText } from '../memory/text.js'
import { nextTick } from '../memory/ticks.js'
import { checkBoolean, checkDurationMs, readOptions } from '../model/arguments.js'
import { argumentError } from '../model/errors.js'
import { noteOf } from '../model/suppression.js'
import type { Attachment } from './attachment.js'
import type { HealthReader } from './health-reader.js'
import { HealthReads } from './health-reads.js'

/** Who suppresses a verdict, and why; kept with the suppression. */
export interface SuppressionReason {
  /** The part of the program that asks for it. Default `''`. */
  owner?: string
  /** For people. Default `''`. */
  reason?: string
}

/** What can be read of a runtime, and its standby and suppressions; see `HealthManager`. */
export abstract class HealthControls extends HealthReads {
  readonly #attachment: Attachment

  protected constructor(attachment: Attachment, reader: HealthReader) {
    super(attachment, reader)
    this.#attachment = attachment
  }

  /**
   * In standby, readiness passes whatever the components say; liveness does not care.
   * @throws HealthError `ERR_HEALTH_ARGUMENT`, `ERR_HEALTH_BACKPRESSURE`, `ERR_HEALTH_STOPPED`; so do the suppressions.
   */
  setStandby(standby: boolean): void {
    checkBoolean(standby, 'standby')
    this.#attachment.checkRunning()
    this.#attachment.control(KIND_STANDBY, standby ? 1 : 0, 0)
  }

  /**
   * Liveness passes for this long from now, in ms. Replaces an earlier suppression, also a longer one. All in all it lasts
   * no longer than `maxSuppressionMs`: calls that follow one another, each in the time that the one before it asked for, are
   * one suppression, until it is cleared or nobody asks in time. What is asked for beyond that is cut, and counted in
   * `stats().suppressionCuts`. Until the runtime has been ready for the first time, components with `progress` decide, too:
   * while they get on it holds to that maximum, and while one has stalled it does not hold.
   */
  suppressLiveness(durationMs: number, why: SuppressionReason = {}): void {
    this.#suppress(KIND_SUPPRESS_LIVENESS, durationMs, why)
  }

  /** Ends a liveness suppression, if there is one. */
  clearLivenessSuppression(): void {
    this.#attachment.checkRunning()
    this.#attachment.control(KIND_SUPPRESS_LIVENESS, 0, 0)
  }

  /** Readiness passes for this long from now, in ms, under the same rules as `suppressLiveness`. */
  suppressReadiness(durationMs: number, why: SuppressionReason = {}): void {
    this.#suppress(KIND_SUPPRESS_READINESS, durationMs, why)
  }

  /** Ends a readiness suppression, if there is one. */
  clearReadinessSuppression(): void {
    this.#attachment.checkRunning()
    this.#attachment.control(KIND_SUPPRESS_READINESS, 0, 0)
  }

  #suppress(kind: number, durationMs: number, why: SuppressionReason): void {
    checkDurationMs(durationMs)
    const { owner = '', reason = '' } = readOptions(why, 'why', ['owner', 'reason'])
    if (typeof owner !== 'string') throw argumentError('why.owner', owner, 'must be a string')
    if (typeof reason !== 'string') throw argumentError('why.reason', reason, 'must be a string')
    this.#attachment.checkRunning()
    const [low, high] = toFloatWords(monotonicMs() + durationMs)
    const note = encodeText(noteOf(owner, reason), this.#attachment.region.layout.maxPayloadBytes)
    this.#attachment.control(kind, low, high, note, nextTick())
  }
}
