// The floor of ours in the visibility rows: a thread parked by Atomics.waitAsync, as the manager actor parks, that does
// nothing but say when it woke.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Sighting } from '../sighting.js'

/** What the thread is given. It waits on the bell's one word. */
export interface BareWakeSeat {
  readonly bell: SharedArrayBuffer
  readonly sighting: SharedArrayBuffer
}

export class BareWake {
  readonly #bell = new Int32Array(new SharedArrayBuffer(4))
  readonly #sighting = new Sighting()
  readonly #worker: Worker

  private constructor() {
    const seat: BareWakeSeat = { bell: this.#bell.buffer, sighting: this.#sighting.buffer }
    this.#worker = new Worker(new URL('./bare-wake-thread.js', import.meta.url), {
      workerData: seat,
    })
  }

  static async start(): Promise<BareWake> {
    const thread = new BareWake()
    await once(thread.#worker, 'message')
    return thread
  }

  /** Rings, and blocks this thread until the other one runs; when that was, undefined if it was not in time. */
  wake(timeoutMs: number): number | undefined {
    Atomics.add(this.#bell, 0, 1)
    Atomics.notify(this.#bell, 0)
    return this.#sighting.await(timeoutMs)
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}
