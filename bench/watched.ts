// One subject of the visibility benches: somebody who tells changes, and a reader in another thread that looks for them
// without pause. The same reader for all who are asked the same way.
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { type MessagePort, Worker } from 'node:worker_threads'
import { check } from './fixtures.js'
import type { Subject } from './harness.js'
import { Sighting } from './sighting.js'
import type { ReaderSeat, Where } from './visibility-reader.js'

/** Long enough for whoever waits for an update to park. The Go peer waits as long before its own. */
export const IDLE_MS = 3
export const GIVE_UP_MS = 5_000
export const WARM_UP_CHANGES = 30

/** Tells changes of the component that the reader looks at. It is healthy at first. */
export interface Teller {
  readonly name: string
  readonly where: Where
  /** Changes it at once; gives when that began, in process-wide ns, which may arrive later. */
  tell(isUnhealthy: boolean): number | Promise<number>
  /** Resolves when what was told is there to be seen, where that is not so at once. */
  settle?(): Promise<void>
  /** The reader is answered by this thread's loop, so that must not be blocked. */
  readonly answersOnThisLoop?: boolean
  stop(): Promise<void>
}

export class Watched implements Subject {
  readonly name: string
  readonly #teller: Teller
  readonly #reader: Worker
  readonly #sighting = new Sighting()
  #isUnhealthy = false

  constructor(teller: Teller) {
    const { name, where } = teller
    this.name = name
    this.#teller = teller
    const seat: ReaderSeat = { where, sighting: this.#sighting.buffer }
    const ports: MessagePort[] = 'comlink' in where ? [where.comlink] : []
    this.#reader = new Worker(new URL('./visibility-reader.js', import.meta.url), {
      workerData: seat,
      transferList: ports,
    })
  }

  async warmUp(): Promise<void> {
    for (let i = 0; i < WARM_UP_CHANGES; i++) await this.sample()
  }

  /** From before the update until the reader saw the change, in µs. The reader looks from before that on. */
  async sample(): Promise<number> {
    this.#isUnhealthy = !this.#isUnhealthy
    this.#reader.postMessage({ isUnhealthy: this.#isUnhealthy })
    await once(this.#reader, 'message')
    await delay(IDLE_MS)
    const telling = this.#teller.tell(this.#isUnhealthy)
    // Blocks at once where it may: on a machine of two cores the others need the one that this thread is on.
    const seenNs = this.#teller.answersOnThisLoop
      ? await this.#sighting.awaitOnLoop(GIVE_UP_MS)
      : this.#sighting.await(GIVE_UP_MS)
    check(seenNs !== undefined, `a change of ${this.name} was never seen`)
    const toldNs = await telling
    check(seenNs >= toldNs, `${this.name} showed a change before it was told`)
    return (seenNs - toldNs) / 1000
  }

  async stop(): Promise<void> {
    this.#reader.postMessage('stop')
    await once(this.#reader, 'exit')
    await this.#teller.stop()
  }
}
