// The observers that one instance of the runtime has set: the current one, if it is among them, and those that are still
// being told of the last transitions of their terms. Belongs to that instance, in its thread.
import { AppliedListener } from '../memory/applied-listener.js'
import { journalCount } from '../memory/journal.js'
import {
  KIND_OBSERVER,
  OBSERVER_FUNCTION,
  OBSERVER_LEFT,
  OBSERVER_NONE,
  OBSERVER_WORKER,
  type Words,
} from '../memory/layout.js'
import { isThreadAttached, type MailboxTenant } from '../memory/mailbox.js'
import { hasManagerFailed } from '../memory/manager-state.js'
import { caughtUp, ObserverCounters, ownedKind } from '../memory/observer-counters.js'
import { HealthError } from '../model/errors.js'
import type { Attachment } from '../runtime/attachment.js'
import type { HealthHandle } from '../runtime/health-handle.js'
import type { HealthManager } from '../runtime/health-manager.js'
import type { RuntimeEvents } from '../runtime/runtime-events.js'
import type { ActorStats } from '../runtime/stats.js'
import { CallbackObserver } from './callback-observer.js'
import { FaultTeller } from './fault-teller.js'
import { beatMsFor } from './hang-watch.js'
import { ModuleObserver } from './module-observer.js'
import { LOOK_MS } from './observe-loop.js'
import type { ObserverSettings, TransitionObserver } from './observer-options.js'
import { ObserverProgress } from './observer-progress.js'
import { ObserverThread } from './observer-thread.js'
import type { RunningObserver } from './running-observer.js'
import { isTermApplied, noteTerm } from './term-journal.js'

const observersByRuntime = new WeakMap<HealthManager, Observers>()

/** Not part of the public index. */
export function observersOf(health: HealthManager): Observers | undefined {
  return observersByRuntime.get(health)
}

export class Observers {
  readonly #health: HealthManager
  readonly #attachment: Attachment
  readonly #handle: HealthHandle
  readonly #events: RuntimeEvents
  readonly #running = new Set<RunningObserver>()
  /** Settles when the calls before have set their observers. */
  #setting: Promise<void> | undefined
  /** Ticket of the last observer that was set here and not cleared. */
  #ticket: number | undefined

  constructor(
    health: HealthManager,
    attachment: Attachment,
    handle: HealthHandle,
    events: RuntimeEvents,
  ) {
    this.#health = health
    this.#attachment = attachment
    this.#handle = handle
    this.#events = events
    observersByRuntime.set(health, this)
  }

  /** The queue workers. */
  get actors(): readonly ActorStats[] {
    return [...this.#running].flatMap(({ actor }) => (actor === undefined ? [] : [actor]))
  }

  /**
   * Sets the observer; one call after the other. A function, or none, takes over before this returns, if no other call
   * is under way; a module when it is loaded.
   */
  async set(observer: TransitionObserver | URL | null, settings: ObserverSettings): Promise<void> {
    const ticket = await this.#inOrder(() => this.#set(observer, settings))
    await untilApplied(this.#attachment.words, ticket, this.#handle.publishTimeoutMs)
  }

  /** At once where no earlier call is under way. */
  #inOrder(set: () => number | Promise<number>): Promise<number> {
    const before = this.#setting
    const run = async () => set()
    const setting = before === undefined ? run() : before.then(run)
    const end = () => {
      if (this.#setting === settled) this.#setting = undefined
    }
    const settled: Promise<void> = setting.then(end, end)
    this.#setting = settled
    return setting
  }

  /** Gives the ticket of the record that sets it. */
  #set(
    observer: TransitionObserver | URL | null,
    settings: ObserverSettings,
  ): number | Promise<number> {
    if (observer === null) {
      this.#ticket = undefined
      return this.#attachment.control(KIND_OBSERVER, OBSERVER_NONE, 0)
    }
    return observer instanceof URL
      ? this.#setModule(observer.href, settings)
      : this.#setFunction(observer, settings)
  }

  #setFunction(observer: TransitionObserver, settings: ObserverSettings): number {
    const { region } = this.#attachment
    const notice = noteTerm(region.words)
    const ticket = this.#begin(OBSERVER_FUNCTION)
    const teller = new FaultTeller(
      (message, cause) =>
        this.#events.failed(new HealthError('ERR_HEALTH_OBSERVER', message, { cause })),
      () => performance.now(),
    )
    this.#keep(
      new CallbackObserver(region, ticket, notice, observer, settings, this.#health, teller),
    )
    return ticket
  }

  async #setModule(url: string, settings: ObserverSettings): Promise<number> {
    const { timeoutMs, concurrency, resourceLimits } = settings
    const { region } = this.#attachment
    const { restarts, workerBaseUrl } = this.#handle.observers
    const progress = new ObserverProgress()
    const events = this.#events
    const boot = {
      handle: this.#handle,
      url,
      progress: progress.buffer,
      beatMs: beatMsFor(timeoutMs),
    }
    const onFault = (error: Error) => events.failed(error as HealthError)
    const start = () =>
      ObserverThread.start({ region, resourceLimits, workerBaseUrl, boot, onFault })
    const first = await start()
    const notice = noteTerm(region.words)
    let ticket: number
    try {
      ticket = this.#begin(OBSERVER_WORKER)
    } catch (error) {
      await first.terminate()
      throw error
    }
    const options = { region, progress, restarts, events, timeoutMs, concurrency, start }
    this.#keep(new ModuleObserver(options, ticket, notice, first))
    return ticket
  }

  #begin(kind: number): number {
    const owned = ownedKind(kind, this.#attachment.index)
    const { owner } = this.#attachment.identity
    const ticket = this.#attachment.control(KIND_OBSERVER, owned, owner)
    // It is the ticket of who observes before anybody is set: once in 2^32, the next one is taken.
    if (ticket === 0) return this.#begin(kind)
    this.#ticket = ticket
    return ticket
  }

  #keep(observer: RunningObserver): void {
    this.#running.add(observer)
    void observer.ended.then(() => this.#running.delete(observer))
  }

  /**
   * Resolves when every observer that was set here is at its end, also those that are set meanwhile. Once there is a limit,
   * they end behind it.
   */
  async allEnded(limit: () => number | undefined): Promise<void> {
    const listener = new AppliedListener(this.#attachment.words)
    while (this.#setting !== undefined || this.#running.size > 0) {
      const heard = listener.listen()
      const end = limit()
      if (end !== undefined) for (const observer of this.#running) observer.finishAt(end)
      await Promise.race([
        listener.changed(heard, LOOK_MS),
        Promise.all([this.#setting, ...[...this.#running].map(({ ended }) => ended)]),
      ])
    }
  }

  /** Ends the term of the observer that was set here, if it still runs. Before the attachment is detached. */
  leave(): void {
    if (this.#ticket === undefined) return
    try {
      this.#attachment.control(KIND_OBSERVER, OBSERVER_LEFT, this.#ticket)
    } catch {
      // No room in the mailbox, or the runtime has stopped: then its term ends with what is journaled by now.
    }
  }

  /**
   * Has every observer that was set here told of what is journaled, and waits for those of other threads, too, where the
   * whole runtime stops. What is not done in time is left, counted and told.
   */
  async drain(isWholeRuntime: boolean): Promise<void> {
    const { words, region } = this.#attachment
    const deadlineMs = performance.now() + this.#handle.observers.drainMs
    // One that is still being loaded finds out that it comes too late.
    await within(this.#setting, deadlineMs)
    const running = [...this.#running]
    if (isWholeRuntime) {
      const count = journalCount(words)
      for (const observer of running) observer.finishAt(count)
    }
    await within(Promise.all(running.map(({ ended }) => ended)), deadlineMs)
    if (isWholeRuntime) {
      // By its owner: another thread may have the mailbox of one that was terminated.
      const isAttached = (tenant: MailboxTenant) =>
        tenant.mailbox !== this.#attachment.index && isThreadAttached(region, tenant)
      await caughtUp(words, isAttached, deadlineMs)
    }
    const left = await Promise.all([...this.#running].map((observer) => observer.abandon()))
    this.#tellLeft(left.reduce((sum, each) => sum + each, 0))
  }

  #tellLeft(left: number): void {
    if (left === 0) return
    new ObserverCounters(this.#attachment.words, 0).missed(left)
    this.#events.failed(
      new HealthError(
        'ERR_HEALTH_OBSERVER',
        `the stop has left transitions untold: missed=${left} observerDrainMs=${this.#handle.observers.drainMs}`,
      ),
    )
  }
}

/**
 * Waits until the record with this ticket, or a later one about observers, is applied.
 * @throws HealthError `ERR_HEALTH_UNAVAILABLE`
 */
async function untilApplied(words: Words, ticket: number, timeoutMs: number): Promise<void> {
  const listener = new AppliedListener(words)
  const deadlineMs = performance.now() + timeoutMs
  // A pending wait does not keep the process alive, and whoever awaits this must not be left.
  const keepAlive = setInterval(() => {}, 1 << 30)
  try {
    for (;;) {
      const heard = listener.listen()
      if (isTermApplied(words, ticket)) return
      const leftMs = deadlineMs - performance.now()
      if (leftMs > 0 && !hasManagerFailed(words)) {
        await listener.changed(heard, Math.min(leftMs, SLICE_MS))
        continue
      }
      const why = leftMs > 0 ? 'the manager actor was given up' : `publishTimeoutMs=${timeoutMs}`
      throw new HealthError('ERR_HEALTH_UNAVAILABLE', `${why}: the observer is not set yet`)
    }
  } finally {
    clearInterval(keepAlive)
  }
}

/** Looks again this often, in ms, should the wake be lost with its manager. */
const SLICE_MS = 20

async function within(work: Promise<unknown> | undefined, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, deadlineMs - performance.now()))
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}
