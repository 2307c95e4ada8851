// Threads that report as fast as they can: each has a component of its own and makes every update a transition. For the
// process of our server.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { HealthHandle, HealthManager } from '../src/index.js'

/** What a producer's worker is given. */
export interface ProducerSeat {
  readonly handle: HealthHandle
  readonly component: string
  /** Word 0: 1 once it is to stop. Word 1: updates told by all, added in batches. */
  readonly board: SharedArrayBuffer
}

export class Producers {
  readonly #workers: readonly Worker[]
  readonly #board: Int32Array

  private constructor(workers: readonly Worker[], board: Int32Array) {
    this.#workers = workers
    this.#board = board
  }

  /** Resolves when all of them report. */
  static async start(health: HealthManager, components: readonly string[]): Promise<Producers> {
    const board = new SharedArrayBuffer(8)
    const entry = new URL('./saturating-producer.js', import.meta.url)
    const workers = components.map((component) => {
      const seat: ProducerSeat = { handle: health.handle(), component, board }
      return new Worker(entry, { workerData: seat })
    })
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    return new Producers(workers, new Int32Array(board))
  }

  /** The updates that they have told in all. */
  async stop(): Promise<number> {
    const ended = Promise.all(this.#workers.map((worker) => once(worker, 'exit')))
    Atomics.store(this.#board, 0, 1)
    await ended
    return Atomics.load(this.#board, 1)
  }
}
