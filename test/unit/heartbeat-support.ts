// A clock that stands still until a test moves it, and a receiver that answers what the test says.
import type { CircuitBreaker } from '../../src/heartbeat/circuit-breaker.js'
import type { Clock } from '../../src/heartbeat/clock.js'
import {
  HeartbeatLoop,
  type LoopOptions,
  type SentHeartbeat,
} from '../../src/heartbeat/heartbeat-loop.js'
import { OperatorType } from '../../src/heartbeat/operator-type.js'
import { buildHeartbeatRequestFromReport } from '../../src/heartbeat/request.js'
import {
  type AttemptOptions,
  CallError,
  type CodeName,
  type Method,
  type Transport,
} from '../../src/heartbeat/transport.js'
import { encodeReportHealthResponse } from '../../src/heartbeat/wire.js'

/** Everything that is ready to run has run: none of the code under test waits for anything but the clock and the transport. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

export class FakeClock implements Clock {
  readonly #timers = new Set<{ readonly atMs: number; readonly action: () => void }>()
  #nowMs = 0

  nowMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return 1_767_225_600_000 + this.#nowMs
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, action }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  get pendingCount(): number {
    return this.#timers.size
  }

  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs
    for (;;) {
      await settled()
      const next = [...this.#timers].sort((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined || next.atMs > untilMs) break
      this.#nowMs = next.atMs
      this.#timers.delete(next)
      next.action()
    }
    this.#nowMs = untilMs
    await settled()
  }
}

/** What becomes of an attempt: an answer, a code, or nothing until it is given up. */
export type Fate = 'ok' | 'collect' | 'hang' | 'garbage' | CodeName

export interface Attempt {
  readonly atMs: number
  readonly method: Method
  readonly message: Uint8Array
  readonly signal: AbortSignal
}

export class FakeTransport implements Transport {
  readonly attempts: Attempt[] = []
  /** Those of the next attempts; after them, `later`. */
  fates: Fate[] = []
  later: Fate = 'ok'
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** When they were made, in s. */
  get times(): number[] {
    return this.attempts.map(({ atMs }) => atMs / 1_000)
  }

  async send(method: Method, message: Uint8Array, { signal }: AttemptOptions): Promise<Uint8Array> {
    this.attempts.push({ atMs: this.#clock.nowMs(), method, message, signal })
    const fate = this.fates.shift() ?? this.later
    if (fate === 'hang') return new Promise(() => {})
    if (fate === 'garbage') return Buffer.from('0aff', 'hex')
    if (fate === 'ok' || fate === 'collect') return encodeReportHealthResponse(fate === 'collect')
    throw new CallError(fate, 'as the test says')
  }

  close(): void {}
}

export function rig(options: Partial<LoopOptions> = {}) {
  const clock = new FakeClock()
  const transport = new FakeTransport(clock)
  const sent: SentHeartbeat[] = []
  const errors: string[] = []
  const outcomes: [number, boolean, number][] = []
  let reports = 0
  const loop = new HeartbeatLoop({
    operatorType: () => OperatorType.Read,
    build: async () =>
      buildHeartbeatRequestFromReport(null, `report ${++reports}`, 1, '', '', new Date(0)),
    transport,
    clock,
    intervalMs: 15_000,
    jitterMs: 0,
    resendDelayMs: 5_000,
    attemptTimeoutMs: 10_000,
    buildTimeoutMs: 20_000,
    random: () => 0,
    onSent: (heartbeat) => sent.push(heartbeat),
    onError: (error) => errors.push(error.message),
    onOutcome: (breaker: CircuitBreaker) =>
      outcomes.push([breaker.failureCount, breaker.isOpen, breaker.waitMs(clock.nowMs())]),
    ...options,
  })
  return { clock, transport, loop, sent, errors, outcomes }
}
