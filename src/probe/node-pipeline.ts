// Requests that a connection of node:http sends without waiting for its answers. node hands out all that one read has
// brought, up to 64 KiB and so some thousand requests, before it looks at any other connection. So only the first few are
// answered there and then; the others wait, and the loop comes round between any two of them. Closing such a connection
// would help nobody: it would come back and have the next packet parsed. Probe actor's thread.
import type { Socket } from 'node:net'

/** How many requests of a connection are answered at once; what a client asks that pipelines a little. */
const MAX_AT_ONCE = 4
/** How many wait, of all connections together, at some 1.6 KB each. */
const MAX_WAITING = 16_384

/** Answers one request. Never throws. */
type Answer = () => void

/** Whose next request is answered, one a turn of the loop for all connections together; and how many wait for that. */
export class Turns {
  readonly #maxWaiting: number
  #waitingCount = 0
  /** In the order in which they came. */
  readonly #pipelines = new Set<Pipeline>()
  #isScheduled = false

  /** `maxWaiting` is passed by tests. */
  constructor(maxWaiting = MAX_WAITING) {
    this.#maxWaiting = maxWaiting
  }

  /** A request is to wait; false where as many do as may. */
  tryWait(): boolean {
    if (this.#waitingCount >= this.#maxWaiting) return false
    this.#waitingCount++
    return true
  }

  /** So many wait no longer. */
  waited(count: number): void {
    this.#waitingCount -= count
  }

  enter(pipeline: Pipeline): void {
    this.#pipelines.add(pipeline)
    this.#schedule()
  }

  leave(pipeline: Pipeline): void {
    this.#pipelines.delete(pipeline)
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.#take())
  }

  #take(): void {
    this.#isScheduled = false
    for (const pipeline of this.#pipelines) {
      this.#pipelines.delete(pipeline)
      pipeline.answerNext()
      break
    }
    if (this.#pipelines.size > 0) this.#schedule()
  }
}

/**
 * The open requests of one connection. Behind the first few, each is answered when those before it have gone to the
 * system: so a client that does not read costs those few answers, and no more. Its socket is not read meanwhile.
 */
export class Pipeline {
  readonly #turns: Turns
  /** Those that nobody has looked at yet. While there are any, some are being answered or a turn is waited for. */
  #waiting: Answer[] = []
  #answeringCount = 0
  /** The socket that is not to be read, if any. */
  #held: Socket | undefined
  #watched: Socket | undefined
  #last: Answer | undefined
  #isClosed = false

  constructor(turns: Turns) {
    this.#turns = turns
  }

  get isEmpty(): boolean {
    return this.#answeringCount === 0 && this.#waiting.length === 0
  }

  /**
   * A request that came over `socket`. Each is followed by an `answered`, if the connection lasts. False where too many wait
   * already, whoever's they are: then the caller closes the connection.
   */
  ask(socket: Socket, answer: Answer): boolean {
    // node goes on with a packet whose connection was closed in the middle of it.
    if (this.#isClosed) return true
    if (this.#waiting.length === 0 && this.#answeringCount < MAX_AT_ONCE) {
      this.#answer(answer)
      return true
    }
    if (!this.#turns.tryWait()) return false
    this.#waiting.push(answer)
    this.#hold(socket)
    return true
  }

  /** A request that is answered when all others are, and none follows. */
  askLast(answer: Answer): void {
    if (this.isEmpty) this.#answer(answer)
    else this.#last = answer
  }

  /** For the turns. */
  answerNext(): void {
    const answer = this.#waiting.shift()
    if (answer === undefined) return
    this.#turns.waited(1)
    this.#answer(answer)
  }

  /** An answer has gone to the system. */
  answered(): void {
    this.#answeringCount--
    if (this.#answeringCount > 0) return
    if (this.#waiting.length > 0) {
      this.#turns.enter(this)
      return
    }
    this.#release()
    const last = this.#last
    this.#last = undefined
    if (last !== undefined) this.#answer(last)
  }

  /** The connection is no longer open: what waits is dropped. */
  close(): void {
    this.#isClosed = true
    this.#turns.waited(this.#waiting.length)
    this.#waiting = []
    this.#last = undefined
    this.#turns.leave(this)
  }

  #answer(answer: Answer): void {
    this.#answeringCount++
    answer()
  }

  #hold(socket: Socket): void {
    if (this.#held !== undefined) return
    this.#held = socket
    if (this.#watched !== socket) {
      this.#watched = socket
      // node resumes it by itself at the end of each request and of each answer.
      socket.on('resume', () => {
        if (this.#held === socket) socket.pause()
      })
    }
    socket.pause()
  }

  #release(): void {
    const socket = this.#held
    this.#held = undefined
    socket?.resume()
  }
}
