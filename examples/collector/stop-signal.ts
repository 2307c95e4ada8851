// Why and when the program ends: a signal, the time that was asked for, or a part of it that can't go on. Main thread.

export class StopSignal {
  /** Resolves with the reason of the first stop, which may have come already. */
  readonly stopped: Promise<string>
  #isStopped = false
  #resolve: (reason: string) => void = () => {}
  #timer: NodeJS.Timeout | undefined
  readonly #onSignal = (signal: NodeJS.Signals) => this.stop(signal)

  /** Listens to SIGINT and SIGTERM from now on. */
  constructor() {
    this.stopped = new Promise((resolve) => {
      this.#resolve = resolve
    })
    process.on('SIGINT', this.#onSignal)
    process.on('SIGTERM', this.#onSignal)
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  stopAfter(seconds: number): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => this.stop(`${seconds} s are over`), seconds * 1_000)
  }

  /** The first reason counts. A second signal ends the process at once, as if nobody listened. */
  stop(reason: string): void {
    this.dispose()
    this.#isStopped = true
    this.#resolve(reason)
  }

  dispose(): void {
    clearTimeout(this.#timer)
    process.off('SIGINT', this.#onSignal)
    process.off('SIGTERM', this.#onSignal)
  }
}
