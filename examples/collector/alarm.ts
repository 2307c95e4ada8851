// A wait that can be cut short. One waiter at a time.

export class Alarm {
  #ring: (() => void) | undefined

  /** Resolves after `durationMs`, or as soon as `ring` is called. */
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
