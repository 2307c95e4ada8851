// The naive peer with a thread: the Map lives in a worker and every call is a message there and back.
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import * as Comlink from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import type { HealthStatus } from '../../src/model/health-status.js'
import type { PlainStatus } from './plain-map.js'

/** What the worker exposes. */
export interface Remote {
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
  /** Exposes the same to another thread. */
  connect(port: MessagePort): void
  /** Answers GET /healthz by node:http on the worker's loop; gives the port. */
  listen(): Promise<number>
}

/** The manager as another thread asks it, through a port that `connect` gave. */
export function askThrough(port: MessagePort): Comlink.Remote<Remote> {
  return Comlink.wrap<Remote>(nodeEndpoint(port))
}

export class ComlinkHealthManager {
  readonly remote: Comlink.Remote<Remote>
  readonly #worker: Worker

  constructor() {
    this.#worker = new Worker(new URL('./comlink-worker.js', import.meta.url))
    // The adapter needs of a port only what a Worker has, too.
    this.remote = askThrough(this.#worker as unknown as MessagePort)
  }

  /** A port of its own for another thread. */
  async connect(): Promise<MessagePort> {
    const { port1, port2 } = new MessageChannel()
    await this.remote.connect(Comlink.transfer(port1, [port1]))
    return port2
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}
