// What silence, or input without output, makes of a component at an instant, from the words of its slot and a clock alone: so
// it is known with its writer and the manager dead. Any thread; an object belongs to one, and looks at one slot after the
// other.
import {
  type ComponentRules,
  NO_RULES,
  type OverlayLevel,
  Wording,
} from '../model/component-rules.js'
import { HealthStatus } from '../model/health-status.js'
import { eventLoopText } from './event-loop-text.js'
import {
  PHASE,
  PHASE_RUNNING,
  PROGRESS_IN,
  PROGRESS_IN_AT_OUTPUT,
  PROGRESS_OUT,
  PROGRESS_PENDING_SINCE,
  STOP_TICK,
} from './layout.js'
import type { Region } from './region.js'
import type { SlotMap } from './slot-latch.js'
import { SuspensionReader, type SuspensionWatch } from './suspensions.js'
import { secondsText, TEXT_TICKS, ticksSince, toTicks } from './ticks.js'

export class OverlayLook {
  readonly #region: Region
  readonly #map: SlotMap
  readonly #suspensions: SuspensionReader
  /** The tick that the round is as of; no later than a stop. */
  now = 0
  #rules: ComponentRules = NO_RULES
  /** `Unspecified` where there is nothing to be said; the others are of the last look. */
  level: OverlayLevel = HealthStatus.Unspecified
  /** The tick of the last sign of life. */
  aliveAt = 0
  /** The tick at which the level began, while there is one. */
  beganAt = 0
  /** The tick from which the level is another one, should no sign of life come; Infinity for never. */
  nextAt = Number.POSITIVE_INFINITY
  /** Of a component with rules for its progress: it has moved at all, and input has waited too long for output. */
  hasProgressed = false
  isStalled = false
  /** How much input the message tells of; undefined where it tells of silence. */
  inputMoved: number | undefined
  #silentTicks = 0
  #deadlineMs = 0
  /** Ticks that the message tells of. */
  #textTicks = 0

  /** `suspensions` is the watch of this thread, where it keeps one. */
  constructor(region: Region, map: SlotMap, suspensions?: SuspensionWatch) {
    this.#region = region
    this.#map = map
    this.#suspensions = new SuspensionReader(map.words, suspensions)
  }

  /**
   * Begins a round of looks as of `now`, a tick that was taken before them: a beat that comes in between makes the silence
   * shorter, where a clock that is looked at after it would make it longer. Behind a stop nobody can beat any more, so for
   * silence the time stands still there, while observers are told of the last and probes are still answered.
   */
  begin(now: number): void {
    const { words } = this.#region
    this.now = now
    // Pairs with Supervisor.stop, which stores the tick first.
    if (Atomics.load(words, PHASE) !== PHASE_RUNNING) {
      this.now -= Math.max(0, ticksSince(now, Atomics.load(words, STOP_TICK)))
    }
    this.#suspensions.begin(this.now)
  }

  /** For who has found silence: true if the round must begin anew, as the process may have been suspended; bounded. */
  hasToBeginAnew(): boolean {
    return this.#suspensions.hasToBeginAnew()
  }

  /** What time alone has turned may turn back: a watcher may be about to record a suspension. */
  get isProvisional(): boolean {
    return this.#suspensions.isStale
  }

  /** Ticks since one that is given as a word, without those in which the process did not run; as of the round. */
  activeTicksSince(word: number): number {
    return this.#suspensions.activeTicksSince(word)
  }

  /** Looks at a slot. */
  take(slot: number, rules: ComponentRules): OverlayLevel {
    // Pairs with the stores of reporters and of Overlays.enter.
    const beat = Atomics.load(this.#region.words, this.#map.beat(slot))
    this.#rules = rules
    this.#silentTicks = this.#suspensions.activeTicksSince(beat)
    this.aliveAt = this.now - ticksSince(this.now, beat)
    this.level = HealthStatus.Unspecified
    this.nextAt = Number.POSITIVE_INFINITY
    // The worse one last: where both are due, it counts.
    this.#apply(HealthStatus.Degraded, rules.degradedAfterMs)
    this.#apply(HealthStatus.Unhealthy, rules.unhealthyAfterMs)
    // Since a sign of life was due.
    this.#textTicks = this.#silentTicks - toTicks(rules.dueEveryMs)
    this.inputMoved = undefined
    this.hasProgressed = false
    this.isStalled = false
    if (rules.stallMs !== 0) this.#takeProgress(slot, toTicks(rules.stallMs))
    return this.level
  }

  /** Tenths of a second that the message tells of. */
  get textStep(): number {
    return Math.floor(this.#textTicks / TEXT_TICKS)
  }

  get text(): string {
    const silence = secondsText(this.#textTicks)
    if (this.inputMoved !== undefined) {
      return `input moved by ${inGroups(this.inputMoved)} and output by 0 for ${silence}`
    }
    if (this.#rules.wording === Wording.EventLoop) {
      const since = (tick: number) => this.#suspensions.activeTicksSince(tick)
      return eventLoopText(this.#region, this.#rules, this.level, silence, since)
    }
    return `no update for ${silence} (deadline ${this.#deadlineMs / 1e3} s)`
  }

  #apply(level: OverlayLevel, afterMs: number): void {
    if (afterMs === 0) return
    const at = this.now - this.#silentTicks + toTicks(afterMs) + 1
    if (at > this.now) {
      this.nextAt = Math.min(this.nextAt, at)
      return
    }
    this.level = level
    this.beganAt = at
    this.#deadlineMs = afterMs
  }

  #takeProgress(slot: number, stallTicks: number): void {
    const { words } = this.#region
    const first = this.#map.progress(slot)
    // Pairs with the stores in Reporter.progress. First of all: while it is 0, the others do not matter.
    const pendingSince = Atomics.load(words, first + PROGRESS_PENDING_SINCE)
    const input = Atomics.load(words, first + PROGRESS_IN)
    this.hasProgressed = input !== 0 || Atomics.load(words, first + PROGRESS_OUT) !== 0
    const waitedTicks = pendingSince === 0 ? 0 : this.#suspensions.activeTicksSince(pendingSince)
    // Where nothing waits yet, something may begin to in this instant.
    const at = this.now - waitedTicks + stallTicks + 1
    if (at > this.now) {
      this.nextAt = Math.min(this.nextAt, at)
      return
    }
    const inputMoved = (input - Atomics.load(words, first + PROGRESS_IN_AT_OUTPUT)) >>> 0
    // Output that has moved meanwhile: what was loaded behind it is not what has waited.
    if (Atomics.load(words, first + PROGRESS_PENDING_SINCE) !== pendingSince) {
      this.nextAt = Math.min(this.nextAt, this.now + stallTicks + 1)
      return
    }
    this.isStalled = true
    // A silence that is as bad says why there is no output.
    if (this.level !== HealthStatus.Unspecified) return
    this.level = HealthStatus.Degraded
    this.beganAt = at
    this.#textTicks = waitedTicks
    this.inputMoved = inputMoved
  }
}

/** A whole number with commas at its thousands. */
function inGroups(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}
