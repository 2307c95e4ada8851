// Copies the words of slots, and of their blocks that a reader has not decoded yet, into words of its own. What is copied is
// worth something only if the slot's sequence has not moved meanwhile. Belongs to one thread's reader.
import type { ComponentRules } from '../model/component-rules.js'
import {
  BLOCK_STAMP,
  COPY_FIELDS,
  COPY_MESSAGE,
  COPY_METADATA,
  COPY_NAME,
  COPY_STATUS,
  COPY_STREAK,
  COPY_STREAK_BEGAN,
  maxBlockWords,
  type Words,
} from './layout.js'
import { copyBlock } from './payload-heap.js'
import type { Region } from './region.js'
import { decodeRules } from './rules-block.js'
import { generationOf, isRegistered, type SlotMap } from './slot-latch.js'
import { isDamped, type Streak, streakOf } from './streak.js'
import { contentWords } from './text.js'

/** What of a slot need not be copied again. */
export interface KnownSlot {
  /** Generation of the registration, -1 while the slot is free. */
  readonly generation: number
  /** Only of a component with rules. */
  readonly overlay: { readonly rules: ComponentRules } | undefined
  readonly messageStamp: number
  readonly metadataStamp: number
}

/** Raw words of a slot that has moved, kept apart until the whole snapshot is known to be of one instant. */
export interface Draft {
  slot: number
  sequence: number
  fields: number
  name: number
  message: number
  metadata: number
  headers: [name: number, message: number, metadata: number]
  stamps: [message: number, metadata: number]
  /** Of a registration that is new to the cache. */
  rules: ComponentRules | undefined
  /** Of a damped component. */
  streak: Streak | undefined
}

/** Offset of a block's content that was not copied, as the cache has it decoded. */
export const NOT_COPIED = -1

/** Stamp of no block; no block has it. */
export const NO_BLOCK = 0
const MIN_COPY_WORDS = 4096
const MAX_KEPT_WORDS = 65536

export class SlotCopier {
  readonly #words: Words
  readonly #map: SlotMap
  readonly #maxBlockWords: number
  copy = new Int32Array(MIN_COPY_WORDS)
  /** Words of `copy` in use. */
  used = 0

  constructor(region: Region, map: SlotMap) {
    this.#words = region.words
    this.#map = map
    this.#maxBlockWords = maxBlockWords(region.layout)
  }

  /** Long messages need room that others do not. For when nothing of it is in use. */
  shrink(): void {
    if (this.copy.length > MAX_KEPT_WORDS) this.copy = new Int32Array(MIN_COPY_WORDS)
  }

  copySlot(slot: number, sequence: number, known: KnownSlot | undefined): Draft {
    const words = this.#words
    const base = this.#map.copy(slot, sequence)
    const fields = this.#reserve(COPY_FIELDS)
    for (let i = 0; i < COPY_FIELDS; i++) this.copy[fields + i] = Atomics.load(words, base + i)
    const statusWord = this.copy[fields + COPY_STATUS]!
    const generation = isRegistered(statusWord) ? generationOf(statusWord) : -1
    const isSame = known !== undefined && known.generation === generation
    const draft: Draft = {
      slot,
      sequence,
      fields,
      name: NOT_COPIED,
      message: NOT_COPIED,
      metadata: NOT_COPIED,
      headers: [0, 0, 0],
      stamps: [NO_BLOCK, NO_BLOCK],
      rules: undefined,
      streak: undefined,
    }
    if (generation === -1) return draft
    if (!isSame) {
      const block = Atomics.load(words, this.#map.options(slot))
      if (block !== 0) draft.rules = decodeRules(words, block)
      draft.name = this.used
      draft.headers[0] = this.#copyBlock(this.copy[fields + COPY_NAME]!)
    }
    const rules = isSame ? known.overlay?.rules : draft.rules
    if (rules !== undefined && isDamped(rules)) {
      const streak = Atomics.load(words, base + COPY_STREAK)
      draft.streak = streakOf(streak, Atomics.load(words, base + COPY_STREAK_BEGAN))
    }
    const messageBlock = this.copy[fields + COPY_MESSAGE]!
    draft.stamps[0] = this.#stampOf(messageBlock)
    if (!(isSame && draft.stamps[0] === known.messageStamp)) {
      draft.message = this.used
      draft.headers[1] = this.#copyBlock(messageBlock)
    }
    const metadataBlock = this.copy[fields + COPY_METADATA]!
    draft.stamps[1] = this.#stampOf(metadataBlock)
    if (!(isSame && draft.stamps[1] === known.metadataStamp)) {
      draft.metadata = this.used
      draft.headers[2] = this.#copyBlock(metadataBlock)
    }
    return draft
  }

  #stampOf(block: number): number {
    return block === 0 ? NO_BLOCK : Atomics.load(this.#words, block + BLOCK_STAMP)
  }

  #copyBlock(block: number): number {
    if (block === 0) return 0
    const at = this.#reserve(this.#maxBlockWords)
    const header = copyBlock(this.#words, block, this.copy, at, this.#maxBlockWords)
    this.used = at + Math.min(contentWords(header), this.#maxBlockWords)
    return header
  }

  #reserve(count: number): number {
    const at = this.used
    if (at + count > this.copy.length) {
      const larger = new Int32Array(Math.max(at + count, this.copy.length * 2))
      larger.set(this.copy)
      this.copy = larger
    }
    this.used = at + count
    return at
  }
}
