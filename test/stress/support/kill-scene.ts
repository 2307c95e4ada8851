// What the kill tests have in common: a runtime under load, with producers, a reader that verifies every answer,
// an auditor of the journal and a watcher of the producers' progress. Host thread only.
import type { TestContext } from 'node:test'
import type { HealthManager } from '../../../src/index.js'
import type { Audited } from './auditor.js'
import { Board } from './board.js'
import type { ProducerOrders } from './producer.js'
import { startThread, type Thread } from './threads.js'

/** What the names of components with evidence begin with. */
export const EVIDENCE_PREFIX = 'data-'

export interface Producer {
  readonly thread: Thread
  readonly number: number
  readonly place: number
  readonly component: string
  /** The component that it is adopted with, where it is. */
  readonly life: string | undefined
}

export class KillScene {
  readonly board = new Board()
  readonly #t: TestContext
  readonly #health: HealthManager
  readonly #watchers: Thread[] = []
  readonly #auditor: Thread
  #hired = 0

  constructor(t: TestContext, health: HealthManager, places: number) {
    this.#t = t
    this.#health = health
    const board = this.board.buffer
    const orders = { handle: health.handle(), board, prefix: EVIDENCE_PREFIX }
    this.#auditor = startThread(t, './auditor.js', orders)
    this.#watchers.push(startThread(t, './reader.js', orders))
    this.#watchers.push(startThread(t, './watcher.js', { buffer: board, places }))
    // Registered last, so run first: threads that are blocked in a loop end before they are terminated.
    t.after(() => this.board.stop())
  }

  /** Starts a producer at `place`; with `isAdopted`, its life is tied to a component of its own. */
  hire(place: number, isAdopted: boolean): Producer {
    const number = this.#hired++
    const component = `${EVIDENCE_PREFIX}${number}`
    const life = isAdopted ? `life-${number}` : undefined
    const orders: ProducerOrders = {
      handle: this.#health.handle(),
      board: this.board.buffer,
      producer: number,
      place,
      component,
      ...(life !== undefined && { life }),
    }
    if (life !== undefined) this.#health.register(life)
    const thread = startThread(this.#t, './producer.js', orders)
    if (life !== undefined) this.#health.adopt(thread.worker, { component: life })
    return { thread, number, place, component, life }
  }

  /** Whether the producer has begun to report; rejects if it failed instead. */
  async waitUntilReporting({ thread, number, place }: Producer): Promise<void> {
    while (this.board.producerAt(place) !== number || this.board.progressOf(number) === 0) {
      await Promise.race([thread.exited, new Promise((resolve) => setTimeout(resolve, 1))])
    }
  }

  /** Resolves when each of the producers has got an update through from now on; rejects if one failed instead. */
  async waitForProgress(producers: readonly Producer[]): Promise<void> {
    const before = producers.map(({ number }) => this.board.progressOf(number))
    for (const [i, { thread, number }] of producers.entries()) {
      while (this.board.progressOf(number) === before[i]) {
        await Promise.race([thread.exited, new Promise((resolve) => setTimeout(resolve, 1))])
      }
    }
  }

  /** Fails if one of the threads that watch has failed, which stays unnoticed otherwise until the end. */
  async checkWatchers(): Promise<void> {
    const pending = Symbol('pending')
    for (const { exited } of [...this.#watchers, this.#auditor]) {
      if ((await Promise.race([exited, Promise.resolve(pending)])) !== pending) {
        throw new Error('a thread that watches has ended before the test')
      }
    }
  }

  /** Ends all loops and waits for their threads; then the journal's count is final. */
  async end(producers: readonly Producer[]): Promise<Audited> {
    this.board.stop()
    await Promise.all(producers.map(({ thread }) => thread.exited))
    await Promise.all(this.#watchers.map(({ exited }) => exited))
    // A flush is for the caller's own reports; here everybody's count, also of those who are gone.
    while ((await this.#health.stats()).mailboxes.some(({ depthBytes }) => depthBytes > 0)) {
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    this.#auditor.worker.postMessage('finish')
    return (await this.#auditor.next()) as Audited
  }
}
