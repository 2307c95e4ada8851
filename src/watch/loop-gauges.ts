// How late the timers of this thread's event loop are, and how busy the loop is, since the last look.
import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks'

/** A sample each so many ms: 250 in the default interval between two reports. */
const RESOLUTION_MS = 20
const NANOSECONDS_A_MS = 1e6

export class LoopGauges {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  #utilization: EventLoopUtilization = performance.eventLoopUtilization()

  constructor() {
    this.#delay.enable()
  }

  /** As metadata: lags in ms, and the share of the time in which the loop was at work, 0 to 1. */
  read(): Readonly<Record<string, string>> {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, this.#utilization)
    this.#utilization = now
    const metadata = {
      lag_p50_ms: lagText(this.#delay.percentile(50)),
      lag_p99_ms: lagText(this.#delay.percentile(99)),
      lag_max_ms: lagText(this.#delay.max),
      utilization: utilization.toFixed(3),
    }
    this.#delay.reset()
    return metadata
  }

  stop(): void {
    this.#delay.disable()
  }
}

/** The histogram holds times between two samples. Without any it holds some nanoseconds. */
function lagText(nanoseconds: number): string {
  return Math.max(0, nanoseconds / NANOSECONDS_A_MS - RESOLUTION_MS).toFixed(1)
}
