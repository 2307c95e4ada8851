// Sends the heartbeats of one operator type: at once, then at every tick; each in a call of its own, and if that fails once
// more, the same bytes again. At most one is under way: a tick that comes meanwhile is dropped and counted. Pure: report,
// clock, chance and transport are passed in.
import type { HealthError } from '../model/errors.js'
import { type CallContext, type CallOutcome, call } from './call.js'
import { CircuitBreaker } from './circuit-breaker.js'
import { wait, within } from './clock.js'
import { callFailed, reportFailed } from './heartbeat-errors.js'
import type { OperatorType } from './operator-type.js'
import type { ReportHealthRequest } from './request.js'
import { CallError } from './transport.js'
import { decodeReportHealthResponse, encodeReportHealth } from './wire.js'

/** A heartbeat that was received. */
export interface SentHeartbeat {
  readonly operatorType: OperatorType
  /** When it was known to be received, epoch ms. */
  readonly at: number
  /** Of the message, before compression. */
  readonly bytes: number
  /** Of the call that went through, 1 to 3. */
  readonly attempts: number
  /** Whether a call with the same message had failed before. */
  readonly isResent: boolean
  /** Whether it was the last one, of a stop. */
  readonly isFinal: boolean
  /** Whether the receiver asks for a collection now. */
  readonly collectNow: boolean
}

export interface LoopSchedule {
  readonly intervalMs: number
  /** Each interval is longer by a random part of this, so that a fleet does not report in step. */
  readonly jitterMs: number
  readonly resendDelayMs: number
  /** How long a report may take to be made. */
  readonly buildTimeoutMs: number
}

export interface LoopOptions extends CallContext, LoopSchedule {
  /** Asked anew each time: that of a source is known once it is loaded. */
  readonly operatorType: () => OperatorType
  /** Undefined: there is nothing to send at this tick. */
  readonly build: (signal: AbortSignal) => Promise<ReportHealthRequest | undefined>
  /** From 0 up to 1. */
  readonly random: () => number
  readonly onSent: (heartbeat: SentHeartbeat) => void
  readonly onError: (error: HealthError, operatorType: OperatorType) => void
  /** Told after each call how the row of failures stands. */
  readonly onOutcome: (breaker: CircuitBreaker) => void
}

/** Counters count from the start of the heartbeat's thread. */
export interface LoopStats {
  readonly operatorType: OperatorType
  /** Heartbeats received. */
  readonly sent: number
  /** Calls that failed with all their attempts. */
  readonly failedCalls: number
  readonly attempts: number
  /** Ticks that came while the heartbeat before was still under way. */
  readonly droppedTicks: number
  /** Ticks at which the circuit breaker was open. */
  readonly skippedTicks: number
  /** Ticks at which there was nothing to send. */
  readonly emptyTicks: number
  /** Reports that could not be made. */
  readonly failedReports: number
  readonly consecutiveFailures: number
  readonly circuitBreaker: 'closed' | 'open'
  /** Epoch ms of the last heartbeat that was received. */
  readonly lastSentAt: number | undefined
  /** What kept the last heartbeat from being made or received; undefined where nothing did. */
  readonly lastFailure: string | undefined
}

export class HeartbeatLoop {
  /** Resolves when the first tick has come to something: a call that went out and has ended, or nothing to send. */
  readonly firstOutcome: Promise<void>
  readonly #options: LoopOptions
  readonly #breaker = new CircuitBreaker()
  readonly #stopping = new AbortController()
  #sending: Promise<void> | undefined
  #cancelTick = () => {}
  #sent = 0
  #failedCalls = 0
  #attempts = 0
  #droppedTicks = 0
  #skippedTicks = 0
  #emptyTicks = 0
  #failedReports = 0
  #lastSentAt: number | undefined
  #lastFailure: string | undefined
  #tellFirstOutcome = () => {}

  constructor(options: LoopOptions) {
    this.#options = options
    this.firstOutcome = new Promise((resolve) => {
      this.#tellFirstOutcome = resolve
    })
  }

  /** The first heartbeat goes out now. */
  start(): void {
    const { clock, intervalMs, jitterMs, random } = this.#options
    // Before the work: the time between two ticks does not depend on it.
    this.#cancelTick = clock.after(intervalMs + random() * jitterMs, () => this.start())
    if (this.#sending !== undefined) {
      this.#droppedTicks++
    } else if (this.#breaker.waitMs(clock.nowMs()) > 0) {
      this.#skippedTicks++
    } else {
      this.#sending = this.#send(this.#stopping.signal).finally(() => {
        this.#sending = undefined
      })
    }
  }

  /** Gives up what is under way. Sends one last heartbeat, which may take `finalTimeoutMs` in all; none where that is 0. */
  async stop(finalTimeoutMs: number): Promise<void> {
    this.#cancelTick()
    this.#stopping.abort()
    await this.#sending
    if (finalTimeoutMs === 0) return
    const ending = new AbortController()
    const cancel = this.#options.clock.after(finalTimeoutMs, () => ending.abort())
    await this.#send(ending.signal, true)
    cancel()
  }

  stats(): LoopStats {
    return {
      operatorType: this.#options.operatorType(),
      sent: this.#sent,
      failedCalls: this.#failedCalls,
      attempts: this.#attempts,
      droppedTicks: this.#droppedTicks,
      skippedTicks: this.#skippedTicks,
      emptyTicks: this.#emptyTicks,
      failedReports: this.#failedReports,
      consecutiveFailures: this.#breaker.failureCount,
      circuitBreaker: this.#breaker.isOpen ? 'open' : 'closed',
      lastSentAt: this.#lastSentAt,
      lastFailure: this.#lastFailure,
    }
  }

  /** Never rejects. */
  async #send(signal: AbortSignal, isFinal = false): Promise<void> {
    const message = await this.#build(signal)
    const isReceived =
      message !== undefined &&
      !signal.aborted &&
      (await this.#call(message, signal, { isResent: false, isFinal }))
    this.#tellFirstOutcome()
    if (message === undefined || isReceived) return
    if (isFinal || signal.aborted || this.#breaker.isOpen) return
    await wait(this.#options.clock, this.#options.resendDelayMs, signal)
    if (!signal.aborted) await this.#call(message, signal, { isResent: true, isFinal })
  }

  async #build(signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { clock, build, buildTimeoutMs } = this.#options
    try {
      const built = await within(clock, buildTimeoutMs, signal, async (ending) => build(ending))
      if (signal.aborted) return undefined
      if (built === undefined) throw new Error(`no report within ${buildTimeoutMs} ms`)
      if (built.value === undefined) {
        this.#emptyTicks++
        this.#lastFailure = undefined
        return undefined
      }
      return encodeReportHealth(built.value)
    } catch (error) {
      if (signal.aborted) return undefined
      this.#failedReports++
      const operatorType = this.#options.operatorType()
      this.#fail(reportFailed(operatorType, error), operatorType)
      return undefined
    }
  }

  /** Whether it was received. */
  async #call(
    message: Uint8Array,
    signal: AbortSignal,
    which: Pick<SentHeartbeat, 'isResent' | 'isFinal'>,
  ): Promise<boolean> {
    const { clock, onSent, onOutcome } = this.#options
    const operatorType = this.#options.operatorType()
    const outcome = understood(await call(this.#options, 'ReportHealth', message, signal))
    const { attempts } = outcome
    this.#attempts += attempts
    if (!outcome.isOk) {
      // What was given up by a stop has not failed.
      if (signal.aborted && !which.isFinal) return false
      this.#failedCalls++
      this.#breaker.fail(clock.nowMs())
      onOutcome(this.#breaker)
      this.#fail(callFailed(operatorType, outcome), operatorType)
      return false
    }
    this.#sent++
    this.#lastFailure = undefined
    this.#lastSentAt = clock.wallMs()
    this.#breaker.succeed()
    onOutcome(this.#breaker)
    const { collectNow } = outcome
    const at = this.#lastSentAt
    onSent({ operatorType, at, bytes: message.length, attempts, collectNow, ...which })
    return true
  }

  #fail(error: HealthError, operatorType: OperatorType): void {
    this.#lastFailure = error.message
    this.#options.onError(error, operatorType)
  }
}

/** An answer that is none is a failure of the receiver's, like any other. */
function understood(outcome: CallOutcome) {
  if (!outcome.isOk) return outcome
  const { attempts, response } = outcome
  try {
    return { isOk: true, attempts, collectNow: decodeReportHealthResponse(response) } as const
  } catch (cause) {
    const error = new CallError('INTERNAL', 'the answer is not of the contract', { cause })
    return { isOk: false, attempts, error } as const
  }
}
