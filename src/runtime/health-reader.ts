// Reads and verdicts, without a mailbox: what the probe actor needs, and half of a HealthManager. Belongs to one
// thread; asks no other thread for anything, so it answers while all of them are stuck.

import { BeatWatch } from '../memory/beat-watch.js'
import { type ControlState, monotonicMs } from '../memory/control.js'
import { READINESS_SEEN } from '../memory/layout.js'
import { hasManagerFailed } from '../memory/manager-state.js'
import type { Region } from '../memory/region.js'
import type { TransitionCounts } from '../memory/slot-cache.js'
import {
  type ReaderAids,
  type Snapshot,
  TableReader,
  type Watched,
  watch,
} from '../memory/table-reader.js'
import { NO_METADATA } from '../memory/text.js'
import { nowTicks } from '../memory/ticks.js'
import { RUNTIME_COMPONENT } from '../model/component.js'
import type { HealthCheckError } from '../model/errors.js'
import { HealthStatus } from '../model/health-status.js'
import { type Gate, judgeLiveness, judgeReadiness, type Policy } from '../model/policy.js'
import { type ComponentStatus, compareUtf8, type HealthReport, Report } from '../model/report.js'
import { excusedUntil, type StartUp } from '../model/start-up.js'

/** Report and verdict of one instant. */
export interface Verdict {
  readonly report: HealthReport
  /** Why the check fails; undefined where it passes. */
  readonly error: HealthCheckError | undefined
}

/** Report and gates of one instant, for a reader that judges by itself. */
export interface Look {
  /** The same object until something in it changes. */
  readonly report: HealthReport
  readonly gate: Gate
  /** How a program that has never been ready gets on, where that is known. */
  readonly startUp?: StartUp | undefined
}

/** A verdict that holds as long as the table rests at a sequence, until a tick. */
interface RestingVerdict {
  readonly sequence: number
  readonly until: number
  readonly error: HealthCheckError | undefined
}

const NEVER: RestingVerdict = { sequence: -1, until: 0, error: undefined }

function holds({ sequence, until }: RestingVerdict, resting: number | undefined): boolean {
  if (sequence !== resting) return false
  return until === Number.POSITIVE_INFINITY || nowTicks() < until
}

export class HealthReader {
  readonly #region: Region
  readonly #policy: Policy
  readonly #reader: TableReader
  readonly #liveness: readonly Watched[]
  readonly #readiness: readonly Watched[]
  #restingLiveness = NEVER
  #restingReadiness = NEVER
  #wasReady = false
  readonly #beats: BeatWatch
  /** What is wrong with the runtime, the same object for as long as it is; and the last report that says it. */
  #fault: ComponentStatus | undefined
  #faultyReport:
    | { readonly of: HealthReport; readonly fault: ComponentStatus; readonly report: HealthReport }
    | undefined

  /** `readTimeoutMs` bounds how long a read waits for reports that are published but not applied. */
  constructor(region: Region, policy: Policy, readTimeoutMs: number, aids?: ReaderAids) {
    this.#region = region
    this.#policy = policy
    this.#reader = new TableReader(region, readTimeoutMs, aids)
    this.#beats = new BeatWatch(region.words)
    this.#liveness = policy.liveness.map(watch)
    this.#readiness = policy.readiness.map(watch)
  }

  getStatus(name: string): ComponentStatus | undefined {
    if (name === RUNTIME_COMPONENT) return this.buildReport().get(name)
    return this.#reader.one(watch(name))
  }

  /** Waits until everything published before this call is applied; counts a stale read if that takes too long. */
  settle(): void {
    this.#reader.settle()
  }

  buildReport(): HealthReport {
    return this.#withRuntime(this.#reader.snapshot().report)
  }

  /**
   * For who is asked seldom: that the manager has fallen silent is found out by looks that follow one another closely, as the
   * time between two of them hardly counts. Costs a few loads.
   */
  watchManager(): void {
    this.#beats.look()
  }

  look(): Look {
    return this.#lookAt(this.#reader.snapshot())
  }

  #lookAt({ report, control }: Snapshot): Look {
    const startUp = this.#hasBeenReady() ? undefined : this.#reader.startUp()
    return { report: this.#withRuntime(report), gate: gateOf(control, startUp), startUp }
  }

  /** How a program that has never been ready gets on, of what is applied now; undefined where that is not known. */
  startUp(): StartUp | undefined {
    if (this.#hasBeenReady()) return undefined
    // The reads before may have been of a few components only.
    this.#reader.tryPeek()
    return this.#reader.startUp()
  }

  /** How often a component of the last report has turned to each status; undefined if it is gone by now, or has no slot. */
  transitions(name: string): TransitionCounts | undefined {
    return this.#reader.transitions(name)
  }

  /** Like `look`, but of what is applied, without a wait for the rest; undefined if the manager writes all the while. */
  tryPeek(): Look | undefined {
    const snapshot = this.#reader.tryPeek()
    return snapshot && this.#lookAt(snapshot)
  }

  checkLiveness(): Verdict {
    const { report, gate } = this.look()
    return { report, error: judgeLiveness(this.#policy, gate, (name) => report.get(name)) }
  }

  checkReadiness(): Verdict {
    const { report, gate } = this.look()
    return { report, error: judgeReadiness(this.#policy, gate, (name) => report.get(name)) }
  }

  /** `onLook` runs before the table is looked at, which a check that finds nothing changed does not. */
  livenessCheck(onLook?: () => void): HealthCheckError | undefined {
    const resting = this.#reader.restingSequence()
    if (holds(this.#restingLiveness, resting)) return this.#restingLiveness.error
    onLook?.()
    const { statuses, control, holdsUntil } = this.#reader.glance(this.#liveness)
    // Whether a suppression holds depends on the start-up while there is one.
    const isUnsure = control.livenessDeadline !== 0 && !this.#hasBeenReady()
    const gate = gateOf(control, isUnsure ? this.startUp() : undefined)
    const error = judgeLiveness(this.#policy, gate, finderOf(this.#liveness, statuses))
    const isTimed = isUnsure || gate.isLivenessSuppressed
    const until = isTimed ? Number.NEGATIVE_INFINITY : holdsUntil
    this.#restingLiveness = this.#restAt(resting, until, error)
    return error
  }

  /** See `livenessCheck`. */
  readinessCheck(onLook?: () => void): HealthCheckError | undefined {
    const resting = this.#reader.restingSequence()
    if (holds(this.#restingReadiness, resting)) return this.#restingReadiness.error
    onLook?.()
    const { statuses, control, holdsUntil } = this.#reader.glance(this.#readiness)
    const gate = gateOf(control)
    const error = judgeReadiness(this.#policy, gate, finderOf(this.#readiness, statuses))
    const until = gate.isReadinessSuppressed ? Number.NEGATIVE_INFINITY : holdsUntil
    this.#restingReadiness = this.#restAt(resting, until, error)
    return error
  }

  /** A verdict that can change at any time, under a suppression or an overlay, is not kept. */
  #restAt(
    sequence: number | undefined,
    until: number,
    error: HealthCheckError | undefined,
  ): RestingVerdict {
    if (sequence === undefined || !this.#reader.wasRestingAt(sequence)) return NEVER
    return until === Number.NEGATIVE_INFINITY ? NEVER : { sequence, until, error }
  }

  /** Once it is it stays so. */
  #hasBeenReady(): boolean {
    // Pairs with ReadinessWatch, as RegionReader.hasBeenReady does.
    this.#wasReady ||= Atomics.load(this.#region.words, READINESS_SEEN) === 1
    return this.#wasReady
  }

  /** Says in the report that it is not renewed, if the manager was given up or gives no sign of life. */
  #withRuntime(report: HealthReport): HealthReport {
    const fault = this.#findFault()
    if (fault === undefined) return report
    if (this.#faultyReport?.of !== report || this.#faultyReport.fault !== fault) {
      this.#faultyReport = {
        of: report,
        fault,
        report: withComponent(report, RUNTIME_COMPONENT, fault),
      }
    }
    return this.#faultyReport.report
  }

  #findFault(): ComponentStatus | undefined {
    const silentSince = this.#beats.look()
    if (hasManagerFailed(this.#region.words)) return this.#keepFault(GIVEN_UP, Date.now)
    if (silentSince === undefined) {
      this.#fault = undefined
      return undefined
    }
    const time = new Date(silentSince).toISOString()
    return this.#keepFault(`${SILENT} since ${time}; ${LAST_APPLIED}`, () => silentSince)
  }

  #keepFault(message: string, since: () => number): ComponentStatus {
    if (this.#fault?.message === message) return this.#fault
    const at = since()
    this.#fault = Object.freeze({
      status: HealthStatus.Degraded,
      message,
      metadata: NO_METADATA,
      since: at,
      updatedAt: at,
    })
    return this.#fault
  }
}

const LAST_APPLIED = 'statuses are the last that were applied'
const GIVEN_UP = `the manager actor failed too often, or the thread that had started it ended, and was given up; ${LAST_APPLIED}`
const SILENT = 'the manager actor has given no sign of life'

function withComponent(report: HealthReport, name: string, status: ComponentStatus): HealthReport {
  const entries = [...report].filter(([other]) => other !== name)
  entries.push([name, status])
  entries.sort(([a], [b]) => compareUtf8(a, b))
  const names = entries.map(([other]) => other)
  const positions = new Map(names.map((other, position) => [other, position]))
  return new Report(
    { names, positions },
    entries.map(([, each]) => each),
  )
}

function gateOf(control: ControlState, startUp?: StartUp): Gate {
  const { livenessDeadline, livenessLatest } = control
  return {
    isStandby: control.isStandby,
    isLivenessSuppressed: isSuppressed(excusedUntil(livenessDeadline, livenessLatest, startUp)),
    isReadinessSuppressed: isSuppressed(control.readinessDeadline),
  }
}

/** The window is half open: at the deadline itself the check is enforced again. */
function isSuppressed(deadline: number): boolean {
  return deadline !== 0 && monotonicMs() < deadline
}

function finderOf(watched: readonly Watched[], statuses: readonly (ComponentStatus | undefined)[]) {
  return (name: string) => statuses[watched.findIndex((component) => component.name === name)]
}
