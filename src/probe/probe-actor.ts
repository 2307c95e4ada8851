// The probe actor: answers probes from the shared region, whatever the other threads are doing. Runs in the probe
// worker's thread; the host reaches it by Comlink.
import { writeEvidence } from '../evidence/evidence-files.js'
import { IncidentWatch } from '../evidence/incident-watch.js'
import { openRegion } from '../memory/region.js'
import type { ProbeStats } from '../model/probe-stats.js'
import type { HealthHandle } from '../runtime/health-handle.js'
import { chooseListener, type Transport } from './choose-listener.js'
import { EventStreams } from './event-streams.js'
import type { ExitGate } from './exit-gate.js'
import type { GrpcBooks } from './grpc-actor.js'
import { GrpcCounters } from './grpc-counters.js'
import { GrpcLedger } from './grpc-ledger.js'
import { ProbeLedger } from './ledger.js'
import { type BoundAddress, type ProbeListener, stoppedError } from './listener.js'
import { createMetrics } from './metrics.js'
import { measured } from './metrics-recorder.js'
import type { MetricsSource } from './metrics-source.js'
import { createProbeHandler, type ProbeReader } from './routes.js'
import { sayOnStandardError } from './say.js'
import type { ServerSettings } from './server-options.js'
import { bounded, UnsentBodies } from './unsent-bodies.js'

/** What the host hands to the probe worker. */
export interface ProbeBoot
  extends Pick<
    ServerSettings,
    'transport' | 'readTimeoutMs' | 'audience' | 'limits' | 'maxStreams' | 'tls' | 'evidence'
  > {
  readonly handle: HealthHandle
  /** Until when `/startupz` passes in any case, on the monotonic clock. */
  readonly startupDeadline: number
  /** How long it was to pass from its beginning on; 0 for not at all. */
  readonly startupSuppressMs: number
  /** How often the host has restarted the probe actor, this time included. */
  readonly probeRestarts: number
  /** What the gRPC actor writes down, where there is one. */
  readonly grpcBooks: GrpcBooks | undefined
  /** The buffer of the {@link ExitGate}. */
  readonly gate: SharedArrayBuffer
}

export interface ServerAddress extends BoundAddress {
  readonly transport: Transport
  /** The port of the gRPC health service, where one was asked for. It is the gRPC actor's. */
  readonly grpcPort?: number
}

/** What the host may ask of the probe actor. */
export interface ProbeControl {
  /** @throws HealthError `ERR_HEALTH_LISTEN`, or `ERR_HEALTH_STOPPED` where the host is closing already. */
  listen(host: string, port: number): Promise<ServerAddress>
  /** Closes port and connections. After this the thread can be ended by any means. */
  close(): Promise<void>
  /** What the ledger has counted. */
  probeStats(): ProbeStats
}

export class ProbeActor implements ProbeControl {
  readonly #gate: ExitGate
  readonly #transport: Transport
  readonly #listener: ProbeListener
  readonly #streams: EventStreams
  readonly #ledger: ProbeLedger
  #isClosed = false

  static async create(
    boot: ProbeBoot,
    gate: ExitGate,
    reader: ProbeReader & MetricsSource,
  ): Promise<ProbeActor> {
    const { transport: choice, limits, tls, audience, startupDeadline, probeRestarts } = boot
    const { detail } = audience
    const { grpcBooks } = boot
    const grpc = grpcBooks && new GrpcCounters(grpcBooks.counters)
    const { recorder, scrape } = await createMetrics(reader, { detail, probeRestarts, grpc })
    const { onJudged } = recorder
    const region = openRegion(boot.handle.region)
    const streams = new EventStreams(region, boot)
    const transitions = { region, streams }
    const ledger = new ProbeLedger(grpcBooks && new GrpcLedger(grpcBooks.ledger))
    const answering = createProbeHandler(reader, {
      audience,
      startupDeadline,
      startupLatest: startupLatestOf(boot, reader),
      scrape,
      transitions,
      ledger,
      onJudged,
    })
    const unsent = new UnsentBodies(limits.maxUnsentBytes, tls !== undefined)
    const handler = measured(bounded(answering, unsent), recorder, ledger)
    watchIncidents(boot, reader, ledger)
    const { transport, listener } = await chooseListener(choice, handler, { limits, tls })
    return new ProbeActor(gate, transport, listener, streams, ledger)
  }

  private constructor(
    gate: ExitGate,
    transport: Transport,
    listener: ProbeListener,
    streams: EventStreams,
    ledger: ProbeLedger,
  ) {
    this.#gate = gate
    this.#transport = transport
    this.#listener = listener
    this.#streams = streams
    this.#ledger = ledger
  }

  async listen(host: string, port: number): Promise<ServerAddress> {
    // Only uWebSockets.js must not be open when the process ends; no exit waits for node:http.
    if (this.#transport === 'uws' && !this.#gate.tryOpen()) throw stoppedError()
    try {
      const bound = await this.#listener.start(host, port)
      this.#checkOpen()
      return { ...bound, transport: this.#transport }
    } catch (error) {
      this.closeNow()
      throw error
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#streams.close()
    await this.#listener.stop()
    this.#gate.markClosed()
  }

  probeStats(): ProbeStats {
    return this.#ledger.stats()
  }

  /** For the thread's own exit hook: closes before it returns. */
  closeNow(): void {
    this.#isClosed = true
    this.#listener.closeNow()
    this.#gate.markClosed()
  }

  /** The call to close may be waiting behind whatever this thread does; the gate says it at once. */
  #checkOpen(): void {
    if (this.#isClosed || this.#gate.isClosing) throw stoppedError()
  }
}

/** Last words are written from here, where there is a file for them. */
function watchIncidents(
  { evidence, handle }: ProbeBoot,
  { policy, suspensions }: ProbeReader,
  ledger: ProbeLedger,
): void {
  if (evidence === undefined) return
  new IncidentWatch({
    region: openRegion(handle.region),
    policy,
    wedgeComponents: evidence.wedgeComponents,
    suspensions,
    probes: () => ledger.stats(),
    write: (incident) => writeEvidence(incident, evidence, sayOnStandardError),
  }).start()
}

/** Until when an advancing start-up may prolong its excuse: as long as any suppression may last. */
function startupLatestOf(boot: ProbeBoot, { maxSuppressionMs = 0 }: ProbeReader): number {
  const { startupDeadline, startupSuppressMs } = boot
  return startupSuppressMs === 0 ? 0 : startupDeadline - startupSuppressMs + maxSuppressionMs
}
