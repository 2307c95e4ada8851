// The watched thread's part of an event-loop watch: a timer of its loop that gives signs of life, and now and then the loop's
// figures. Nothing here judges. A loop that is late can not say so; whoever reads the component finds it out from the last beat,
// and the manager journals it.
//
// Why a timer: a timer that fires late is what a late loop means. Everything that the loop owes anybody (timers, sockets, messages
// of other threads) waits for the same turn, whether it is kept by a loop, a regular expression, synchronous I/O, a wait, or by
// microtasks that never end. What goes on between two beats and is done when the second one is due has kept nobody waiting.
import { monotonicMs } from '../memory/control.js'
import { HealthError } from '../model/errors.js'
import { HealthStatus } from '../model/health-status.js'
import type { ComponentReporter } from '../runtime/component-reporter.js'
import type { EventLoopSettings } from './event-loop-options.js'
import type { LoopGauges } from './loop-gauges.js'

/** A watch of the calling thread's event loop; see `HealthManager.watchEventLoop()`. */
export interface EventLoopWatch {
  /** Its name. */
  readonly component: string
  /**
   * Ends the watch and deregisters the component. Idempotent; `HealthManager.stop()` does it as well.
   * @throws HealthError `ERR_HEALTH_BACKPRESSURE` or `ERR_HEALTH_UNAVAILABLE`: the watch has ended, and the component is still
   * there.
   */
  stop(): void
}

/** What a watch works with, replaced in tests. */
export interface WatchParts {
  readonly reporter: Pick<ComponentReporter, 'beat' | 'update' | 'deregister'>
  readonly gauges: Pick<LoopGauges, 'read' | 'stop'>
  /** Whether an update can be published without a wait: a watch that waits would be what makes the loop late. */
  readonly hasRoom: () => boolean
  /** Calls back each so many ms until the function that it gives is called; does not keep the thread alive. */
  readonly every: (ms: number, callback: () => void) => () => void
}

export function everyUnreferenced(ms: number, callback: () => void): () => void {
  const timer = setInterval(callback, ms).unref()
  return () => clearInterval(timer)
}

const ON_TIME = 'event loop on time'

export class LoopWatch implements EventLoopWatch {
  readonly component: string
  readonly #parts: WatchParts
  readonly #reportMs: number
  readonly #cancel: () => void
  #nextReportMs: number
  #isOver = false
  #isDeregistered = false

  /** The component is registered with the rules of these settings. */
  constructor(settings: EventLoopSettings, parts: WatchParts) {
    this.component = settings.component
    this.#parts = parts
    this.#reportMs = settings.reportMs
    this.#nextReportMs = monotonicMs() + settings.reportMs
    this.#cancel = parts.every(settings.beatMs, () => this.#beat())
    parts.reporter.update(HealthStatus.Healthy, ON_TIME)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  stop(): void {
    this.end()
    if (this.#isDeregistered) return
    try {
      this.#parts.reporter.deregister()
    } catch (error) {
      // With the runtime stopped there is nothing left to deregister from.
      if (!isStopped(error)) throw error
    }
    this.#isDeregistered = true
  }

  /** Ends the watch and leaves the component to what its silence makes of it. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancel()
    this.#parts.gauges.stop()
  }

  #beat(): void {
    try {
      this.#parts.reporter.beat()
      this.#reportIfDue()
    } catch (error) {
      // Another thread may stop the runtime at any time, the manager may be away, and nobody is here to catch what a timer
      // throws. Where it is only away, the next beat tries again.
      if (!(error instanceof HealthError)) throw error
      if (isStopped(error)) this.end()
    }
  }

  /** With a mailbox that is half full, the manager is away or far behind: then beats say all that matters. */
  #reportIfDue(): void {
    const now = monotonicMs()
    if (now < this.#nextReportMs || !this.#parts.hasRoom()) return
    this.#nextReportMs = now + this.#reportMs
    this.#parts.reporter.update(HealthStatus.Healthy, ON_TIME, this.#parts.gauges.read())
  }
}

function isStopped(error: unknown): boolean {
  return error instanceof HealthError && error.code === 'ERR_HEALTH_STOPPED'
}
