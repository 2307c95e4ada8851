// What clients have asked for and not taken yet, bounded. One that does not read holds the body of its answer until it is
// closed as late; and as reports change, no two of them need to hold the same one. Probe actor's thread.
import { busyAnswer } from './answers.js'
import { KUBELET_BYTES } from './kubelet-body.js'
import { isLater, type ProbeAnswer, type ProbeHandler } from './listener.js'

export class UnsentBodies {
  readonly #maxBytes: number
  /** Whether each client costs a copy, as where all that is sent is encrypted at once. */
  readonly #isCopied: boolean
  /** By how many each body is held; where all share it, it counts once. */
  readonly #holders = new Map<Uint8Array, number>()
  #bytes = 0

  constructor(maxBytes: number, isCopied = false) {
    this.#maxBytes = maxBytes
    this.#isCopied = isCopied
  }

  get bytes(): number {
    return this.#bytes
  }

  /**
   * The answer, to be released by its transport; or one that says why it is refused. What a kubelet reads is never refused,
   * and not counted: connections are bounded, too. Nor is any body where none is held.
   */
  admit(answer: ProbeAnswer): ProbeAnswer {
    const { body } = answer
    if (body.length <= KUBELET_BYTES) return answer
    const holders = this.#holders.get(body) ?? 0
    const addedBytes = holders > 0 && !this.#isCopied ? 0 : body.length
    if (this.#bytes > 0 && addedBytes > 0 && this.#bytes + addedBytes > this.#maxBytes) {
      return this.#refusal()
    }
    this.#holders.set(body, holders + 1)
    this.#bytes += addedBytes
    let isHeld = true
    const release = () => {
      if (isHeld) this.#release(body)
      isHeld = false
    }
    return { ...answer, release }
  }

  #release(body: Uint8Array): void {
    const holders = this.#holders.get(body)! - 1
    if (holders > 0) this.#holders.set(body, holders)
    else this.#holders.delete(body)
    if (holders === 0 || this.#isCopied) this.#bytes -= body.length
  }

  #refusal(): ProbeAnswer {
    const why = `other clients have not taken their answers yet: maxUnsentBytes=${this.#maxBytes}`
    return { ...busyAnswer(why), isLast: true }
  }
}

/** The same handler, whose bodies are counted until they are sent. */
export function bounded(handler: ProbeHandler, unsent: UnsentBodies): ProbeHandler {
  return (request) => {
    const answer = handler(request)
    // Sends no body.
    if (request.method === 'HEAD') return answer
    return isLater(answer) ? answer.then((later) => unsent.admit(later)) : unsent.admit(answer)
  }
}
