// Starts the manager actor, watches it, restarts it, and stops it in order. Lives in the thread that called
// HealthManager.start(). The state is in the region, so a manager that dies takes nothing with it.
import { setTimeout as delay } from 'node:timers/promises'
import { Drain } from '../manager/drain.js'
import type { ManagerControl } from '../manager/manager-actor.js'
import type { ManagerBoot, ManagerDuties } from '../manager/manager-thread.js'
import {
  MANAGER_FAILED,
  MANAGER_RESTARTING,
  MANAGER_RESTARTS,
  MANAGER_RUNNING,
  MANAGER_STATE,
  MANAGER_STOPPED,
  PHASE,
  PHASE_STOPPED,
  PHASE_STOPPING,
  STOP_TICK,
} from '../memory/layout.js'
import type { Region } from '../memory/region.js'
import { nowTicks } from '../memory/ticks.js'
import { HealthError } from '../model/errors.js'
import { type ActorExit, type ActorHandle, actorEntryUrl, spawnActor } from './actor-handle.js'
import { abandonMailboxesOf } from './mailbox-claims.js'
import { RestartIntensity, type RestartLimits } from './restart-intensity.js'
import { onThreadExit } from './thread-exit.js'

/** Applying everything that was accepted takes far less; a manager that needs longer is stuck. */
const DRAIN_DEADLINE_MS = 10_000

export interface SupervisorEvents {
  /** An actor that has died of `exit` runs again. */
  onRestart(actor: string, restarts: number, exit: ActorExit): void
  onError(error: HealthError): void
}

export class Supervisor {
  readonly #region: Region
  readonly #duties: ManagerDuties
  readonly #events: SupervisorEvents
  readonly #intensity: RestartIntensity
  readonly #limits: RestartLimits
  readonly #workerBaseUrl: string | URL | undefined
  #manager: ActorHandle<ManagerControl> | undefined
  /** Settles when the manager runs again or was given up. */
  #restarting: Promise<void> | undefined
  #isStopping = false
  #forgetThreadExit = () => {}

  constructor(
    region: Region,
    duties: ManagerDuties,
    limits: RestartLimits,
    events: SupervisorEvents,
    workerBaseUrl?: string | URL,
  ) {
    this.#region = region
    this.#duties = duties
    this.#limits = limits
    this.#intensity = new RestartIntensity(limits)
    this.#events = events
    this.#workerBaseUrl = workerBaseUrl
  }

  /** Resolves when the manager actor works. */
  async start(): Promise<void> {
    await this.#spawn()
    // The manager's thread ends with this one. Whoever waits for it looks at the state in slices of its wait; whoever reads
    // says so. Of a thread that is terminated BeatWatch tells.
    this.#forgetThreadExit = onThreadExit(() => this.#setState(MANAGER_FAILED))
  }

  /** Ends the manager's thread as if it had crashed. For fault injection. */
  async terminateManager(): Promise<void> {
    await this.#manager?.terminate()
  }

  /**
   * Refuses new records, has everything that was accepted applied, then ends the manager. `lastReaders` stops what
   * still answers from the table; it runs after the drain.
   */
  async stop(lastReaders: () => Promise<void>): Promise<void> {
    // Before the phase. Pairs with OverlayLook.begin: who can't beat any more is not silent.
    Atomics.store(this.#region.words, STOP_TICK, nowTicks() | 0)
    // Pairs with Attachment.isRunning and claimMailbox. Who has looked before this finds the mailboxes closed: the drain
    // closes all of them, also those that are not claimed yet.
    Atomics.store(this.#region.words, PHASE, PHASE_STOPPING)
    await this.#drain()
    this.#isStopping = true
    try {
      await lastReaders()
    } finally {
      // Behind the drain. Pairs with the looks of probe readers, which answer from the table until here.
      Atomics.store(this.#region.words, PHASE, PHASE_STOPPED)
      this.#setState(MANAGER_STOPPED)
      this.#forgetThreadExit()
      await this.#manager?.terminate()
    }
  }

  /** Also a manager that dies over it is restarted, and its successor drains: what was accepted is applied. */
  async #drain(): Promise<void> {
    for (;;) {
      await this.#restarting
      const manager = this.#manager
      if (!manager?.isAlive) {
        this.#drainHere()
        return
      }
      try {
        await manager.call('drain', DRAIN_DEADLINE_MS)
        return
      } catch (error) {
        if (!manager.isAlive) {
          await manager.exited
          continue
        }
        this.#events.onError(
          new HealthError('ERR_HEALTH_UNAVAILABLE', 'the manager was not drained at the stop', {
            cause: error,
          }),
        )
        this.#isStopping = true
        await manager.terminate()
        this.#drainHere()
        return
      }
    }
  }

  /** With the manager's thread gone for good, this one is the sole writer: what was accepted is applied here. */
  #drainHere(): void {
    try {
      new Drain(this.#region, this.#duties.policy).close()
    } catch (error) {
      this.#events.onError(
        new HealthError('ERR_HEALTH_UNAVAILABLE', 'what was accepted could not be applied', {
          cause: error,
        }),
      )
    }
  }

  async #spawn(): Promise<void> {
    const data: ManagerBoot = { region: this.#region.words.buffer, ...this.#duties }
    const manager = await spawnActor<ManagerControl>({
      name: 'health-manager',
      entry: actorEntryUrl('manager.js', this.#workerBaseUrl),
      data,
      // It keeps next to nothing, so a young generation of the usual size would only be memory that is never looked at.
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    })
    // A program that has nothing else to do may end; the state dies with it.
    manager.unref()
    this.#manager = manager
    this.#setState(MANAGER_RUNNING)
    manager.exited.then((exit) => {
      // That of its memory watch.
      abandonMailboxesOf(this.#region, manager.threadId)
      this.#onExit(exit)
    })
  }

  #onExit(exit: ActorExit): void {
    if (this.#isStopping) return
    const delayMs = this.#intensity.tryGrant(performance.now())
    if (delayMs === undefined) {
      this.#giveUp(exit)
      return
    }
    this.#setState(MANAGER_RESTARTING)
    this.#restarting = this.#restartAfter(delayMs, exit)
  }

  async #restartAfter(delayMs: number, exit: ActorExit): Promise<void> {
    if (delayMs > 0) await delay(delayMs)
    try {
      await this.#spawn()
    } catch (error) {
      this.#onExit({ code: 1, error: error as Error })
      await this.#restarting
      return
    }
    this.#restarting = undefined
    // Pairs with readStats, which any thread may call.
    const restarts = Atomics.add(this.#region.words, MANAGER_RESTARTS, 1) + 1
    this.#events.onRestart('manager', restarts, exit)
  }

  #giveUp(exit: ActorExit): void {
    this.#restarting = undefined
    this.#setState(MANAGER_FAILED)
    const { max, withinMs } = this.#limits
    this.#events.onError(
      new HealthError(
        'ERR_HEALTH_UNAVAILABLE',
        `the manager actor died too often and is not restarted any more: restarts.max=${max} restarts.withinMs=${withinMs} exitCode=${exit.code}`,
        exit.error && { cause: exit.error },
      ),
    )
  }

  #setState(state: number): void {
    // Pairs with hasManagerFailed: waits for a manager that never comes end there; and with readStats.
    Atomics.store(this.#region.words, MANAGER_STATE, state)
  }
}
