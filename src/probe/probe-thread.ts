// One life of the probe worker, seen from the host: started, listening, closed in the order that a process with
// uWebSockets.js in a worker survives. A restart is another ProbeThread. Host thread only.
import type { ProbeStats } from '../model/probe-stats.js'
import {
  type ActorExit,
  type ActorHandle,
  actorEntryUrl,
  spawnActor,
} from '../runtime/actor-handle.js'
import { endClosed, listenUntilExit } from './close-at-exit.js'
import { ExitGate } from './exit-gate.js'
import type { ProbeBoot, ProbeControl, ServerAddress } from './probe-actor.js'
import type { ServerSettings } from './server-options.js'

/** A thread starts, loads uWebSockets.js and binds in some 50 ms; on a throttled or busy machine it may take long. */
const LISTEN_DEADLINE_MS = 10_000
const CLOSE_DEADLINE_MS = 5_000
/**
 * How long an exiting process waits for the probe worker to close, beyond the one read that may be waiting then.
 * It takes some 0.3 ms.
 */
const EXIT_WAIT_MS = 500

interface ProbeThreadOptions
  extends Pick<ServerSettings, 'host' | 'port' | 'workerBaseUrl'>,
    Omit<ProbeBoot, 'gate'> {}

export class ProbeThread {
  readonly address: ServerAddress
  readonly #actor: ActorHandle<ProbeControl>
  readonly #gate: ExitGate

  /** Starts the worker and listens. @throws HealthError as {@link ProbeControl.listen}, or `ERR_HEALTH_UNAVAILABLE`. */
  static async start(options: ProbeThreadOptions): Promise<ProbeThread> {
    const { host, port, workerBaseUrl, handle, transport, readTimeoutMs } = options
    const { audience, limits, maxStreams, tls, grpcBooks, evidence } = options
    const { startupDeadline, startupSuppressMs, probeRestarts } = options
    const gate = new ExitGate()
    const data: ProbeBoot = {
      handle,
      transport,
      readTimeoutMs,
      audience,
      limits,
      maxStreams,
      tls,
      grpcBooks,
      evidence,
      startupDeadline,
      startupSuppressMs,
      probeRestarts,
      gate: gate.buffer,
    }
    const entry = actorEntryUrl('probe.js', workerBaseUrl)
    const actor = await spawnActor<ProbeControl>({ name: 'probe', entry, data })
    const waitMs = EXIT_WAIT_MS + readTimeoutMs
    const listen = () => actor.call('listen', LISTEN_DEADLINE_MS, host, port)
    return new ProbeThread(actor, gate, await listenUntilExit(actor, gate, waitMs, listen))
  }

  private constructor(actor: ActorHandle<ProbeControl>, gate: ExitGate, address: ServerAddress) {
    this.#actor = actor
    this.#gate = gate
    this.address = address
  }

  /** Resolves when the worker has ended, asked or not. Never rejects. */
  get exited(): Promise<ActorExit> {
    return this.#actor.exited
  }

  /** What the ledger has counted. @throws HealthError `ERR_HEALTH_UNAVAILABLE` if it does not answer in time. */
  probeStats(deadlineMs: number): Promise<ProbeStats> {
    return this.#actor.call('probeStats', deadlineMs)
  }

  /** Closes port and connections and ends the worker. @throws HealthError `ERR_HEALTH_UNAVAILABLE` if it does not answer. */
  async close(): Promise<void> {
    this.#gate.requestClose()
    try {
      if (this.#actor.isAlive) await this.#actor.call('close', CLOSE_DEADLINE_MS)
    } finally {
      await endClosed(this.#actor, this.#gate)
    }
  }
}
