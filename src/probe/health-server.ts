// The probe server, as its users see it: an HTTP server whose answers come from a thread of their own. Called in the
// thread that made the HealthManager; that thread also restarts the probe actor if it dies.
import { isMainThread } from 'node:worker_threads'
import { writeEvidence } from '../evidence/evidence-files.js'
import { witnessFatalExit } from '../evidence/fatal-exit.js'
import { describeIncident } from '../evidence/incident.js'
import { monotonicMs } from '../memory/control.js'
import { openRegion } from '../memory/region.js'
import { argumentError, HealthError } from '../model/errors.js'
import { NO_PROBES, type ProbeStats } from '../model/probe-stats.js'
import type { HealthManager } from '../runtime/health-manager.js'
import { HealthReader } from '../runtime/health-reader.js'
import { KeptThread } from '../runtime/kept-thread.js'
import { type AttachedServer, addServer, removeServer } from '../runtime/servers.js'
import type { ActorStats } from '../runtime/stats.js'
import type { GrpcBooks } from './grpc-actor.js'
import { GrpcCounters } from './grpc-counters.js'
import { GrpcLedger } from './grpc-ledger.js'
import { GrpcThread } from './grpc-thread.js'
import type { BoundAddress } from './listener.js'
import type { ServerAddress } from './probe-actor.js'
import { ProbeThread } from './probe-thread.js'
import { sayOnStandardError } from './say.js'
import {
  type GrpcSettings,
  type HealthServerOptions,
  resolveServerOptions,
  type ServerSettings,
} from './server-options.js'

/** How long stats wait for a probe actor, in ms. */
const STATS_DEADLINE_MS = 500

/**
 * Answers probes and scrapes from a thread of its own and, where asked for, gRPC health checks from another one, so also while
 * every other thread is blocked.
 * Keeps the process alive from `start()` to `stop()`, as an `http.Server` does.
 */
export class HealthServer implements AttachedServer {
  readonly #manager: HealthManager
  readonly #settings: ServerSettings
  readonly #onRestart: HealthServerOptions['onRestart']
  readonly #onError: HealthServerOptions['onError']
  #started: Promise<ServerAddress> | undefined
  #stopped: Promise<void> | undefined
  /** Lets go of the process's end. */
  #forgetExit = () => {}
  #probe: KeptThread<ProbeThread>
  #grpc: KeptThread<GrpcThread> | undefined
  #lastStats: ProbeStats = NO_PROBES
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
    this.#probe = this.#keepProbe(undefined)
  }

  /** How the probe actor is, as in the runtime's stats. */
  get actor(): ActorStats {
    return this.#probe.actor
  }

  /** How the probe actor is and, where gRPC was asked for, the gRPC actor. */
  get actors(): readonly ActorStats[] {
    return this.#grpc === undefined ? [this.#probe.actor] : [this.#probe.actor, this.#grpc.actor]
  }

  /** What its ledger has counted; where the probe actor does not answer in time, what it said last. Never rejects. */
  async probeStats(): Promise<ProbeStats> {
    try {
      this.#lastStats = (await this.#probe.life?.probeStats(STATS_DEADLINE_MS)) ?? this.#lastStats
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
    try {
      this.#forgetExit = this.#witnessExit()
      this.#started = this.#start()
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

  /** Both threads, or none. */
  async #start(): Promise<ServerAddress> {
    const { grpc } = this.#settings
    const books = grpc && {
      ledger: new GrpcLedger().buffer,
      counters: new GrpcCounters().buffer,
    }
    const probe = this.#keepProbe(books)
    const grpcThread = grpc && books && this.#keepGrpc(grpc, books)
    this.#probe = probe
    this.#grpc = grpcThread
    const [probing, serving] = await Promise.allSettled([probe.start(), grpcThread?.start()])
    for (const outcome of [probing, serving]) {
      if (outcome.status === 'fulfilled') continue
      await Promise.allSettled([grpcThread?.stop(), probe.stop()])
      throw outcome.reason
    }
    const { address } = (probing as PromiseFulfilledResult<ProbeThread>).value
    const { value } = serving as PromiseFulfilledResult<GrpcThread | undefined>
    return value === undefined ? address : { ...address, grpcPort: value.port }
  }

  /** What was bound before is bound again: a restart must not move the ports. */
  #keepProbe(grpcBooks: GrpcBooks | undefined): KeptThread<ProbeThread> {
    return new KeptThread({
      name: 'probe',
      owner: 'server',
      limits: this.#settings.restarts,
      begin: (former: ProbeThread | undefined, probeRestarts) =>
        ProbeThread.start({
          ...this.#settings,
          handle: this.#manager.handle(),
          grpcBooks,
          startupDeadline: this.#startupDeadline,
          probeRestarts,
          ...former?.address,
        }),
      checkWanted: () => this.#checkWanted(),
      onRestart: (cause) => this.#tellRestart(cause),
      onFailed: (cause, { address }) => this.#tellFailed('probes are', 'probe', address, cause),
    })
  }

  #keepGrpc(grpc: GrpcSettings, books: GrpcBooks): KeptThread<GrpcThread> {
    const { host } = grpc
    const counters = new GrpcCounters(books.counters)
    return new KeptThread({
      name: 'grpc',
      owner: 'server',
      limits: this.#settings.restarts,
      begin: (former: GrpcThread | undefined) =>
        GrpcThread.start({
          ...this.#settings,
          handle: this.#manager.handle(),
          books,
          grpc: { ...grpc, port: former?.port ?? grpc.port },
        }),
      checkWanted: () => this.#checkWanted(),
      onState: (state) => counters.noteState(state),
      onRestart: (cause) => {
        counters.countRestart()
        this.#tellRestart(cause)
      },
      onFailed: (cause, { port }) => this.#tellFailed('gRPC is', 'grpc', { host, port }, cause),
    })
  }

  /** A runtime that another thread has stopped knows nothing of the servers made here. */
  #checkWanted(): void {
    this.#manager.handle()
  }

  #tellRestart(cause: HealthError): void {
    const restarts = this.actors.reduce((sum, actor) => sum + actor.restarts, 0)
    this.#tell(() => this.#onRestart?.({ restarts, cause }))
  }

  #tellFailed(what: string, actor: string, { host, port }: BoundAddress, cause: HealthError): void {
    const { max, withinMs } = this.#settings.restarts
    const error = new HealthError(
      'ERR_HEALTH_UNAVAILABLE',
      `${what} no longer answered, the ${actor} actor keeps dying: host=${host} port=${port} restarts=${max} withinMs=${withinMs}: ${cause.message}`,
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
    this.#probe.abandon()
    this.#grpc?.abandon()
    await Promise.allSettled([this.#started])
    try {
      // Watchers are told first, while probes are still answered.
      await this.#grpc?.stop()
      await this.#probe.stop()
    } finally {
      this.#forgetExit()
      removeServer(this.#manager, this)
    }
  }
}
