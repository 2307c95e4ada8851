// Watches the beat of a queue worker's event loop, from its host. One that stands still for as long as a call may take is
// stuck in a call: a timer of its own would never run.
import type { ObserverProgress } from './observer-progress.js'

/** Below this, in ms, a loop that is kept from running could be taken for one that hangs. */
const MIN_HANG_MS = 2_000
/** Looks so many times before it is taken for stuck. */
const LOOKS = 8

/** How often the worker is to beat, in ms. */
export function beatMsFor(timeoutMs: number): number {
  return Math.min(250, hangMsFor(timeoutMs) / LOOKS)
}

function hangMsFor(timeoutMs: number): number {
  return Math.max(MIN_HANG_MS, timeoutMs)
}

export class HangWatch {
  readonly #timer: NodeJS.Timeout
  #hasHung = false

  /** `onHang` is called once. */
  constructor(progress: ObserverProgress, timeoutMs: number, onHang: () => void) {
    let seen = progress.beats
    let looks = 0
    // Counts its own looks rather than the time: while the whole process stands still, nobody looks.
    this.#timer = setInterval(() => {
      const { beats } = progress
      looks = beats === seen ? looks + 1 : 0
      seen = beats
      if (looks < LOOKS) return
      this.#hasHung = true
      this.stop()
      onHang()
    }, hangMsFor(timeoutMs) / LOOKS).unref()
  }

  get hasHung(): boolean {
    return this.#hasHung
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
