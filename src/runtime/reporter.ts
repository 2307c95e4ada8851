// The hot path: one component, reported by one thread. Says nothing if nothing is new.

import { monotonicMs } from '../memory/control.js'
import { type Binding, DirectoryReader } from '../memory/directory.js'
import type { Words } from '../memory/layout.js'
import { SlotMap } from '../memory/slot-latch.js'
import { type Encoded, encodeMetadata, encodeText } from '../memory/text.js'
import {
  checkMessage,
  checkMetadata,
  checkStatus,
  MAX_NAME_BYTES,
  type MetadataInput,
} from '../model/arguments.js'
import { HealthStatus } from '../model/health-status.js'
import type { Attachment } from './attachment.js'

/** Reports one component without a look-up by name. Bound to the thread that made it. */
export interface ComponentReporter {
  readonly name: string
  /**
   * Sets the component's status and message, and its metadata unless that is null or undefined (an empty object clears
   * it). Ignored, and counted in `stats()`, if the component is not registered.
   * @throws HealthError `ERR_HEALTH_ARGUMENT`, `ERR_HEALTH_BACKPRESSURE`, `ERR_HEALTH_STOPPED`
   */
  update(status: HealthStatus, message: string, metadata?: MetadataInput): void
  /** `update` with `HealthStatus.Healthy`; the message is `''` by default. */
  healthy(message?: string, metadata?: MetadataInput): void
  degraded(message?: string, metadata?: MetadataInput): void
  unhealthy(message?: string, metadata?: MetadataInput): void
  /** Says "still alive, nothing changed": one atomic store. */
  beat(): void
  deregister(): void
}

/** Encoded messages of a thread. Collectors repeat a few messages, and encoding is most of an update's cost. */
export class TextCache {
  readonly #texts = new Map<string, Encoded>()
  readonly #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  encode(text: string): Encoded {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    const encoded = encodeText(text, this.#maxBytes)
    if (text.length <= MAX_CACHED_CHARACTERS) {
      if (this.#texts.size === MAX_CACHED_TEXTS) this.#texts.clear()
      this.#texts.set(text, encoded)
    }
    return encoded
  }
}

const MAX_CACHED_TEXTS = 1024
const MAX_CACHED_CHARACTERS = 256
const NO_STATUS = -1

export class Reporter implements ComponentReporter {
  readonly name: string
  readonly #encodedName: Encoded
  readonly #attachment: Attachment
  readonly #directory: DirectoryReader
  readonly #texts: TextCache
  readonly #words: Words
  #binding: Binding | undefined
  #latestTicketIndex = 0
  /** The slot's latest ticket when this reporter last published; nobody else has spoken while it is still there. */
  #ticket = 0
  #status: number = NO_STATUS
  #message = ''
  /** The component's metadata as this reporter left it, if nobody else can have changed it since; flat pairs. */
  #metadata: readonly string[] | undefined
  #encodedMetadata: Encoded | undefined

  constructor(name: string, attachment: Attachment, texts: TextCache) {
    const { region } = attachment
    this.name = name
    this.#encodedName = encodeText(name, MAX_NAME_BYTES)
    this.#attachment = attachment
    this.#directory = new DirectoryReader(region, new SlotMap(region))
    this.#texts = texts
    this.#words = region.words
  }

  update(status: HealthStatus, message: string, metadata?: MetadataInput): void {
    // checkUnchanged. What equals the last update has been checked with it. Pairs with raiseLatest: another thread
    // raises the word before it publishes, so while our ticket is there, our update is the last there is.
    if (
      status === this.#status &&
      message === this.#message &&
      (metadata === null || metadata === undefined || this.#isMetadata(metadata)) &&
      Atomics.load(this.#words, this.#latestTicketIndex) === this.#ticket &&
      !this.#attachment.isDetached
    ) {
      return
    }
    this.#publish(status, message, metadata)
  }

  healthy(message = '', metadata?: MetadataInput): void {
    this.update(HealthStatus.Healthy, message, metadata)
  }

  degraded(message = '', metadata?: MetadataInput): void {
    this.update(HealthStatus.Degraded, message, metadata)
  }

  unhealthy(message = '', metadata?: MetadataInput): void {
    this.update(HealthStatus.Unhealthy, message, metadata)
  }

  beat(): void {
    if (this.#binding === undefined && !this.bind()) return
    Atomics.store(this.#words, this.#attachment.beatIndex(this.#binding!.slot), monotonicMs() | 0)
  }

  deregister(): void {
    this.#whileBound((slot, generation, isSettled) => {
      const isPublished = this.#attachment.deregister(slot, generation, this.#ticket, isSettled)
      if (isPublished) this.#unbind()
      return isPublished
    })
  }

  /** Looks the component up; false if it is not registered. */
  bind(): boolean {
    this.#unbind()
    for (;;) {
      const binding = this.#directory.find(this.#encodedName)
      if (binding === undefined) return false
      this.#latestTicketIndex = this.#attachment.latestTicketIndex(binding.slot)
      this.#ticket = Atomics.load(this.#words, this.#latestTicketIndex)
      // Pairs with SlotWriter.expireReporters: a ticket of the next registration is not to be taken for one of this.
      if (!this.#attachment.isCurrent(binding.slot, binding.generation)) continue
      this.#binding = binding
      return true
    }
  }

  #unbind(): void {
    this.#binding = undefined
    this.#status = NO_STATUS
    this.#metadata = undefined
  }

  #publish(status: HealthStatus, message: string, metadata: MetadataInput): void {
    checkStatus(status)
    checkMessage(message)
    if (metadata !== null && metadata !== undefined) checkMetadata(metadata)
    const text = this.#texts.encode(message)
    const pairs = this.#encode(metadata)
    const attachment = this.#attachment
    this.#whileBound((slot, generation, isSettled) => {
      if (
        !attachment.update(slot, generation, status, text, pairs?.encoded, this.#ticket, isSettled)
      ) {
        return false
      }
      this.#ticket = attachment.ticket
      this.#status = status
      this.#message = message
      if (pairs !== undefined) {
        this.#metadata = pairs.flat
        this.#encodedMetadata = pairs.encoded
      } else if (!attachment.isUndisturbed) {
        this.#metadata = undefined
      }
      if (text.isCut || pairs?.encoded.isCut) attachment.countCut()
      return true
    })
  }

  /**
   * Publishes under the binding, or under a new one if that has ended. What is not registered is ignored, and counted,
   * only after a look that knows all that was published before it.
   */
  #whileBound(publish: (slot: number, generation: number, isSettled: boolean) => boolean): void {
    for (let isSettled = false; ; isSettled = true) {
      if (this.#binding !== undefined || this.bind()) {
        const { slot, generation } = this.#binding!
        if (publish(slot, generation, isSettled)) return
        this.#unbind()
      } else if (isSettled) {
        this.#attachment.countIgnored()
        return
      }
      this.#attachment.settle()
    }
  }

  #encode(metadata: MetadataInput): { flat: readonly string[]; encoded: Encoded } | undefined {
    if (metadata === null || metadata === undefined) return undefined
    if (this.#encodedMetadata !== undefined && this.#isMetadata(metadata)) {
      return { flat: this.#metadata!, encoded: this.#encodedMetadata }
    }
    return {
      flat: Object.entries(metadata).flat(),
      encoded: encodeMetadata(metadata, this.#attachment.region.layout.maxPayloadBytes),
    }
  }

  /**
   * Same keys in the same order with the same values as what this reporter last set. Walks the object in place, as a list
   * of its keys would be garbage of every update; only plain objects, as the walk also meets inherited keys.
   */
  #isMetadata(metadata: Readonly<Record<string, string>>): boolean {
    const known = this.#metadata
    if (known === undefined) return false
    const prototype: unknown = Object.getPrototypeOf(metadata)
    if (prototype !== Object.prototype && prototype !== null) return false
    let at = 0
    for (const key in metadata) {
      if (key !== known[at] || metadata[key] !== known[at + 1]) return false
      at += 2
    }
    return at === known.length
  }
}
