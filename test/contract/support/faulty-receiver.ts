// A receiver on grpc-js that does to each call what a test says, and keeps what came.

import type { TestContext } from 'node:test'
import {
  status as Code,
  type Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js'
import { fleetServiceDefinition } from '../../../src/heartbeat/fleet-service.js'
import { encodeReportHealthResponse } from '../../../src/heartbeat/wire.js'

export type Fault =
  | 'ok'
  | 'collect'
  | 'hang'
  /** Sends back the `authorization` header as the reason of a refusal. */
  | 'echo token'
  | { readonly code: number; readonly details: string }
  | { readonly slowMs: number }
  | { readonly responseBytes: number }
  | { readonly act: () => void }
  /** Answers as `ok` does, once that has come. */
  | { readonly answerAfter: Promise<unknown> }

export interface Received {
  readonly message: Buffer
  readonly metadata: Metadata
  readonly atMs: number
}

export class FaultyReceiver {
  readonly received: Received[] = []
  /** Of the next calls; after them, `later`. */
  faults: Fault[] = []
  later: Fault | ((message: Buffer) => Fault) = 'ok'
  port = 0
  readonly #server: Server
  #onReceived: (() => void)[] = []

  static async start(
    t: TestContext,
    { credentials = ServerCredentials.createInsecure(), port = 0, options = {} } = {},
  ): Promise<FaultyReceiver> {
    const receiver = new FaultyReceiver(options)
    receiver.port = await new Promise<number>((resolve, reject) => {
      receiver.#server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      )
    })
    t.after(() => receiver.stop())
    return receiver
  }

  private constructor(options: Record<string, number>) {
    this.#server = new Server(options)
    const handle = (
      call: ServerUnaryCall<Buffer, Uint8Array>,
      callback: sendUnaryData<Uint8Array>,
    ) => this.#handle(call, callback)
    this.#server.addService(fleetServiceDefinition, {
      ReportHealth: handle,
      ReportConnectorHealth: handle,
    })
  }

  stop(): void {
    this.#server.forceShutdown()
  }

  /** Resolves when so many calls have come in all. */
  async hasReceived(count: number): Promise<void> {
    while (this.received.length < count) {
      await new Promise<void>((resolve) => this.#onReceived.push(resolve))
    }
  }

  #handle(
    { request, metadata }: ServerUnaryCall<Buffer, Uint8Array>,
    callback: sendUnaryData<Uint8Array>,
  ): void {
    this.received.push({ message: request, metadata, atMs: performance.now() })
    for (const resolve of this.#onReceived.splice(0)) resolve()
    const { later } = this
    const fault = this.faults.shift() ?? (typeof later === 'function' ? later(request) : later)
    if (fault === 'hang') return
    if (fault === 'ok' || fault === 'collect') {
      callback(null, encodeReportHealthResponse(fault === 'collect'))
    } else if (fault === 'echo token') {
      const details = `not for ${String(metadata.get('authorization'))}\nnor anybody`
      callback({ code: Code.PERMISSION_DENIED, details })
    } else if ('code' in fault) {
      callback(fault)
    } else if ('slowMs' in fault) {
      setTimeout(() => callback(null, encodeReportHealthResponse(false)), fault.slowMs)
    } else if ('responseBytes' in fault) {
      callback(null, Buffer.alloc(fault.responseBytes))
    } else if ('answerAfter' in fault) {
      void fault.answerAfter.then(() => callback(null, encodeReportHealthResponse(false)))
    } else {
      fault.act()
    }
  }
}
