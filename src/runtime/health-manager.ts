// The public face of the runtime, in the thread that started it and in every thread that attached to it.
import { threadId, type Worker } from 'node:worker_threads'
import { createRegion, type Region } from '../memory/region.js'
import { encodeText } from '../memory/text.js'
import { checkName, MAX_NAME_BYTES, type MetadataInput } from '../model/arguments.js'
import { Component } from '../model/component.js'
import { type ComponentOptions, rulesOf } from '../model/component-rules.js'
import { argumentError, type HealthError } from '../model/errors.js'
import { HealthStatus } from '../model/health-status.js'
import { sumOf } from '../model/probe-stats.js'
import type { Gap, Transition } from '../model/transition.js'
import {
  type ObserverOptions,
  resolveObserverOptions,
  type TransitionObserver,
} from '../observe/observer-options.js'
import { Observers } from '../observe/observers.js'
import { isRuntimeStopped } from '../observe/term-journal.js'
import {
  checkTransitionsOptions,
  iterateTransitions,
  type TransitionsOptions,
} from '../observe/transition-iterator.js'
import { type EventLoopWatchOptions, eventLoopSettings } from '../watch/event-loop-options.js'
import type { EventLoopWatch } from '../watch/event-loop-watch.js'
import { EventLoopWatches } from '../watch/event-loop-watches.js'
import type { ActorExit } from './actor-handle.js'
import { adoptWorker } from './adoption.js'
import { Attachment } from './attachment.js'
import type { ComponentReporter } from './component-reporter.js'
import { Components } from './components.js'
import { offerManagerTermination } from './faults.js'
import { flush } from './flush.js'
import { HealthControls } from './health-controls.js'
import { type HealthHandle, openHandle } from './health-handle.js'
import { HealthReader } from './health-reader.js'
import { type HealthManagerOptions, resolveOptions } from './options.js'
import { type RestartEvent, RuntimeEvents } from './runtime-events.js'
import { serversOf, stopServers } from './servers.js'
import { type RuntimeStats, readStats } from './stats.js'
import { Supervisor } from './supervisor.js'
import { onThreadExit } from './thread-exit.js'

/**
 * Keeps the health of a program's components. Start one in any thread, attach to it from the others. Every method may
 * be called from the thread that holds the instance, none waits for another thread's event loop.
 */
export class HealthManager extends HealthControls {
  readonly #handle: HealthHandle
  readonly #region: Region
  readonly #attachment: Attachment
  readonly #reader: HealthReader
  readonly #components: Components
  readonly #events = new RuntimeEvents()
  readonly #observers: Observers
  readonly #watches: EventLoopWatches
  #supervisor: Supervisor | undefined
  #stopping: Promise<void> | undefined
  readonly #forgetThreadExit: () => void

  private constructor(region: Region, handle: HealthHandle) {
    const { policy, publishTimeoutMs, readTimeoutMs } = handle
    const reader = new HealthReader(region, policy, readTimeoutMs)
    // Behind that: a mailbox that was claimed for an instance that did not come to be would never be given back.
    const attachment = new Attachment(region, threadId, publishTimeoutMs, readTimeoutMs)
    super(attachment, reader)
    this.#region = region
    this.#handle = handle
    this.#reader = reader
    this.#attachment = attachment
    this.#components = new Components(this.#attachment, publishTimeoutMs)
    this.#watches = new EventLoopWatches(this.#attachment, (name, rules) =>
      this.#components.register(name, rules),
    )
    this.#observers = new Observers(this, this.#attachment, handle, this.#events)
    // A worker may end without a stop, and its mailbox is for the next one. Of one that is terminated `adopt` tells.
    this.#forgetThreadExit = onThreadExit(() => {
      this.#observers.leave()
      this.#attachment.detach()
    })
  }

  /**
   * Starts a runtime: allocates its memory and spawns the manager actor, which this thread supervises.
   * @throws HealthError `ERR_HEALTH_ARGUMENT` for an option out of range, `ERR_HEALTH_UNAVAILABLE` if the actor does not come up.
   */
  static async start(options?: HealthManagerOptions): Promise<HealthManager> {
    const settings = resolveOptions(options)
    const region = createRegion(settings)
    const manager = new HealthManager(region, {
      region: region.words.buffer,
      policy: settings.policy,
      publishTimeoutMs: settings.publishTimeoutMs,
      readTimeoutMs: settings.readTimeoutMs,
      observers: {
        drainMs: settings.observerDrainMs,
        restarts: settings.restarts,
        workerBaseUrl: settings.workerBaseUrl,
      },
    })
    const events = {
      onRestart: (actor: string, restarts: number, { code, error }: ActorExit) =>
        manager.#events.restarted({ actor, restarts, exitCode: code, error }),
      onError: (error: HealthError) => manager.#events.failed(error),
    }
    const { policy, restarts, workerBaseUrl, memoryPressure } = settings
    if (memoryPressure !== undefined) {
      // Applied by the manager before all else, so that its watch, which can't wait for itself, finds the component.
      manager.#attachment.register(encodeText(Component.MemoryPressure, MAX_NAME_BYTES))
    }
    const supervisor = new Supervisor(
      region,
      { policy, memoryPressure },
      restarts,
      events,
      workerBaseUrl,
    )
    await supervisor.start()
    manager.#supervisor = supervisor
    offerManagerTermination(manager, () => supervisor.terminateManager())
    return manager
  }

  /**
   * Joins a runtime that another thread has started; shares all its state. A worker that ends by itself detaches as by
   * `stop`: what it reports in an `exit` listener of its own that was added later than this throws. For one that may be
   * terminated from outside use `adopt`, or its mailbox is never given to another.
   * @throws HealthError `ERR_HEALTH_ARGUMENT` if the handle is none, `ERR_HEALTH_LAYOUT` if it is of another version,
   * `ERR_HEALTH_CAPACITY` if `maxThreads` are attached, `ERR_HEALTH_STOPPED` after the stop.
   */
  static attach(handle: HealthHandle): HealthManager {
    const opened = openHandle(handle)
    return new HealthManager(opened.region, opened.handle)
  }

  /**
   * What another thread needs to attach; send it by `workerData` or `postMessage`.
   * @throws HealthError `ERR_HEALTH_STOPPED`
   */
  handle(): HealthHandle {
    this.#attachment.checkRunning()
    return this.#handle
  }

  /**
   * Ties a worker's life to this runtime: when it exits, its mailboxes are freed, and its component, if it is still
   * registered, becomes unhealthy with the exit code in the message. A worker that means to end deregisters it first.
   * @throws HealthError `ERR_HEALTH_ARGUMENT`, also for a worker that has exited already; `ERR_HEALTH_STOPPED`
   */
  adopt(worker: Worker, options: { component?: string } = {}): void {
    this.#attachment.checkRunning()
    adoptWorker(worker, options, this.#region, (component, exitCode) => {
      if (this.#stopping !== undefined) return
      try {
        this.updateStatus(component, HealthStatus.Unhealthy, `worker exited with code ${exitCode}`)
      } catch (error) {
        // There is no caller to throw at.
        this.#events.failed(error as HealthError)
      }
    })
  }

  /**
   * Registers a component, unspecified and with neither message nor metadata until its first update. A name that is
   * registered already is left as it is, with the options of its first registration. Waits until the manager has entered it.
   * @throws HealthError `ERR_HEALTH_ARGUMENT`, `ERR_HEALTH_CAPACITY` if `maxComponents` are registered,
   * `ERR_HEALTH_UNAVAILABLE` if the manager did not get to it within `publishTimeoutMs` (it still will) or was given up
   * (then only the stop does), `ERR_HEALTH_BACKPRESSURE` if there was no room in this thread's mailbox all that time,
   * `ERR_HEALTH_STOPPED`.
   */
  register(name: string, options?: ComponentOptions): ComponentReporter {
    checkName(name)
    const rules = rulesOf(options)
    this.#attachment.checkRunning()
    return this.#components.register(name, rules)
  }

  /**
   * Removes a component; nothing happens, but that it is counted, if the name is not registered.
   * @throws HealthError as `ComponentReporter.update`.
   */
  deregister(name: string): void {
    checkName(name)
    this.#attachment.checkRunning()
    this.#components.deregister(name)
  }

  /** `ComponentReporter.update` by name; throws the same. */
  updateStatus(
    name: string,
    status: HealthStatus,
    message: string,
    metadata?: MetadataInput,
  ): void {
    const known = this.#components.known(name)
    if (known !== undefined) {
      known.update(status, message, metadata)
      return
    }
    checkName(name)
    this.#attachment.checkRunning()
    this.#components.updateUnknown(name, status, message, metadata)
  }

  /**
   * Sets who is told of transitions: one observer in the whole runtime, whichever thread has set it; `null` is nobody.
   * Transitions of before still go to the old one, which is told of them all, within its bounds; none goes to both or to
   * neither. A function is called on this thread's loop, and takes over within this call, unless an earlier one is still
   * under way. A `URL` is a module whose default export is called in a thread of its own; it takes over when it is loaded,
   * in any case before the promise resolves. Observers live as long as the thread that has set them.
   * @throws HealthError `ERR_HEALTH_ARGUMENT`, also for a module that can't be loaded or has no observer (then the old one
   * stays); `ERR_HEALTH_UNAVAILABLE` if its thread does not start, or if the manager does not get to it within
   * `publishTimeoutMs` (it still will); `ERR_HEALTH_CAPACITY` if a module's thread can't attach; `ERR_HEALTH_BACKPRESSURE`;
   * `ERR_HEALTH_STOPPED`.
   */
  async setTransitionObserver(
    observer: TransitionObserver | URL | null,
    options: ObserverOptions = {},
  ): Promise<void> {
    const settings = resolveObserverOptions(observer, options)
    this.#attachment.checkRunning()
    await this.#observers.set(observer, settings)
  }

  /**
   * Transitions as they are applied, in order, from the journal: pulled at the reader's own pace, on this thread's loop.
   * Whoever is so slow that the journal has gone over some gets a {@link Gap} in their place. Begins with this call, and
   * ends behind the last transition of the runtime, or of this instance's `stop()` on an attached one. Any number at a time.
   * Waiting for the next one does not keep the process alive.
   * @throws HealthError `ERR_HEALTH_ARGUMENT`, `ERR_HEALTH_STOPPED`; the iterator itself rejects with the reason of an
   * aborted `signal` only.
   */
  transitions(
    options: TransitionsOptions = {},
  ): AsyncIterableIterator<Transition | Gap, undefined> {
    const settings = checkTransitionsOptions(options)
    this.#attachment.checkRunning()
    this.#reader.settle()
    const { words } = this.#region
    const isAttached = this.#supervisor === undefined
    return iterateTransitions({
      ...settings,
      region: this.#region,
      isOver: () => isRuntimeStopped(words) || (isAttached && this.#attachment.isDetached),
    })
  }

  /**
   * Watches the event loop of the calling thread: registers a component that is healthy while the loop turns, degraded while it is
   * late, and unhealthy while it is wedged, with a message like `event loop wedged for 12.3 s in "parse batch" (for 12.4 s)`; the
   * part behind `in` is the `breadcrumb()` of this instance. Every reader finds that out by itself, whatever this thread is stuck
   * in, and the manager journals it. While the loop turns, `lag_p50_ms`, `lag_p99_ms`, `lag_max_ms` and `utilization` of the
   * last `reportMs` are its metadata. The component decides no verdict unless a policy names it: with
   * `policy: { liveness: ['collector_manager', 'event_loop'] }` a wedge fails liveness. Stop the watch, or this instance, before
   * the thread ends: a component that is left behind is shown as gone, and as a wedge does. Its name is free again for the thread
   * that replaces one that was adopted (see `adopt`). Waits until the manager has entered the component.
   * @throws HealthError `ERR_HEALTH_ARGUMENT` for an option out of range, and for a name that is registered already, unless by the
   * watch of a thread that has ended; else as `register`. After `ERR_HEALTH_UNAVAILABLE` call it again: the component may be
   * entered later, and nobody gives signs of life for it.
   */
  watchEventLoop(options?: EventLoopWatchOptions): EventLoopWatch {
    const settings = eventLoopSettings(options)
    this.#attachment.checkRunning()
    return this.#watches.watch(settings)
  }

  /**
   * Says what this thread is at, for the message of its watched event loop; `''` says that it is at nothing in particular. Leave it
   * before work that may take long, and clear it after. A few stores to shared memory, for texts that were left before; reports
   * nothing. Cut between characters at 64 bytes of UTF-8.
   * @throws HealthError `ERR_HEALTH_ARGUMENT`, `ERR_HEALTH_STOPPED`
   */
  breadcrumb(text: string): void {
    if (typeof text !== 'string') throw argumentError('text', text, 'must be a string')
    this.#attachment.checkRunning()
    this.#attachment.breadcrumb(text)
  }

  /**
   * Resolves when everything that this instance has reported is applied.
   * @throws HealthError `ERR_HEALTH_UNAVAILABLE` if the manager applies nothing for `publishTimeoutMs`, or was given up;
   * `ERR_HEALTH_STOPPED`.
   */
  async flush(): Promise<void> {
    this.#attachment.checkRunning()
    await flush(this.#attachment, this.#handle.publishTimeoutMs)
  }

  /**
   * Counters of the whole runtime.
   * @throws HealthError `ERR_HEALTH_STOPPED`
   */
  async stats(): Promise<RuntimeStats> {
    this.#attachment.checkRunning()
    const servers = serversOf(this)
    const probes = await Promise.all(servers.flatMap((server) => server.probeStats?.() ?? []))
    return readStats(
      this.#region,
      [...servers.flatMap((server) => server.actors ?? server.actor), ...this.#observers.actors],
      this.#reader.startUp(),
      sumOf(probes),
    )
  }

  /**
   * On the instance that started the runtime: refuses new reports, applies those that were accepted, has observers told
   * of them (for `observerDrainMs` at most), stops the servers, ends the actors. On an attached one: detaches this thread,
   * ends the term of an observer that was set with it, and stops the servers made with it. Idempotent.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /**
   * `error`: the manager was given up, or could not be drained; or something is wrong with an observer that was set by this
   * instance (`ERR_HEALTH_OBSERVER`), told once a change. Without a listener it becomes a process warning.
   */
  on(event: 'error', listener: (error: HealthError) => void): this
  /** `restart`: an actor has died and runs again. What is not about observers is told to the instance that started the runtime. */
  on(event: 'restart', listener: (event: RestartEvent) => void): this
  on(event: 'error' | 'restart', listener: (argument: never) => void): this {
    this.#events.on(event, listener)
    return this
  }

  async #stop(): Promise<void> {
    const supervisor = this.#supervisor
    try {
      this.#watches.stop()
      if (supervisor === undefined) this.#observers.leave()
    } finally {
      // Whatever has become of those: a stop is not tried twice.
      await this.#end(supervisor)
    }
  }

  async #end(supervisor: Supervisor | undefined): Promise<void> {
    this.#attachment.detach()
    this.#forgetThreadExit()
    const stopReaders = async () => {
      await this.#observers.drain(supervisor !== undefined)
      await stopServers(this)
    }
    await (supervisor === undefined ? stopReaders() : supervisor.stop(stopReaders))
  }
}
