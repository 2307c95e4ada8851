// The gRPC actor: answers grpc.health.v1.Health from the shared region. A thread of its own, as a gRPC call costs some thirty
// times as much as an HTTP probe: however many calls there are, they make no HTTP probe late. Runs in the gRPC worker's thread;
// the host reaches it by Comlink.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { HealthHandle } from '../runtime/health-handle.js'
import type { ExitGate } from './exit-gate.js'
import { GrpcCounters } from './grpc-counters.js'
import { GrpcLedger } from './grpc-ledger.js'
import { GrpcListener } from './grpc-listener.js'
import type { AnsweredCall } from './grpc-service.js'
import { VERDICT_SERVICES } from './grpc-service-names.js'
import { RegionSource } from './grpc-source.js'
import { stoppedError } from './listener.js'
import type { ProbeReader } from './routes.js'
import type { GrpcSettings, ServerSettings } from './server-options.js'

/** What the host hands to the gRPC worker. */
export interface GrpcBoot extends Pick<ServerSettings, 'readTimeoutMs' | 'audience' | 'limits'> {
  readonly handle: HealthHandle
  readonly grpc: GrpcSettings
  /** What the probe actor tells of gRPC. */
  readonly books: GrpcBooks
  /** The buffer of the {@link ExitGate}. */
  readonly gate: SharedArrayBuffer
}

/** Shared memory that the gRPC actor writes and the probe actor reads. */
export interface GrpcBooks {
  /** Of {@link GrpcLedger}. */
  readonly ledger: SharedArrayBuffer
  /** Of {@link GrpcCounters}. */
  readonly counters: SharedArrayBuffer
}

/** What the host may ask of the gRPC actor. */
export interface GrpcControl {
  /** Gives the port. @throws HealthError `ERR_HEALTH_LISTEN`, or `ERR_HEALTH_STOPPED` where the host is closing already. */
  listen(): Promise<number>
  /** Tells watchers, then closes port and connections. */
  close(): Promise<void>
}

const verdicts = new Map(VERDICT_SERVICES)

export class GrpcActor implements GrpcControl {
  readonly #gate: ExitGate
  readonly #listener: GrpcListener
  readonly #ledger: GrpcLedger
  readonly #counters: GrpcCounters
  #closed: Promise<void> | undefined
  #hastened: Promise<void> | undefined

  constructor(boot: GrpcBoot, gate: ExitGate, reader: ProbeReader) {
    this.#gate = gate
    this.#ledger = new GrpcLedger(boot.books.ledger)
    this.#counters = new GrpcCounters(boot.books.counters)
    const source = new RegionSource(boot.handle, reader.suspensions)
    this.#listener = new GrpcListener(boot.grpc, boot, reader, source, {
      counts: this.#counters,
      onAnswered: (call) => this.#note(call),
      isClosing: () => this.#isClosing(),
    })
  }

  async listen(): Promise<number> {
    if (!this.#gate.tryOpen()) throw stoppedError()
    try {
      const port = await this.#listener.start()
      if (this.#closed !== undefined || this.#gate.isClosing) throw stoppedError()
      return port
    } catch (error) {
      this.closeNow()
      throw error
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#listener.close().then(() => this.#gate.markClosed())
    // Whoever waits at the gate has no time for goodbyes: by the next turn, what watchers are told has been written.
    if (this.#gate.isExiting) this.#hastened ??= nextTurn().then(() => this.closeNow())
    return this.#closed
  }

  /** For the thread's own exit hook: closes before it returns. */
  closeNow(): void {
    this.#closed ??= Promise.resolve()
    this.#listener.closeNow()
    this.#gate.markClosed()
  }

  /** The call to close may be waiting behind many others; the gate says it at once. */
  #isClosing(): boolean {
    if (!this.#gate.isClosing) return false
    void this.close()
    return true
  }

  #note(call: AnsweredCall): void {
    const { method, service, code, isSuccess, reason, client, userAgent, latencyMs } = call
    this.#counters.countCall(method, code)
    this.#ledger.enter({
      path: method === 'List' ? 'grpc:/List' : `grpc:/${method}/${service}`,
      code,
      client,
      userAgent,
      reason,
      question: method === 'Check' ? verdicts.get(service) : undefined,
      isSuccess,
      latencyMs,
    })
  }
}
