// A thread that is started again when it dies, within limits: of a HealthServer, or of a HeartbeatReporter. Host thread only.
import { setTimeout as delay } from 'node:timers/promises'
import { HealthError } from '../model/errors.js'
import { type ActorExit, endedError } from './actor-handle.js'
import { RestartIntensity, type RestartLimits } from './restart-intensity.js'
import type { ActorState, ActorStats } from './stats.js'

/** One life of the thread. */
export interface ThreadLife {
  /** Resolves when it has ended, asked or not. Never rejects. */
  readonly exited: Promise<ActorExit>
  close(): Promise<void>
}

export interface ThreadPlan<Life extends ThreadLife> {
  /** As in the runtime's stats. */
  readonly name: string
  /** Whose thread it is, for who waits for its start in vain. */
  readonly owner: 'server' | 'reporter'
  readonly limits: RestartLimits
  /** Begins the first life, or the one after `former`. */
  begin(former: Life | undefined, restarts: number): Promise<Life>
  /** Throws where nobody wants it any more, though it was not stopped. */
  checkWanted?(): void
  /** Told of its state, whenever that changes. */
  onState?(state: ActorState): void
  /** Another life has begun; the one before died of `cause`. */
  onRestart?(cause: HealthError): void
  /** It was given up. */
  onFailed(cause: HealthError, last: Life): void
}

export class KeptThread<Life extends ThreadLife> {
  readonly #plan: ThreadPlan<Life>
  readonly #intensity: RestartIntensity
  readonly #stopping = new AbortController()
  #state: ActorState = 'stopped'
  #restarts = 0
  #life: Life | undefined
  #started: Promise<Life> | undefined
  #restarted: Promise<void> | undefined

  constructor(plan: ThreadPlan<Life>) {
    this.#plan = plan
    this.#intensity = new RestartIntensity(plan.limits)
  }

  get actor(): ActorStats {
    return { name: this.#plan.name, state: this.#state, restarts: this.#restarts }
  }

  /** The life that was last begun. */
  get life(): Life | undefined {
    return this.#life
  }

  /** Once; after a failure, again. @throws what the plan throws. */
  start(): Promise<Life> {
    this.#started = this.#begin(undefined, 0)
    return this.#started
  }

  /** From now on it is not started again. */
  abandon(): void {
    this.#stopping.abort()
  }

  /** Ends it, also one that is on its way. Rejects as its life does. */
  async stop(): Promise<void> {
    this.abandon()
    // Whichever is on its way sees the abort, and cleans up after itself.
    await Promise.allSettled([this.#started, this.#restarted])
    try {
      await this.#life?.close()
    } finally {
      this.#become('stopped')
    }
  }

  #become(state: ActorState): void {
    this.#state = state
    this.#plan.onState?.(state)
  }

  async #begin(former: Life | undefined, restarts: number): Promise<Life> {
    const life = await this.#plan.begin(former, restarts)
    try {
      if (this.#stopping.signal.aborted) {
        const { owner } = this.#plan
        throw new HealthError('ERR_HEALTH_STOPPED', `the ${owner} was stopped while it started`)
      }
      this.#plan.checkWanted?.()
    } catch (error) {
      await life.close()
      throw error
    }
    this.#life = life
    this.#become('running')
    void life.exited.then((exit) => {
      if (!this.#stopping.signal.aborted) this.#restarted = this.#restart(life, exit)
    })
    return life
  }

  async #restart(former: Life, exit: ActorExit): Promise<void> {
    let cause = endedError(this.#plan.name, exit)
    this.#become('restarting')
    for (;;) {
      const delayMs = this.#intensity.tryGrant(performance.now())
      if (delayMs === undefined) {
        this.#become('failed')
        this.#plan.onFailed(cause, former)
        return
      }
      try {
        await delay(delayMs, undefined, { signal: this.#stopping.signal })
        await this.#begin(former, this.#restarts + 1)
      } catch (failure) {
        if (this.#stopping.signal.aborted) return
        cause = failure instanceof HealthError ? failure : cause
        continue
      }
      this.#restarts++
      this.#plan.onRestart?.(cause)
      return
    }
  }
}
