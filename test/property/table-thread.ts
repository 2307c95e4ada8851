// One thread of the table's world: an attachment with its reporters. Each call is made for real, and described by what
// it must do to the model.
import assert from 'node:assert/strict'
import { toFloatWords } from '../../src/memory/control.js'
import {
  KIND_STANDBY,
  KIND_SUPPRESS_LIVENESS,
  KIND_SUPPRESS_READINESS,
} from '../../src/memory/layout.js'
import type { Region } from '../../src/memory/region.js'
import { type Encoded, encodeText } from '../../src/memory/text.js'
import { HealthError } from '../../src/model/errors.js'
import type { HealthStatus } from '../../src/model/health-status.js'
import { Attachment } from '../../src/runtime/attachment.js'
import { Reporter } from '../../src/runtime/reporter.js'
import { TextCache } from '../../src/runtime/text-cache.js'
import { pairsOf } from './support.js'
import type { TableModel } from './table-model.js'

export type Call =
  | {
      kind: 'update'
      thread: number
      name: string
      status: HealthStatus
      message: string
      metadata: Readonly<Record<string, string>> | null | undefined
    }
  | { kind: 'register' | 'deregister'; thread: number; name: string }
  | { kind: 'standby'; thread: number; isOn: boolean }
  | { kind: 'suppress'; thread: number; isLiveness: boolean; deadline: number }

/** What was published and is not applied: the effect on the model. A claim takes no record. */
export interface Pending {
  readonly isRecord: boolean
  apply(): void
}

/** The model, the time of its next change, and what the manager must have counted. */
export interface Books {
  readonly model: TableModel
  now: number
  applied: number
  ignored: number
}

/** The effect of a call that was published, and what must be true when it is due if it was not. */
interface Effect {
  apply(): void
  claim(): void
}

export class TableThread {
  /** A registration returns when it is applied; until then its thread does nothing else. */
  isBlocked = false
  readonly #region: Region
  readonly #books: Books
  readonly #attachment: Attachment
  readonly #reporters = new Map<string, Reporter>()

  constructor(region: Region, books: Books, id: number) {
    this.#region = region
    this.#books = books
    this.#attachment = new Attachment(region, id, 0)
  }

  detach(): void {
    this.#attachment.detach()
  }

  /** Makes the call; undefined if it was refused for want of room. */
  call(call: Call): Pending | undefined {
    const before = this.#attachment.backlog()
    try {
      const effect = this.#publish(call)
      const isRecord = this.#attachment.backlog() > before
      return { isRecord, apply: isRecord ? effect.apply : effect.claim }
    } catch (error) {
      // Nothing was published; the caller may try again.
      if (!(error instanceof HealthError) || error.code !== 'ERR_HEALTH_BACKPRESSURE') throw error
      assert.equal(this.#attachment.backlog(), before)
      return undefined
    }
  }

  #publish(call: Call): Effect {
    switch (call.kind) {
      case 'update':
        return this.#update(call)
      case 'register':
        return this.#register(call.name)
      case 'deregister':
        return this.#deregister(call.name)
      case 'standby':
        return this.#control(KIND_STANDBY, call.isOn ? 1 : 0, 0, undefined, (model) => {
          model.isStandby = call.isOn
        })
      case 'suppress':
        return this.#suppress(call.isLiveness, call.deadline)
    }
  }

  /**
   * An update belongs to the registration that its reporter can see: one that is published but not applied has not
   * returned yet, so the update may come before it.
   */
  #update({ name, status, message, metadata }: Call & { kind: 'update' }): Effect {
    const { model } = this.#books
    const isCurrent = this.#registrationOf(name)
    this.#reporter(name).update(status, message, metadata)
    const apply = () => {
      if (this.#count(isCurrent())) model.update(name, status, message, metadata, this.#books.now)
    }
    const claim = () => {
      if (!isCurrent()) return
      const component = model.components.get(name)!
      assert.equal(component.status, status, 'an update that was not published is missing')
      assert.equal(component.message, message, 'an update that was not published is missing')
      if (metadata !== null && metadata !== undefined)
        assert.deepEqual(component.metadata, pairsOf(metadata))
    }
    return { apply, claim }
  }

  #register(name: string): Effect {
    const receipt = this.#attachment.register(encodeText(name, 255))
    this.isBlocked = true
    const apply = () => {
      const isEntered = this.#books.model.register(name, this.#books.now)
      assert.equal(this.#attachment.wasRefused(receipt), !isEntered)
      if (isEntered) this.#books.applied++
      this.isBlocked = false
    }
    return { apply, claim: mustPublish }
  }

  #deregister(name: string): Effect {
    const isCurrent = this.#registrationOf(name)
    const wasRegistered = isCurrent()
    this.#reporter(name).deregister()
    const apply = () => {
      if (this.#count(isCurrent())) this.#books.model.deregister(name)
    }
    return { apply, claim: wasRegistered ? mustPublish : () => {} }
  }

  #suppress(isLiveness: boolean, deadline: number): Effect {
    const [low, high] = toFloatWords(deadline)
    const kind = isLiveness ? KIND_SUPPRESS_LIVENESS : KIND_SUPPRESS_READINESS
    const reason = deadline === 0 ? undefined : encodeText(`until ${deadline}`, 512)
    return this.#control(kind, low, high, reason, (model) => {
      if (isLiveness) model.livenessDeadline = deadline
      else model.readinessDeadline = deadline
    })
  }

  #control(
    kind: number,
    first: number,
    second: number,
    reason: Encoded | undefined,
    change: (model: TableModel) => void,
  ): Effect {
    this.#attachment.control(kind, first, second, reason)
    const apply = () => {
      change(this.#books.model)
      this.#books.applied++
    }
    return { apply, claim: mustPublish }
  }

  /** Asks whether the name is still registered as it is now. */
  #registrationOf(name: string): () => boolean {
    const { components } = this.#books.model
    const id = components.get(name)?.id
    return () => id !== undefined && components.get(name)?.id === id
  }

  #count(isKnown: boolean): boolean {
    if (isKnown) this.#books.applied++
    else this.#books.ignored++
    return isKnown
  }

  #reporter(name: string): Reporter {
    const known = this.#reporters.get(name)
    if (known !== undefined) return known
    const { maxPayloadBytes } = this.#region.layout
    const reporter = new Reporter(name, this.#attachment, new TextCache(maxPayloadBytes))
    this.#reporters.set(name, reporter)
    return reporter
  }
}

function mustPublish(): void {
  assert.fail('a call that must be published was not')
}
