// The probe server, as its users see it: an HTTP server whose answers come from a thread of their own. Called in the
// thread that made the HealthManager; that thread also restarts the probe actor if it dies.
import { setTimeout as delay } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import { writeEvidence } from '../evidence/evidence-files.js'
import { witnessFatalExit } from '../evidence/fatal-exit.js'
import { describeIncident } from '../evidence/incident.js'
import { monotonicMs } from '../memory/control.js'
import { openRegion } from '../memory/region.js'
import { argumentError, HealthError } from '../model/errors.js'
import { NO_PROBES, type ProbeStats } from '../model/probe-stats.js'
import type { ActorExit } from '../runtime/actor-handle.js'
import type { HealthManager } from '../runtime/health-manager.js'
import { HealthReader } from '../runtime/health-reader.js'
import { RestartIntensity } from '../runtime/restart-intensity.js'
import { type AttachedServer, addServer, removeServer } from '../runtime/servers.js'
import type { ActorState, ActorStats } from '../runtime/stats.js'
import type { TransportChoice } from './choose-listener.js'
import type { ServerAddress } from './probe-actor.js'
import { ProbeThread } from './probe-thread.js'
import { sayOnStandardError } from './say.js'
import {
  type HealthServerOptions,
  resolveServerOptions,
  type ServerSettings,
} from './server-options.js'

/** How long stats wait for a probe actor, in ms. */
const STATS_DEADLINE_MS = 500

/** What a thread listens on: as configured at first, as bound after that. */
interface Where {
  readonly port: number
  readonly transport: TransportChoice
  readonly grpcPort?: number | undefined
}

/**
 * Answers probes, scrapes and, where asked for, gRPC health checks from a thread of its own, so also while every other
 * thread is blocked.
 * Keeps the process alive from `start()` to `stop()`, as an `http.Server` does.
 */
export class HealthServer implements AttachedServer {
  readonly #manager: HealthManager
  readonly #settings: ServerSettings
  readonly #onRestart: HealthServerOptions['onRestart']
  readonly #onError: HealthServerOptions['onError']
  readonly #intensity: RestartIntensity
  readonly #stopping = new AbortController()
  #started: Promise<ServerAddress> | undefined
  #restarted: Promise<void> | undefined
  #stopped: Promise<void> | undefined
  /** Lets go of the process's end. */
  #forgetExit = () => {}
  #thread: ProbeThread | undefined
  #state: ActorState = 'stopped'
  #lastStats: ProbeStats = NO_PROBES
  #restarts = 0
  /** Until when `/startupz` passes in any case, on the monotonic clock. */
  #startupDeadline = 0

  /** @throws HealthError `ERR_HEALTH_ARGUMENT` naming the option that is out of range. */
  constructor(manager: HealthManager, options: HealthServerOptions = {}) {
    if (typeof manager?.handle !== 'function') {
      throw argumentError('manager', manager, 'must be a HealthManager')
    }
    this.#manager = manager
    this.#settings = resolveServerOptions(options)
    this.#onRestart = options.onRestart
    this.#onError = options.onError
    this.#intensity = new RestartIntensity(this.#settings.restarts)
  }

  /** How the probe actor is, as in the runtime's stats. */
  get actor(): ActorStats {
    return { name: 'probe', state: this.#state, restarts: this.#restarts }
  }

  /** What its ledger has counted; where the probe actor does not answer in time, what it said last. Never rejects. */
  async probeStats(): Promise<ProbeStats> {
    try {
      this.#lastStats = (await this.#thread?.probeStats(STATS_DEADLINE_MS)) ?? this.#lastStats
    } catch {
      // It is stuck, or being restarted: no reason to tell nothing of the rest.
    }
    return this.#lastStats
  }

  /**
   * Starts to answer probes; resolves to the address that was bound.
   * @throws HealthError `ERR_HEALTH_LISTEN` where the port cannot be bound, or the server has been started before;
   * `ERR_HEALTH_STOPPED` after `stop()` of the server or of its manager, also where that comes during the start; `ERR_HEALTH_UNAVAILABLE` where the thread
   * does not start. After a failure it may be tried again.
   */
  async start(): Promise<ServerAddress> {
    if (this.#stopped) throw new HealthError('ERR_HEALTH_STOPPED', 'the server was stopped')
    if (this.#started) {
      const { host, port } = this.#settings
      throw new HealthError(
        'ERR_HEALTH_LISTEN',
        `the server has been started already: host=${host} port=${port}`,
      )
    }
    // Before there is a thread, so that a runtime that stops meanwhile finds whom it has to wait for.
    addServer(this.#manager, this)
    this.#startupDeadline = monotonicMs() + this.#settings.startupSuppressMs
    const { port, transport, grpc } = this.#settings
    try {
      this.#forgetExit = this.#witnessExit()
      this.#started = this.#start({ port, transport, grpcPort: grpc?.port })
      return await this.#started
    } catch (error) {
      this.#started = undefined
      this.#forgetExit()
      removeServer(this.#manager, this)
      throw error
    }
  }

  /** Stops answering, closes port and connections and ends the thread. Idempotent; final, a stopped server does not start again. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  /** Last words at a fatal exit are this thread's own: the probe actor may end before it could write them. */
  #witnessExit(): () => void {
    const { evidence } = this.#settings
    // The end of another thread is not that of the process.
    if (evidence === undefined || !isMainThread) return () => {}
    const { region: buffer, policy } = this.#manager.handle()
    return witnessFatalExit((cause) => {
      const region = openRegion(buffer)
      const reader = new HealthReader(region, policy, 0)
      writeEvidence(
        describeIncident(cause, { region, policy, reader }),
        evidence,
        sayOnStandardError,
      )
    })
  }

  /** What was bound before is bound again: a restart must not move the ports. */
  async #start(
    { port, transport, grpcPort }: Where,
    probeRestarts = this.#restarts,
  ): Promise<ServerAddress> {
    const { grpc } = this.#settings
    const thread = await ProbeThread.start({
      ...this.#settings,
      handle: this.#manager.handle(),
      port,
      transport,
      grpc: grpc && { ...grpc, port: grpcPort ?? grpc.port },
      startupDeadline: this.#startupDeadline,
      probeRestarts,
    })
    try {
      this.#checkNotStopped()
    } catch (error) {
      await thread.close()
      throw error
    }
    this.#thread = thread
    this.#state = 'running'
    void thread.exited.then((exit) => {
      if (!this.#stopping.signal.aborted) this.#restarted = this.#restart(thread.address, exit)
    })
    return thread.address
  }

  /** A runtime that another thread has stopped knows nothing of the servers made here. */
  #checkNotStopped(): void {
    if (this.#stopping.signal.aborted) {
      throw new HealthError('ERR_HEALTH_STOPPED', 'the server was stopped while it started')
    }
    this.#manager.handle()
  }

  async #restart(address: ServerAddress, { code, error }: ActorExit): Promise<void> {
    const why = error === undefined ? '' : `: ${error.message}`
    let cause = new HealthError(
      'ERR_HEALTH_UNAVAILABLE',
      `the probe actor has ended: exitCode=${code}${why}`,
      error && { cause: error },
    )
    this.#state = 'restarting'
    for (;;) {
      const delayMs = this.#intensity.tryGrant(performance.now())
      if (delayMs === undefined) return this.#giveUp(address, cause)
      try {
        await delay(delayMs, undefined, { signal: this.#stopping.signal })
        await this.#start(address, this.#restarts + 1)
      } catch (failure) {
        if (this.#stopping.signal.aborted) return
        cause = failure instanceof HealthError ? failure : cause
        continue
      }
      this.#restarts++
      this.#tell(() => this.#onRestart?.({ restarts: this.#restarts, cause }))
      return
    }
  }

  #giveUp({ host, port }: ServerAddress, cause: HealthError): void {
    this.#state = 'failed'
    const { max, withinMs } = this.#settings.restarts
    const error = new HealthError(
      'ERR_HEALTH_UNAVAILABLE',
      `probes are no longer answered, the probe actor keeps dying: host=${host} port=${port} restarts=${max} withinMs=${withinMs}: ${cause.message}`,
      { cause },
    )
    if (this.#onError) this.#tell(() => this.#onError?.(error))
    else process.emitWarning(error)
  }

  /** What a callback throws is its own affair and must not keep the server from its restart. */
  #tell(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error))
    }
  }

  async #stop(): Promise<void> {
    this.#stopping.abort()
    // Whichever is on its way sees the abort, and cleans up after itself.
    await Promise.allSettled([this.#started, this.#restarted])
    try {
      await this.#thread?.close()
    } finally {
      this.#state = 'stopped'
      this.#forgetExit()
      removeServer(this.#manager, this)
    }
  }
}
