// What an observer was told, and a way to wait for it. Any thread.
import type { Gap, Transition } from '../src/index.js'

export class ObserverRecord {
  readonly transitions: Transition[] = []
  readonly gaps: Gap[] = []
  #waiting: { isDone: () => boolean; resolve: () => void }[] = []

  readonly observer = (transition: Transition): void => {
    this.transitions.push(transition)
    this.#look()
  }

  readonly onGap = (gap: Gap): void => {
    this.gaps.push(gap)
    this.#look()
  }

  get numbers(): number[] {
    return this.transitions.map(({ number }) => number)
  }

  get messages(): string[] {
    return this.transitions.map(({ message }) => message)
  }

  get missed(): number {
    return this.gaps.reduce((sum, { missed }) => sum + missed, 0)
  }

  /** Resolves when it was told of so many, gaps included. A test that waits in vain hangs, and fails by its timeout. */
  reached(count: number): Promise<void> {
    // An observer that waits for transitions does not keep the process alive.
    const keepAlive = setInterval(() => {}, 1 << 30)
    return new Promise<void>((resolve) => {
      const isDone = () => this.transitions.length + this.missed >= count
      this.#waiting.push({ isDone, resolve })
      this.#look()
    }).finally(() => clearInterval(keepAlive))
  }

  #look(): void {
    const done = this.#waiting.filter(({ isDone }) => isDone())
    this.#waiting = this.#waiting.filter((each) => !done.includes(each))
    for (const { resolve } of done) resolve()
  }
}
