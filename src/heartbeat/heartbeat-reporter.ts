// The heartbeat, as its users see it: reports that a thread of their own sends to the control plane. Called in the thread
// that made the HealthManager; that thread also restarts the heartbeat actor if it dies.
import { EventEmitter } from 'node:events'
import { argumentError, HealthError, show } from '../model/errors.js'
import { sayOnStandardError } from '../probe/say.js'
import { fromEnvelope } from '../runtime/error-envelope.js'
import type { HealthManager } from '../runtime/health-manager.js'
import { KeptThread } from '../runtime/kept-thread.js'
import { type AttachedServer, addServer, removeServer } from '../runtime/servers.js'
import type { ActorStats } from '../runtime/stats.js'
import { type ConnectorHealthInput, checkConnectors } from './connector-health.js'
import type { HeartbeatEvent } from './heartbeat-actor.js'
import type { LoopStats, SentHeartbeat } from './heartbeat-loop.js'
import { HeartbeatThread } from './heartbeat-thread.js'
import type { OperatorType } from './operator-type.js'
import {
  findMissing,
  type HeartbeatReporterOptions,
  type HeartbeatSettings,
  resolveHeartbeatOptions,
} from './options.js'

export interface HeartbeatStats extends ActorStats {
  /** Where heartbeats go, without its path; undefined where none are sent. */
  readonly origin: string | undefined
  /** Of the runtime's own report first, then of each source. Empty while the actor does not run. */
  readonly loops: readonly LoopStats[]
}

/**
 * Reports the runtime's health to a control plane, from a thread of its own, so also while every other thread is blocked.
 * Does not keep the process alive. The manager's `stop()` stops it: after everything that was accepted is applied, before
 * the probe server.
 */
export class HeartbeatReporter implements AttachedServer {
  /** While probes are still answered. */
  readonly stopsFirst = true
  readonly #manager: HealthManager
  readonly #settings: HeartbeatSettings
  readonly #emitter = new EventEmitter()
  /** Whose failure has been warned of, until its next heartbeat is received. */
  readonly #warned = new Set<OperatorType>()
  readonly #kept: KeptThread<HeartbeatThread>
  #started: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  /** @throws HealthError `ERR_HEALTH_ARGUMENT` naming the option that is out of range; never with the token. */
  constructor(manager: HealthManager, options: HeartbeatReporterOptions = {}) {
    if (typeof manager?.handle !== 'function') {
      throw argumentError('manager', manager, 'must be a HealthManager')
    }
    this.#manager = manager
    this.#settings = resolveHeartbeatOptions(options, process.env)
    this.#kept = this.#keep()
  }

  /** How the heartbeat actor is, as in the runtime's stats. */
  get actor(): ActorStats {
    return this.#kept.actor
  }

  /**
   * Starts to send, the first heartbeat at once; does not wait for its answer. Where URL or token is missing, standard error is
   * told once, and nothing is sent.
   * @throws HealthError `ERR_HEALTH_STOPPED` after `stop()` of the reporter or its manager, `ERR_HEALTH_UNAVAILABLE` where the
   * thread does not start, `ERR_HEALTH_CAPACITY` where it can't attach. After a failure it may be tried again.
   */
  async start(): Promise<void> {
    if (this.#stopped) throw new HealthError('ERR_HEALTH_STOPPED', 'the reporter was stopped')
    this.#started ??= this.#begin()
    await this.#started
  }

  /** Sends a last heartbeat, for `finalTimeoutMs` at most, and ends the thread. Idempotent; final. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** @throws HealthError `ERR_HEALTH_UNAVAILABLE` where the actor does not answer. */
  async stats(): Promise<HeartbeatStats> {
    const { url } = this.#settings
    const isSending = findMissing(this.#settings) === undefined && url !== undefined
    const loops = await this.#running?.stats()
    return {
      ...this.actor,
      origin: isSending ? new URL(url).origin : undefined,
      loops: loops ?? [],
    }
  }

  /**
   * Reports whether connectors work: one call, with its attempts.
   * @throws HealthError `ERR_HEALTH_ARGUMENT`; `ERR_HEALTH_HEARTBEAT` where it was not received; `ERR_HEALTH_BACKPRESSURE` with four
   * of them under way; `ERR_HEALTH_UNAVAILABLE` where the actor does not run.
   */
  async reportConnectorHealth(statuses: readonly ConnectorHealthInput[]): Promise<void> {
    const checked = checkConnectors(statuses)
    const thread = this.#running
    if (thread === undefined) {
      throw new HealthError('ERR_HEALTH_UNAVAILABLE', 'the heartbeat actor does not run')
    }
    await thread.reportConnectorHealth(checked)
  }

  /** `sent`: a heartbeat was received. */
  on(event: 'sent', listener: (heartbeat: SentHeartbeat) => void): this
  /** `collectNow`: whoever received one asks for a collection now. */
  on(event: 'collectNow', listener: (heartbeat: SentHeartbeat) => void): this
  /**
   * `error`: a heartbeat of that type could not be made, or was not received (each call that failed); or the actor was given up,
   * which is of no type. Without a listener the first of a row becomes a process warning.
   */
  on(
    event: 'error',
    listener: (error: HealthError, operatorType: OperatorType | undefined) => void,
  ): this
  on(event: 'sent' | 'collectNow' | 'error', listener: (...given: readonly never[]) => void): this {
    if (event !== 'sent' && event !== 'collectNow' && event !== 'error') {
      throw argumentError('event', event, "must be 'sent', 'collectNow' or 'error'")
    }
    if (typeof listener !== 'function') {
      throw argumentError('listener', listener, 'must be a function')
    }
    this.#emitter.on(event, listener as (...given: unknown[]) => void)
    return this
  }

  get #running(): HeartbeatThread | undefined {
    return this.#kept.actor.state === 'running' ? this.#kept.life : undefined
  }

  #keep(): KeptThread<HeartbeatThread> {
    const take = (event: HeartbeatEvent) => this.#take(event)
    return new KeptThread({
      name: 'heartbeat',
      owner: 'reporter',
      limits: this.#settings.restarts,
      begin: () => HeartbeatThread.start(this.#manager.handle(), this.#settings, take),
      onFailed: (cause) => this.#tellFailed(cause),
    })
  }

  async #begin(): Promise<void> {
    const missing = findMissing(this.#settings)
    if (missing !== undefined) {
      sayOnStandardError(`health-actor: heartbeats are not sent: ${missing}\n`)
    }
    // Before there is a thread, so that a runtime that stops meanwhile finds whom it has to wait for.
    addServer(this.#manager, this)
    try {
      await this.#kept.start()
    } catch (error) {
      this.#started = undefined
      removeServer(this.#manager, this)
      throw error
    }
  }

  #tellFailed(cause: HealthError): void {
    const { max, withinMs } = this.#settings.restarts
    const error = new HealthError(
      'ERR_HEALTH_UNAVAILABLE',
      `heartbeats are no longer sent, the heartbeat actor keeps dying: restarts=${max} withinMs=${withinMs}: ${cause.message}`,
      { cause },
    )
    if (this.#emitter.listenerCount('error') > 0) this.#emit('error', error)
    else process.emitWarning(error)
  }

  #take(event: HeartbeatEvent): void {
    if (event.type === 'sent') {
      const { heartbeat } = event
      this.#warned.delete(heartbeat.operatorType)
      this.#emit('sent', heartbeat)
      if (heartbeat.collectNow) this.#emit('collectNow', heartbeat)
      return
    }
    const error = fromEnvelope(event.error)
    if (this.#emitter.listenerCount('error') > 0) {
      this.#emit('error', error, event.operatorType)
    } else if (!this.#warned.has(event.operatorType)) {
      this.#warned.add(event.operatorType)
      process.emitWarning(error)
    }
  }

  /** Listeners are user code: what one throws is told, and stops nothing. */
  #emit(event: string, ...given: readonly unknown[]): void {
    try {
      this.#emitter.emit(event, ...given)
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : new Error(show(error)))
    }
  }

  async #stop(): Promise<void> {
    try {
      await this.#kept.stop()
    } finally {
      removeServer(this.#manager, this)
    }
  }
}
