// The hot path: one component, reported by one thread. Says nothing if nothing is new.

import { storeBeat, storeProgress } from '../memory/signs-of-life.js'
import { type Encoded, encodeMetadata, encodeText } from '../memory/text.js'
import { nowTicks } from '../memory/ticks.js'
import {
  checkCount,
  checkMessage,
  checkStatus,
  MAX_NAME_BYTES,
  type MetadataInput,
  metadataPairs,
} from '../model/arguments.js'
import type { ComponentRules } from '../model/component-rules.js'
import { HealthError, show, stopped } from '../model/errors.js'
import { HealthStatus } from '../model/health-status.js'
import type { Attachment } from './attachment.js'
import type { ComponentReporter } from './component-reporter.js'
import type { TextCache } from './text-cache.js'

const NO_STATUS = -1
const UNBOUND = -1
/** Each further round takes another deregistration and registration of the same name in between. */
const MAX_ROUNDS = 64

export class Reporter implements ComponentReporter {
  readonly name: string
  readonly #attachment: Attachment
  readonly #texts: TextCache
  /** Slot and generation that the name was found under; -1 while it was not. */
  #slot = UNBOUND
  #generation = 0
  /** The registration was being ended when it was looked up: what we publish for it must be settled first. */
  #isEnding = false
  #latestTicketIndex = 0
  /** Those of the registration; with any, updates are signs of life. */
  #rules: ComponentRules | undefined
  /** The slot's latest ticket when this reporter last published; nobody else has spoken while it is still there. */
  #ticket = 0
  #status: number = NO_STATUS
  #message = ''
  /** The component's metadata as this reporter left it, if nobody else can have changed it since; flat pairs. */
  #metadata: readonly string[] | undefined
  #encodedMetadata: Encoded | undefined

  constructor(name: string, attachment: Attachment, texts: TextCache) {
    this.name = name
    this.#attachment = attachment
    this.#texts = texts
  }

  update(status: HealthStatus, message: string, metadata?: MetadataInput): void {
    // checkUnchanged. What equals the last update has been checked with it. Pairs with raiseLatest: another thread
    // raises the word before it publishes, so while our ticket is there, our update is the last there is.
    if (
      status === this.#status &&
      message === this.#message &&
      (metadata === null || metadata === undefined || this.#isMetadata(metadata)) &&
      Atomics.load(this.#attachment.words, this.#latestTicketIndex) === this.#ticket &&
      !this.#attachment.isDetached
    ) {
      if (this.#rules !== undefined) this.#beat(nowTicks())
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
    if (this.#isToBeat()) this.#beat(nowTicks())
  }

  progress(inCount: number, outCount: number): void {
    checkCount(inCount, 'inCount')
    checkCount(outCount, 'outCount')
    if (!this.#isToBeat()) return
    const now = nowTicks()
    if (this.#rules !== undefined && this.#rules.stallMs !== 0) {
      const { words } = this.#attachment
      const first = this.#attachment.bindings.progressIndex(this.#slot)
      storeProgress(words, first, inCount, outCount, now)
    }
    this.#beat(now)
  }

  /** Whether the component is registered, under the binding as it is from now on: another one may be in the slot by now. */
  #isToBeat(): boolean {
    if (!this.#attachment.isRunning()) throw stopped()
    const isBound =
      this.#slot !== UNBOUND && this.#attachment.bindings.isCurrent(this.#slot, this.#generation)
    return isBound || this.bind()
  }

  #beat(now: number): void {
    storeBeat(this.#attachment.words, this.#attachment.bindings.beatIndex(this.#slot), now)
  }

  deregister(): void {
    if (!this.#ensureBound() || !this.#end(false)) this.#whenSettled(() => this.#end(true))
    this.#attachment.endDeregistration()
  }

  get #isCounted(): boolean {
    return this.#rules !== undefined && (this.#rules.failAfter > 0 || this.#rules.recoverAfter > 0)
  }

  /** Looks the component up; false if it is not registered. */
  bind(): boolean {
    this.#unbind()
    const { bindings } = this.#attachment
    const registration = bindings.registration(encodeText(this.name, MAX_NAME_BYTES))
    if (registration === undefined) return false
    const { slot, generation, rules, ticket } = registration
    this.#latestTicketIndex = bindings.latestTicketIndex(slot)
    this.#ticket = ticket
    this.#rules = rules
    // Behind the ticket, which may be the deregistration's, and then says nothing of it to Attachment.update.
    this.#isEnding = bindings.isEnding(slot, generation)
    this.#slot = slot
    this.#generation = generation
    return true
  }

  #unbind(): void {
    this.#slot = UNBOUND
    this.#status = NO_STATUS
    this.#keepMetadata(undefined)
  }

  #keepMetadata(flat: readonly string[] | undefined): void {
    if (flat !== this.#metadata) this.#encodedMetadata = undefined
    this.#metadata = flat
  }

  #publish(status: HealthStatus, message: string, metadata: MetadataInput): void {
    checkStatus(status)
    checkMessage(message)
    // Before anything is done: metadata that is refused leaves nothing half said.
    const pairs = this.#encode(metadata)
    const text = this.#texts.encode(message)
    if (this.#ensureBound() && this.#tell(status, message, text, pairs, false)) return
    this.#whenSettled(() => this.#tell(status, message, text, pairs, true))
  }

  #tell(
    status: HealthStatus,
    message: string,
    text: Encoded,
    pairs: Pairs | undefined,
    isSettled: boolean,
  ): boolean {
    const attachment = this.#attachment
    const metadata = pairs?.encoded
    const slot = this.#slot
    const generation = this.#generation
    // Before it is published, so that the manager, and whoever sees the update applied, finds it fresh. Between the two a
    // component that was silent is seen alive with what it had said before. Not for another component in the slot.
    if (this.#rules !== undefined && attachment.bindings.isCurrent(slot, generation))
      this.#beat(nowTicks())
    if (!attachment.update(slot, generation, status, text, metadata, this.#ticket, isSettled)) {
      return false
    }
    this.#ticket = attachment.ticket
    // Where updates are counted, none is one too many to publish.
    this.#status = this.#isCounted ? NO_STATUS : status
    this.#message = message
    if (pairs !== undefined) this.#keepMetadata(pairs.flat)
    else if (!attachment.isUndisturbed) this.#keepMetadata(undefined)
    if (text.isCut || metadata?.isCut) attachment.countCut()
    // Our ticket has taken the place of the deregistration's: while it is there, nothing else says that one is under way.
    if (isSettled && attachment.bindings.isEnding(slot, generation)) this.#unbind()
    return true
  }

  #end(isSettled: boolean): boolean {
    const isPublished = this.#attachment.deregister(
      this.#slot,
      this.#generation,
      this.#ticket,
      isSettled,
    )
    if (isPublished) this.#unbind()
    return isPublished
  }

  /** Bound to a registration that is not being ended, as far as this thread knows. */
  #ensureBound(): boolean {
    return (this.#slot !== UNBOUND || this.bind()) && !this.#isEnding
  }

  /**
   * Publishes what could not be under the binding as it was. What is not registered is ignored, and counted, only after a
   * look that knows all that was published before it. Of other threads it may take what is not applied within the bound for
   * something that comes later; what this thread itself has registered comes before.
   */
  #whenSettled(publish: () => boolean): void {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const isSettled = this.#attachment.settle()
      const isBound = this.bind()
      if (!isSettled && (!isBound || this.#isEnding)) throw this.#unknown()
      if (!isBound) {
        this.#attachment.countIgnored()
        return
      }
      if (publish()) return
    }
    this.#unbind()
    throw new HealthError(
      'ERR_HEALTH_UNAVAILABLE',
      `name=${show(this.name)}: registered anew again and again while it was reported`,
    )
  }

  #unknown(): HealthError {
    this.#unbind()
    // As a publication would find out.
    if (!this.#attachment.isRunning()) return stopped()
    return new HealthError(
      'ERR_HEALTH_UNAVAILABLE',
      `name=${show(this.name)}: the manager has not come to what this thread registered before, so whether the component is registered is not known`,
    )
  }

  /** Encoded pairs are kept once they have been repeated: many components say theirs only once. */
  #encode(metadata: MetadataInput): Pairs | undefined {
    if (metadata === null || metadata === undefined) return undefined
    const { maxPayloadBytes } = this.#attachment.region.layout
    if (this.#isMetadata(metadata)) {
      const flat = this.#metadata!
      this.#encodedMetadata ??= encodeMetadata(flat, maxPayloadBytes)
      return { flat, encoded: this.#encodedMetadata }
    }
    const flat = metadataPairs(metadata)
    return { flat, encoded: encodeMetadata(flat, maxPayloadBytes) }
  }

  /**
   * Same keys in the same order with the same values as what this reporter last set. Walks the object in place, as a list
   * of its keys would be garbage of every update; only plain objects, as the walk also meets inherited keys.
   */
  #isMetadata(metadata: Readonly<Record<string, string>>): boolean {
    const known = this.#metadata
    if (known === undefined) return false
    try {
      const prototype: unknown = Object.getPrototypeOf(metadata)
      if (prototype !== Object.prototype && prototype !== null) return false
      let at = 0
      for (const key in metadata) {
        if (key !== known[at] || metadata[key] !== known[at + 1]) return false
        at += 2
      }
      return at === known.length
    } catch {
      // Its own code threw. metadataPairs meets that again, and says so.
      return false
    }
  }
}

interface Pairs {
  readonly flat: readonly string[]
  readonly encoded: Encoded
}
