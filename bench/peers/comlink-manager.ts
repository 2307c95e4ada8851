// The naive peer with a thread: the Map lives in a worker and every call is a message there and back.
import { type MessagePort, Worker } from 'node:worker_threads'
import * as Comlink from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import type { HealthStatus } from '../../src/model/health-status.js'
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
    // The adapter needs of a port only what a Worker has, too.
    const port = this.#worker as unknown as MessagePort
    this.remote = Comlink.wrap<Remote>(nodeEndpoint(port))
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}
