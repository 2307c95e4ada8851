// The probe actor: answers probes from the shared region, whatever the other threads are doing. Runs in the probe
// worker's thread; the host reaches it by Comlink.
import { HealthError } from '../model/errors.js'
import type { HealthHandle } from '../runtime/health-handle.js'
import { chooseListener, type Transport } from './choose-listener.js'
import type { ExitGate } from './exit-gate.js'
import type { BoundAddress, ProbeListener } from './listener.js'
import { createMetrics } from './metrics.js'
import { measured } from './metrics-recorder.js'
import type { MetricsSource } from './metrics-source.js'
import { createProbeHandler, type ProbeReader } from './routes.js'
import type { ServerSettings } from './server-options.js'

/** What the host hands to the probe worker. */
export interface ProbeBoot
  extends Pick<
    ServerSettings,
    'transport' | 'readTimeoutMs' | 'audience' | 'limits' | 'tls' | 'grpc'
  > {
  readonly handle: HealthHandle
  /** Until when `/startupz` passes in any case, on the monotonic clock. */
  readonly startupDeadline: number
  /** How often the host has restarted the probe actor, this time included. */
  readonly probeRestarts: number
  /** The buffer of the {@link ExitGate}. */
  readonly gate: SharedArrayBuffer
}

export interface ServerAddress extends BoundAddress {
  readonly transport: Transport
  /** The port of the gRPC health service, where one was asked for. */
  readonly grpcPort?: number
}

/** What the host may ask of the probe actor. */
export interface ProbeControl {
  /** @throws HealthError `ERR_HEALTH_LISTEN`, or `ERR_HEALTH_STOPPED` where the host is closing already. */
  listen(host: string, port: number): Promise<ServerAddress>
  /** Closes port and connections. After this the thread can be ended by any means. */
  close(): Promise<void>
}

export class ProbeActor implements ProbeControl {
  readonly #gate: ExitGate
  readonly #transport: Transport
  readonly #listener: ProbeListener

  static async create(
    boot: ProbeBoot,
    gate: ExitGate,
    reader: ProbeReader & MetricsSource,
  ): Promise<ProbeActor> {
    const { transport: choice, limits, tls, audience, startupDeadline, probeRestarts } = boot
    const { detail } = audience
    const { recorder, scrape } = await createMetrics(reader, { detail, probeRestarts })
    const watched = recorder.watch(reader)
    const answering = createProbeHandler(watched, { audience, startupDeadline, scrape })
    const handler = measured(answering, recorder)
    const { transport, listener } = await chooseListener(choice, handler, { limits, tls })
    return new ProbeActor(gate, transport, listener)
  }

  private constructor(gate: ExitGate, transport: Transport, listener: ProbeListener) {
    this.#gate = gate
    this.#transport = transport
    this.#listener = listener
  }

  async listen(host: string, port: number): Promise<ServerAddress> {
    // Only uWebSockets.js must not be open when the process ends; no exit waits for node:http.
    if (this.#transport === 'uws' && !this.#gate.tryOpen()) {
      throw new HealthError('ERR_HEALTH_STOPPED', 'the server was stopped before it could listen')
    }
    try {
      const bound = await this.#listener.start(host, port)
      return { ...bound, transport: this.#transport }
    } catch (error) {
      this.#gate.markClosed()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#listener.stop()
    this.#gate.markClosed()
  }

  /** For the thread's own exit hook: closes before it returns. */
  closeNow(): void {
    this.#listener.closeNow()
    this.#gate.markClosed()
  }
}
