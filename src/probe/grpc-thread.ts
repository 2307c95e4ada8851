// One life of the gRPC worker, seen from the host. A restart is another GrpcThread. Host thread only.
import {
  type ActorExit,
  type ActorHandle,
  actorEntryUrl,
  spawnActor,
} from '../runtime/actor-handle.js'
import { endClosed, listenUntilExit } from './close-at-exit.js'
import { ExitGate } from './exit-gate.js'
import type { GrpcBoot, GrpcControl } from './grpc-actor.js'
import type { ServerSettings } from './server-options.js'

/** As for the probe worker. */
const LISTEN_DEADLINE_MS = 10_000
/** Its own grace for clients that do not go is half a second; the rest is for a thread that has much to do. */
const CLOSE_DEADLINE_MS = 5_000
/**
 * How long an exiting process waits for connections to be closed, beyond the one read that may be waiting then. It takes a turn
 * of the loop or two: some ms, or a second if clients ask for as much as they can.
 */
const EXIT_WAIT_MS = 5_000

interface GrpcThreadOptions extends Pick<ServerSettings, 'workerBaseUrl'>, Omit<GrpcBoot, 'gate'> {}

export class GrpcThread {
  /** The port that was bound. */
  readonly port: number
  readonly #actor: ActorHandle<GrpcControl>
  readonly #gate: ExitGate

  /** Starts the worker and listens. @throws HealthError as {@link GrpcControl.listen}, or `ERR_HEALTH_UNAVAILABLE`. */
  static async start(options: GrpcThreadOptions): Promise<GrpcThread> {
    const { workerBaseUrl, handle, readTimeoutMs, audience, limits, grpc, books } = options
    const gate = new ExitGate()
    const data: GrpcBoot = {
      handle,
      readTimeoutMs,
      audience,
      limits,
      grpc,
      books,
      gate: gate.buffer,
    }
    const entry = actorEntryUrl('grpc.js', workerBaseUrl)
    const actor = await spawnActor<GrpcControl>({ name: 'grpc', entry, data })
    const waitMs = EXIT_WAIT_MS + readTimeoutMs
    const listen = () => actor.call('listen', LISTEN_DEADLINE_MS)
    return new GrpcThread(actor, gate, await listenUntilExit(actor, gate, waitMs, listen))
  }

  private constructor(actor: ActorHandle<GrpcControl>, gate: ExitGate, port: number) {
    this.#actor = actor
    this.#gate = gate
    this.port = port
  }

  /** Resolves when the worker has ended, asked or not. Never rejects. */
  get exited(): Promise<ActorExit> {
    return this.#actor.exited
  }

  /** Has watchers told, closes port and connections and ends the worker, within five seconds. Never rejects. */
  async close(): Promise<void> {
    // Seen with the next call, however many there are; the order itself may have to wait behind them.
    this.#gate.requestClose()
    try {
      if (this.#actor.isAlive) await this.#actor.call('close', CLOSE_DEADLINE_MS)
    } catch {
      // It has died meanwhile, or is stuck: then nobody is served by it either, and it closes when it comes to it.
    }
    await endClosed(this.#actor, this.#gate)
  }
}
