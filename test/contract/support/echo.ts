// A handler for tests of transports: its answers say what was asked for.
import type { ProbeAnswer, ProbeHandler } from '../../../src/probe/listener.js'

export const LARGE_BODY = Buffer.alloc(8 * 1024 * 1024, 'x')

function answerOf(body: string | Uint8Array): ProbeAnswer {
  return { status: 200, contentType: 'text/plain', body: Buffer.from(body) }
}

/** Answers a path with itself; `/large` with much, and `/later` when `answerLater` is called. */
export class Echo {
  readonly #waiting: (() => void)[] = []
  #onAsked = () => {}
  /** All that was asked for, in the order of the answers. */
  readonly targets: string[] = []

  readonly handler: ProbeHandler = ({ target }) => {
    this.targets.push(target)
    if (target === '/large') return { ...answerOf(''), body: LARGE_BODY }
    if (target !== '/later') return answerOf(target)
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(answerOf('/later')))
      this.#onAsked()
    })
  }

  /** Resolves when the next `/later` has been asked for. */
  asked(): Promise<void> {
    return new Promise((resolve) => {
      this.#onAsked = resolve
    })
  }

  answerLater(): void {
    for (const answer of this.#waiting.splice(0)) answer()
  }
}
