// An observer that is a module: runs in a queue worker, which the thread that has set it supervises. The worker reads the
// journal by itself; its host only starts it, watches its beat, and starts it again where it dies or hangs.
import { setTimeout as delay } from 'node:timers/promises'
import { AppliedListener } from '../memory/applied-listener.js'
import { ObserverCounters } from '../memory/observer-counters.js'
import type { Region } from '../memory/region.js'
import { HealthError } from '../model/errors.js'
import type { ActorExit } from '../runtime/actor-handle.js'
import { RestartIntensity, type RestartLimits } from '../runtime/restart-intensity.js'
import type { RuntimeEvents } from '../runtime/runtime-events.js'
import type { ActorState, ActorStats } from '../runtime/stats.js'
import { HangWatch } from './hang-watch.js'
import { LOOK_MS } from './observe-loop.js'
import type { CallSettings } from './observer-options.js'
import type { ObserverProgress } from './observer-progress.js'
import type { ObserverThread } from './observer-thread.js'
import { awaitTerm, type RunningObserver } from './running-observer.js'
import {
  isRuntimeStopped,
  isTermOver,
  type OwnTerm,
  type TermNotice,
  untold,
} from './term-journal.js'

/** A transition over which the worker dies or hangs so many times is given up. */
const MAX_ATTEMPTS = 2

export interface ModuleObserverOptions extends CallSettings {
  readonly region: Region
  readonly progress: ObserverProgress
  readonly restarts: RestartLimits
  readonly events: RuntimeEvents
  /** Starts a worker that has loaded the module. */
  start(): Promise<ObserverThread>
}

export class ModuleObserver implements RunningObserver {
  readonly ended: Promise<void>
  readonly #options: ModuleObserverOptions
  readonly #listener: AppliedListener
  readonly #intensity: RestartIntensity
  readonly #abandoned = new AbortController()
  #state: ActorState = 'running'
  #restarts = 0
  #thread: ObserverThread
  #term: OwnTerm | undefined
  /** The transition over which the worker has died last, and how often. */
  #suspect = 0
  #attempts = 0

  /** Begins when the record with this ticket has begun its term; `first` has loaded the module already. */
  constructor(
    options: ModuleObserverOptions,
    ticket: number,
    notice: TermNotice,
    first: ObserverThread,
  ) {
    this.#options = options
    this.#listener = new AppliedListener(options.region.words)
    this.#intensity = new RestartIntensity(options.restarts)
    this.#thread = first
    this.ended = this.#run(ticket, notice)
  }

  get actor(): ActorStats {
    return { name: 'observer', state: this.#state, restarts: this.#restarts }
  }

  finishAt(number: number): void {
    this.#options.progress.limit = number
    this.#listener.wakeAll()
  }

  async abandon(): Promise<number> {
    const { region, progress } = this.#options
    this.#abandoned.abort()
    this.#listener.wakeAll()
    await this.#thread.terminate()
    await this.ended
    if (this.#term === undefined) return 0
    return untold(region.words, this.#term, progress.cursor, progress.limit)
  }

  get #isAbandoned(): boolean {
    return this.#abandoned.signal.aborted
  }

  async #run(ticket: number, notice: TermNotice): Promise<void> {
    const { region, progress } = this.#options
    const isAbandoned = () => this.#isAbandoned
    const term = await awaitTerm(region.words, ticket, notice, this.#listener, isAbandoned)
    if (term !== undefined && !this.#isAbandoned) {
      progress.cursor = term.since
      this.#term = term
      await this.#observe(term, new ObserverCounters(region.words, term.ticket))
    }
    await this.#thread.terminate()
    if (this.#state === 'failed' && term !== undefined) await this.#sitOut(term)
    this.#state = 'stopped'
  }

  /** Given up: the rest of its term is told to nobody. */
  async #sitOut(term: OwnTerm): Promise<void> {
    const { region, progress } = this.#options
    const { words } = region
    for (;;) {
      const heard = this.#listener.listen()
      if (this.#isAbandoned) return
      const isOver = isRuntimeStopped(words) || progress.limit !== undefined
      if (isOver || isTermOver(words, term)) break
      await this.#listener.changed(heard, LOOK_MS)
    }
    const missed = untold(words, term, progress.cursor, progress.limit)
    if (missed > 0) new ObserverCounters(words, term.ticket).missed(missed)
  }

  /** Life after life, until the term is over or it is given up. */
  async #observe(term: OwnTerm, counters: ObserverCounters): Promise<void> {
    const { progress, timeoutMs, concurrency } = this.#options
    for (;;) {
      const thread = this.#thread
      const watch = new HangWatch(progress, timeoutMs, () => void thread.terminate())
      await thread.begin({ term, timeoutMs, concurrency, soloUpTo: progress.started })
      const end = await thread.end
      watch.stop()
      if (end.kind === 'ended' || this.#isAbandoned) return
      // Before a successor attaches.
      await thread.terminate()
      this.#judge(counters, watch.hasHung, end)
      if (!(await this.#restart(counters, watch.hasHung, end))) return
    }
  }

  /** Gives a transition up that the worker dies of again and again, so that the ones behind it are told. */
  #judge(counters: ObserverCounters, hasHung: boolean, { code, error }: ActorExit): void {
    const { progress, events } = this.#options
    const { cursor, gapEnd } = progress
    const isInGap = gapEnd > cursor
    // Nothing was under way: it has died of something else.
    if (!isInGap && progress.started <= cursor) return
    this.#attempts = this.#suspect === cursor + 1 ? this.#attempts + 1 : 1
    this.#suspect = cursor + 1
    if (this.#attempts < MAX_ATTEMPTS) return
    if (isInGap) counters.missed(gapEnd - cursor)
    else counters.delivered()
    if (hasHung) counters.timedOut()
    else counters.failed()
    progress.cursor = isInGap ? gapEnd : cursor + 1
    counters.doneUpTo(progress.cursor)
    const how = hasHung ? 'hangs' : 'dies'
    events.failed(
      new HealthError(
        'ERR_HEALTH_OBSERVER',
        `the queue worker ${how} over a transition, which is given up: number=${progress.cursor} attempts=${this.#attempts} exitCode=${code}`,
        error && { cause: error },
      ),
    )
  }

  /** Rejects once it is abandoned: a module that hangs while it is loaded must not hold up the stop. */
  async #started(): Promise<ObserverThread> {
    const { signal } = this.#abandoned
    const starting = this.#options.start()
    let abandon = () => {}
    const abandoned = new Promise<never>((_, reject) => {
      abandon = () => reject(signal.reason)
      signal.addEventListener('abort', abandon, { once: true })
    })
    try {
      return await Promise.race([starting, abandoned])
    } catch (error) {
      // One that comes late has nobody to observe for; one that does not come has ended itself.
      starting.then(
        (late) => late.terminate(),
        () => {},
      )
      throw error
    } finally {
      signal.removeEventListener('abort', abandon)
    }
  }

  /** False where it was given up, or the runtime stops. */
  async #restart(counters: ObserverCounters, hasHung: boolean, exit: ActorExit): Promise<boolean> {
    const { events, restarts } = this.#options
    let death: ActorExit = exit
    this.#state = 'restarting'
    for (;;) {
      const delayMs = this.#intensity.tryGrant(performance.now())
      if (delayMs === undefined) {
        this.#state = 'failed'
        const why = hasHung ? ' hasHung=true' : ` exitCode=${death.code}`
        events.failed(
          new HealthError(
            'ERR_HEALTH_OBSERVER',
            `the queue worker died too often and is not restarted any more, transitions are observed by nobody: restarts.max=${restarts.max} restarts.withinMs=${restarts.withinMs}${why}`,
            death.error && { cause: death.error },
          ),
        )
        return false
      }
      try {
        await delay(delayMs, undefined, { ref: false, signal: this.#abandoned.signal })
        this.#thread = await this.#started()
      } catch (error) {
        if (this.#isAbandoned) return false
        death = { code: 1, error: error as Error }
        continue
      }
      this.#state = 'running'
      this.#restarts++
      counters.restarted()
      events.restarted({
        actor: 'observer',
        restarts: this.#restarts,
        exitCode: death.code,
        error: death.error,
      })
      return !this.#isAbandoned
    }
  }
}
