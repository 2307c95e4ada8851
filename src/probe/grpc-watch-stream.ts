// A Watch as the hub sees it: a stream whose queue is bounded, by itself and together with all others. Those who do not read
// must not take the memory of the process: a message that waits costs some 100 bytes. gRPC actor's thread.
import type { Writable } from 'node:stream'
import { GrpcCode } from './grpc-codes.js'
import type { ServingStatus } from './grpc-service-names.js'
import type { Watcher } from './grpc-topics.js'

/** Messages that wait for a client to read; one that is further behind loses its stream. */
export const MAX_QUEUED = 1_024
/** Messages that wait for all clients together; from then on those lose their streams for whom more than a few wait. */
export const MAX_QUEUED_IN_ALL = 262_144
export const FEW_QUEUED = 64

/** What waits for all clients, those included whose stream has ended and who have not read the end. */
export class QueuedMessages {
  count = 0
}

export class WatchStream implements Watcher {
  readonly #call: Writable
  readonly #all: QueuedMessages
  /** How many messages of this one are in the count of all. */
  #counted = 0

  constructor(call: Writable, all: QueuedMessages) {
    this.#call = call
    this.#all = all
    call.on('drain', () => this.#count(call.writableLength))
    call.once('close', () => this.#count(0))
  }

  send(status: ServingStatus): boolean {
    const isCrowded = this.#all.count >= MAX_QUEUED_IN_ALL
    const queued = this.#call.writableLength
    if (queued >= (isCrowded ? FEW_QUEUED : MAX_QUEUED)) {
      this.#end(GrpcCode.RESOURCE_EXHAUSTED, `the client is ${queued} changes behind`)
      return false
    }
    this.#call.write({ status })
    this.#count(this.#call.writableLength)
    return true
  }

  /** Messages that were queued before are sent before it. */
  end(reason: string): void {
    this.#end(GrpcCode.UNAVAILABLE, reason)
  }

  #end(code: GrpcCode, details: string): void {
    this.#call.emit('error', { code, details })
  }

  #count(queued: number): void {
    this.#all.count += queued - this.#counted
    this.#counted = queued
  }
}
