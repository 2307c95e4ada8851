// One life of a queue worker, seen from its host: a Piscina pool of one thread. A restart is another ObserverThread.
// Piscina is loaded with the first of them. Host thread only.
import type { ResourceLimits, Worker } from 'node:worker_threads'
import type { Piscina } from 'piscina'
import type { Region } from '../memory/region.js'
import { HealthError } from '../model/errors.js'
import { type ActorExit, actorEntryUrl } from '../runtime/actor-handle.js'
import type { ActorReply } from '../runtime/actor-protocol.js'
import { fromEnvelope } from '../runtime/error-envelope.js'
import { abandonMailboxesOf } from '../runtime/mailbox-claims.js'
import type { ObserverBoot, ObserverMessage, ObserverOrder } from './queue-worker.js'

/** The thread starts, and the module is loaded, in far less, unless the module hangs. */
const LOAD_DEADLINE_MS = 10_000

/** How a life has ended: at the end of the observer's term, or by itself. */
export type ThreadEnd = { readonly kind: 'ended' } | ({ readonly kind: 'died' } & ActorExit)

type ObserverPool = Piscina<ObserverBoot | ObserverOrder, ActorReply | undefined>

export interface ObserverThreadOptions {
  readonly region: Region
  readonly boot: ObserverBoot
  readonly resourceLimits: ResourceLimits
  readonly workerBaseUrl: string | undefined
  onFault(error: Error): void
}

export class ObserverThread {
  /** Resolves when it has come to the end of its term, or has died. Never rejects. */
  readonly end: Promise<ThreadEnd>
  readonly #pool: ObserverPool
  readonly #region: Region
  readonly #threadId: number
  #terminated: Promise<void> | undefined

  /**
   * Resolves when the module is loaded.
   * @throws HealthError `ERR_HEALTH_ARGUMENT` if it can't be, `ERR_HEALTH_UNAVAILABLE` if the thread dies over it or
   * takes too long; what `HealthManager.attach` throws.
   */
  static async start(options: ObserverThreadOptions): Promise<ObserverThread> {
    const { Piscina } = await import('piscina')
    const pool: ObserverPool = new Piscina({
      filename: actorEntryUrl('observer.js', options.workerBaseUrl).href,
      // None is started anew unasked: how often that may be is for the host to say.
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      // Between two tasks the thread goes on observing, so it must not wait for the next one with all it has.
      atomics: 'disabled',
      // As for the other actors.
      execArgv: [],
      resourceLimits: options.resourceLimits,
    })
    // What it dies of is told by its thread, and by the task that it leaves; without a listener it would end the host.
    pool.on('error', () => {})
    let threadId = -1
    pool.on('workerCreate', () => {
      threadId = pool.threads[0]?.threadId ?? -1
    })
    try {
      await load(pool, options.boot)
      return new ObserverThread(pool, options)
    } catch (error) {
      await pool.destroy()
      if (threadId !== -1) abandonMailboxesOf(options.region, threadId)
      throw error
    }
  }

  private constructor(pool: ObserverPool, { region, onFault }: ObserverThreadOptions) {
    this.#pool = pool
    this.#region = region
    const [thread] = pool.threads
    // It was there when it answered; what ends it after that is an event of a later turn.
    if (thread === undefined) throw new Error('the pool has no thread')
    this.#threadId = thread.threadId
    this.end = this.#watch(thread, onFault)
  }

  /** Has it read the journal from its cursor on. */
  async begin(order: ObserverOrder): Promise<void> {
    try {
      await this.#pool.run(order, { name: 'begin' })
    } catch {
      // It has died; `end` says of what.
    }
  }

  /** Ends the thread wherever it is, and gives its mailboxes back. Idempotent. */
  terminate(): Promise<void> {
    this.#terminated ??= this.#terminate()
    return this.#terminated
  }

  async #terminate(): Promise<void> {
    await this.#pool.destroy()
    // Not before: a mailbox has one producer at a time.
    abandonMailboxesOf(this.#region, this.#threadId)
  }

  #watch(thread: Worker, onFault: (error: Error) => void): Promise<ThreadEnd> {
    return new Promise((resolve) => {
      let uncaught: Error | undefined
      thread.on('error', (error) => {
        uncaught = error as Error
      })
      thread.once('exit', (code) =>
        resolve({ kind: 'died', code, ...(uncaught && { error: uncaught }) }),
      )
      this.#pool.on('message', (message: ObserverMessage) => {
        if (message.kind === 'ended') resolve({ kind: 'ended' })
        else onFault(fromEnvelope(message.error))
      })
    })
  }
}

async function load(pool: ObserverPool, boot: ObserverBoot): Promise<void> {
  const unavailable = (why: string, cause?: unknown) =>
    new HealthError(
      'ERR_HEALTH_UNAVAILABLE',
      `the queue worker ${why}: observer=${JSON.stringify(boot.url)}`,
      cause === undefined ? undefined : { cause },
    )
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const fail = () => reject(unavailable(`was not ready in ${LOAD_DEADLINE_MS} ms`))
    timer = setTimeout(fail, LOAD_DEADLINE_MS)
  })
  const loaded = pool.run(boot, { name: 'load' }).catch((cause: unknown) => {
    throw unavailable('has ended before it was ready', cause)
  })
  try {
    const reply = await Promise.race([loaded, late])
    if (reply?.ok === false) throw fromEnvelope(reply.error)
  } finally {
    clearTimeout(timer)
    // After the deadline nobody waits for it any more.
    loaded.catch(() => {})
  }
}
