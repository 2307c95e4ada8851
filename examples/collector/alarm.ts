// Time as the sink sees it: a clock, and a wait that can be cut short.

export interface Alarm {
  /** Monotonic. */
  nowMs(): number
  /** Resolves after `durationMs`, or as soon as `ring` is called. One waiter at a time. */
  wait(durationMs: number): Promise<void>
  ring(): void
}

export class RealAlarm implements Alarm {
  #ring: (() => void) | undefined

  nowMs(): number {
    return performance.now()
  }

  wait(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.ring(), durationMs)
      this.#ring = () => {
        clearTimeout(timer)
        this.#ring = undefined
        resolve()
      }
    })
  }

  ring(): void {
    this.#ring?.()
  }
}
