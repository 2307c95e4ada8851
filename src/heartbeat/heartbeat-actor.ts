// The heartbeat actor: reads reports from the shared region and sends them, whatever the other threads are doing. Runs in the
// heartbeat worker's thread; the host reaches it by Comlink, and is told of what happens by a port.
import type { MessagePort } from 'node:worker_threads'
import { PHASE, PHASE_STOPPED } from '../memory/layout.js'
import { openRegion, type Region } from '../memory/region.js'
import { HealthError } from '../model/errors.js'
import { type ErrorEnvelope, toEnvelope } from '../runtime/error-envelope.js'
import type { HealthHandle } from '../runtime/health-handle.js'
import { HealthManager } from '../runtime/health-manager.js'
import { HealthReader } from '../runtime/health-reader.js'
import { call } from './call.js'
import { systemClock } from './clock.js'
import { GrpcTransport } from './grpc-transport.js'
import {
  HeartbeatLoop,
  type LoopOptions,
  type LoopStats,
  type SentHeartbeat,
} from './heartbeat-loop.js'
import { OperatorType } from './operator-type.js'
import { findMissing, type HeartbeatSettings } from './options.js'
import { buildHeartbeatRequestFromReport, type ReportHealthRequest } from './request.js'
import { type HeartbeatSource, loadSource, type SourcePlace } from './source.js'
import { standInTransport, type Transport } from './transport.js'
import { TransportComponent } from './transport-component.js'
import { type ConnectorHealth, encodeReportConnectorHealth } from './wire.js'

/** What the host hands to the heartbeat worker. */
export interface HeartbeatBoot {
  readonly handle: HealthHandle
  readonly settings: HeartbeatSettings
  /** Takes {@link HeartbeatEvent}s. */
  readonly events: MessagePort
}

export type HeartbeatEvent =
  | { readonly type: 'sent'; readonly heartbeat: SentHeartbeat }
  | { readonly type: 'error'; readonly operatorType: OperatorType; readonly error: ErrorEnvelope }

/** What the host may ask of the heartbeat actor. */
export interface HeartbeatControl {
  stats(): readonly LoopStats[]
  /** @throws HealthError `ERR_HEALTH_HEARTBEAT` */
  reportConnectorHealth(statuses: readonly ConnectorHealth[]): Promise<void>
  /** Sends the last heartbeat, as far as its time goes. After this the thread can be ended by any means. */
  stop(): Promise<void>
}

/** How long a source may take for its report: longer than the node operator's does by its own bounds. */
const SOURCE_TIMEOUT_MS = 40_000
/** Reports of connectors under way at once. */
const MAX_CONNECTOR_CALLS = 4

export class HeartbeatActor implements HeartbeatControl {
  readonly #boot: HeartbeatBoot
  readonly #region: Region
  readonly #health: HealthManager
  readonly #reader: HealthReader
  readonly #transport: Transport
  readonly #own: HeartbeatLoop
  readonly #others: readonly HeartbeatLoop[]
  readonly #stopping = new AbortController()
  #connectorCalls = 0

  /** @throws HealthError `ERR_HEALTH_CAPACITY` where no thread can attach any more. */
  static start(boot: HeartbeatBoot): HeartbeatActor {
    const actor = new HeartbeatActor(boot)
    actor.#own.start()
    // What sources load, the Kubernetes client for one, blocks this thread: not before the first heartbeat is out.
    void actor.#own.firstOutcome.then(() => {
      if (actor.#stopping.signal.aborted) return
      for (const loop of actor.#others) loop.start()
    })
    return actor
  }

  private constructor(boot: HeartbeatBoot) {
    this.#boot = boot
    const { handle, settings } = boot
    this.#region = openRegion(handle.region)
    this.#health = HealthManager.attach(handle)
    // Not that of the attached runtime: the last heartbeat is sent when that takes no more questions.
    this.#reader = new HealthReader(this.#region, handle.policy, handle.readTimeoutMs)
    this.#transport = transportOf(settings)
    const { component } = settings
    const told =
      component === null ? undefined : new TransportComponent(this.#health, component, systemClock)
    this.#own = this.#createLoop({
      operatorType: () => settings.operatorType,
      build: async () => this.#ownReport(),
      onOutcome: (breaker) => told?.tell(breaker),
    })
    this.#others = settings.sources.map((place) => this.#createSourceLoop(place))
  }

  stats(): readonly LoopStats[] {
    return [this.#own, ...this.#others].map((loop) => loop.stats())
  }

  async reportConnectorHealth(statuses: readonly ConnectorHealth[]): Promise<void> {
    const { clusterId, attemptTimeoutMs } = this.#boot.settings
    if (this.#connectorCalls >= MAX_CONNECTOR_CALLS) {
      throw new HealthError(
        'ERR_HEALTH_BACKPRESSURE',
        `${MAX_CONNECTOR_CALLS} reports of connectors are under way already`,
      )
    }
    const message = encodeReportConnectorHealth({ clusterId, statuses })
    const context = { transport: this.#transport, clock: systemClock, attemptTimeoutMs }
    this.#connectorCalls++
    const outcome = await call(context, 'ReportConnectorHealth', message, this.#stopping.signal)
    this.#connectorCalls--
    if (outcome.isOk) return
    const { error, attempts } = outcome
    throw new HealthError(
      'ERR_HEALTH_HEARTBEAT',
      `the health of connectors was not received: code=${error.code} attempts=${attempts}: ${error.message}`,
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all([
      this.#own.stop(this.#boot.settings.finalTimeoutMs),
      ...this.#others.map((loop) => loop.stop(0)),
    ])
    this.#transport.close()
    await this.#health.stop()
  }

  #ownReport(): ReportHealthRequest {
    const { clusterId, operatorType, version, commit, startTime } = this.#boot.settings
    const report = this.#reader.buildReport()
    return buildHeartbeatRequestFromReport(
      report,
      clusterId,
      operatorType,
      version,
      commit,
      startTime,
    )
  }

  /** Loaded at the first tick, so that a source that can't be loaded costs nobody else anything. */
  #createSourceLoop(place: SourcePlace): HeartbeatLoop {
    const { clusterId, intervalMs } = this.#boot.settings
    let loading: Promise<HeartbeatSource> | undefined
    let operatorType: OperatorType = OperatorType.Unspecified
    const build = async (signal: AbortSignal) => {
      loading ??= loadSource(place, { health: this.#health, intervalMs })
      let source: HeartbeatSource
      try {
        source = await loading
      } catch (error) {
        loading = undefined
        throw error
      }
      operatorType = source.operatorType
      const made = await source.build(signal)
      if (made === undefined) return undefined
      const { report, version, commit, uptimeSince } = made
      return buildHeartbeatRequestFromReport(
        report,
        clusterId,
        operatorType,
        version,
        commit,
        uptimeSince,
      )
    }
    return this.#createLoop({ operatorType: () => operatorType, build, onOutcome: () => {} })
  }

  #createLoop(own: Pick<LoopOptions, 'operatorType' | 'build' | 'onOutcome'>): HeartbeatLoop {
    const { intervalMs, jitterMs, resendDelayMs, attemptTimeoutMs } = this.#boot.settings
    return new HeartbeatLoop({
      ...own,
      // A runtime that another thread has stopped is nobody's state any more. Pairs with Supervisor.stop, which stores it behind
      // the last heartbeat of its own reporters.
      build: async (signal) =>
        Atomics.load(this.#region.words, PHASE) === PHASE_STOPPED ? undefined : own.build(signal),
      intervalMs,
      jitterMs,
      resendDelayMs,
      attemptTimeoutMs,
      buildTimeoutMs: SOURCE_TIMEOUT_MS,
      transport: this.#transport,
      clock: systemClock,
      random: Math.random,
      onSent: (heartbeat) => this.#post({ type: 'sent', heartbeat }),
      onError: (error, operatorType) =>
        this.#post({ type: 'error', operatorType, error: toEnvelope(error) }),
    })
  }

  #post(event: HeartbeatEvent): void {
    this.#boot.events.postMessage(event)
  }
}

function transportOf(settings: HeartbeatSettings): Transport {
  const { url } = settings
  if (url === undefined || findMissing(settings) !== undefined) return standInTransport
  return new GrpcTransport({ ...settings, url })
}
