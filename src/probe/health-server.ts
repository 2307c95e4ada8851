// The probe server, as its users see it: an HTTP server whose answers come from a thread of their own. Called in the
// thread that made the HealthManager; that thread also restarts the probe actor if it dies.
import { setTimeout as delay } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import { checkInteger, checkOptions } from '../model/arguments.js'
import { argumentError, HealthError } from '../model/errors.js'
import type { ActorExit } from '../runtime/actor-handle.js'
import type { HealthManager } from '../runtime/health-manager.js'
import { RestartIntensity } from '../runtime/restart-intensity.js'
import { type AttachedServer, addServer, removeServer } from '../runtime/servers.js'
import type { ActorState, ActorStats } from '../runtime/stats.js'
import type { TransportChoice } from './choose-listener.js'
import type { ServerAddress } from './probe-actor.js'
import { ProbeThread } from './probe-thread.js'

/** The probe actor died and another one answers in its place. */
export interface ServerRestart {
  /** Restarts since the start of the server. */
  readonly restarts: number
  /** What the last one died of. */
  readonly cause: HealthError
}

export interface HealthServerOptions {
  /** Address or name to listen on. Default `'0.0.0.0'`, all IPv4 interfaces; `'::'` is all of both kinds. */
  host?: string
  /** Port to listen on, 0 to 65,535; 0 is any free one, told by `start()`. Default 8081. */
  port?: number
  /**
   * `'uws'` is uWebSockets.js, `'node'` is `node:http`. Default `'auto'`: `uws` where it loads and the server is
   * started by the main thread, `node` elsewhere. `uws` started by a worker aborts the process when that worker is
   * terminated, and it speaks HTTP/1.1 only.
   */
  transport?: TransportChoice
  /**
   * How long a probe waits for reports that are not applied yet, in ms, before it is answered with the last applied
   * state. 0 to 1,000, default 5, far below the second that a kubelet waits: probes are answered one after another, and
   * an exit of the process may wait for the one at work.
   */
  readTimeoutMs?: number
  /** How often a dead probe actor is restarted before the server gives up. Default 5 times in 10,000 ms. */
  restarts?: { max?: number; withinMs?: number }
  /** Where a bundler has put this package's worker entries; ends in `/`. */
  workerBaseUrl?: string | URL
  /** Told of each restart. */
  onRestart?: (restart: ServerRestart) => void
  /** Told when the server has given up; without it, that is a process warning. */
  onError?: (error: HealthError) => void
}

const MAX_READ_TIMEOUT_MS = 1_000

const OPTION_NAMES = [
  'host',
  'port',
  'transport',
  'readTimeoutMs',
  'restarts',
  'workerBaseUrl',
  'onRestart',
  'onError',
]

interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly transport: TransportChoice
  readonly readTimeoutMs: number
  readonly workerBaseUrl: string | URL | undefined
  readonly restarts: { readonly max: number; readonly withinMs: number }
}

/**
 * Answers `/healthz`, `/livez` and `/readyz` from a thread of its own, so also while every other thread is blocked.
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
  #thread: ProbeThread | undefined
  #state: ActorState = 'stopped'
  #restarts = 0

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
    this.#started = this.#start(this.#settings)
    try {
      return await this.#started
    } catch (error) {
      this.#started = undefined
      removeServer(this.#manager, this)
      throw error
    }
  }

  /** Stops answering, closes port and connections and ends the thread. Idempotent; final, a stopped server does not start again. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #start(where: Pick<ServerSettings, 'port' | 'transport'>): Promise<ServerAddress> {
    const { port, transport } = where
    const handle = this.#manager.handle()
    const thread = await ProbeThread.start({ ...this.#settings, handle, port, transport })
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
        await this.#start(address)
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
      removeServer(this.#manager, this)
    }
  }
}

function resolveServerOptions(options: HealthServerOptions): ServerSettings {
  checkOptions(options, 'options', OPTION_NAMES)
  const { host = '0.0.0.0', port = 8081, transport = 'auto', workerBaseUrl } = options
  if (typeof host !== 'string' || host === '') {
    throw argumentError('host', host, 'must be a string that is not empty')
  }
  checkInteger(port, 'port', 0, 65_535)
  const { readTimeoutMs = 5 } = options
  checkInteger(readTimeoutMs, 'readTimeoutMs', 0, MAX_READ_TIMEOUT_MS)
  if (transport !== 'auto' && transport !== 'uws' && transport !== 'node') {
    throw argumentError('transport', transport, "must be 'auto', 'uws' or 'node'")
  }
  checkWorkerBaseUrl(workerBaseUrl)
  checkCallback(options.onRestart, 'onRestart')
  checkCallback(options.onError, 'onError')
  const { restarts = {} } = options
  checkOptions(restarts, 'restarts', ['max', 'withinMs'])
  const { max = 5, withinMs = 10_000 } = restarts
  checkInteger(max, 'restarts.max', 0, 1_000_000)
  checkInteger(withinMs, 'restarts.withinMs', 1, 2 ** 31 - 1)
  return {
    host,
    port,
    // A worker can be terminated without a chance to close uWebSockets.js, which would abort the whole process.
    transport: transport === 'auto' && !isMainThread ? 'node' : transport,
    readTimeoutMs,
    workerBaseUrl,
    restarts: { max, withinMs },
  }
}

/** A thread's entry is a file, so nothing else can be the base of one. */
function checkWorkerBaseUrl(url: unknown): void {
  if (url === undefined) return
  const isUrl = url instanceof URL || (typeof url === 'string' && URL.canParse(url))
  if (!isUrl || new URL(url).protocol !== 'file:') {
    const shown = url instanceof URL ? url.href : url
    throw argumentError('workerBaseUrl', shown, "must be a 'file:' URL, or a string that is one")
  }
}

function checkCallback(callback: unknown, name: string): void {
  if (callback !== undefined && typeof callback !== 'function') {
    throw argumentError(name, callback, 'must be a function')
  }
}
