// The naive peer with a thread: the Map lives in a worker and every call is a message there and back.
import { Worker } from 'node:worker_threads'
import * as Comlink from 'comlink'
import type { HealthStatus } from '../../src/model/health-status.js'
import { nodeEndpoint } from './node-endpoint.js'
import type { PlainStatus } from './plain-map.js'

interface Remote {
  register(name: string): void
  updateStatus(
    name: string,
    status: HealthStatus,
    message: string,
    metadata?: Readonly<Record<string, string>> | null,
  ): void
  livenessCheck(): string | undefined
  checkReadiness(): { report: Map<string, PlainStatus>; error: string | undefined }
  transitions(): number
}

export class ComlinkHealthManager {
  readonly remote: Comlink.Remote<Remote>
  readonly #worker: Worker

  constructor() {
    this.#worker = new Worker(new URL('./comlink-worker.js', import.meta.url))
    this.remote = Comlink.wrap<Remote>(nodeEndpoint(this.#worker))
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}
