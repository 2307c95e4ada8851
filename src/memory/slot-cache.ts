// A reader's own decoded copy of every slot. A slot is read again only if its sequence has moved, and its message
// and metadata are decoded again only if their blocks have. Belongs to one thread's reader.

import type { ComponentRules } from '../model/component-rules.js'
import type { HealthStatus } from '../model/health-status.js'
import { type ComponentStatus, compareUtf8, Report, type ReportIndex } from '../model/report.js'
import type { StartUp } from '../model/start-up.js'
import {
  BLOCK_STAMP,
  COPY_FIELDS,
  COPY_MESSAGE,
  COPY_METADATA,
  COPY_NAME,
  COPY_SINCE,
  COPY_STATUS,
  COPY_UPDATED_AT,
  maxBlockWords,
  type Words,
} from './layout.js'
import { OverlayLook } from './overlay-look.js'
import { OverlayView } from './overlay-view.js'
import { copyBlock } from './payload-heap.js'
import type { Region } from './region.js'
import { decodeRules } from './rules-block.js'
import { generationOf, isRegistered, readTime, SlotMap, statusOf, toldOf } from './slot-latch.js'
import type { SuspensionWatch } from './suspensions.js'
import { contentWords, decodeMetadata, decodeText, NO_METADATA } from './text.js'
import { nowTicks } from './ticks.js'

/** How often a component has turned to each status since its registration, modulo 2^32. */
export type TransitionCounts = Readonly<Record<HealthStatus, number>>

/** What is known of one slot. */
interface CachedSlot {
  readonly slot: number
  sequence: number
  /** Generation of the registration, -1 while the slot is free. */
  generation: number
  name: string
  /** As it was reported. */
  reported: ComponentStatus
  /** As it is shown. */
  status: ComponentStatus
  /** Only of a component with rules. */
  overlay: OverlayView | undefined
  messageStamp: number
  metadataStamp: number
  /** Index in the sorted report. */
  position: number
}

const UNREAD: ComponentStatus = {
  status: 0,
  message: '',
  metadata: NO_METADATA,
  since: 0,
  updatedAt: 0,
}
/** Stamp of no block; no block has it. */
const NO_BLOCK = 0
const MAX_ATTEMPTS = 16
const MIN_COPY_WORDS = 4096
/** Decoding takes ten times as long as copying, so it is put off, but not for a whole table of changes. */
const MAX_DRAFTS = 1024
const MAX_KEPT_WORDS = 65536

/** Raw words of a slot that has moved, kept apart until the whole snapshot is known to be of one instant. */
interface Draft {
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
}

/** Offset of a block's content that was not copied, as the cache has it decoded. */
const NOT_COPIED = -1

export class SlotCache {
  readonly #words: Words
  readonly #map: SlotMap
  readonly #maxBlockWords: number
  readonly #slots: CachedSlot[] = []
  #drafts: Draft[] = []
  #copy = new Int32Array(MIN_COPY_WORDS)
  #used = 0
  readonly #look: OverlayLook
  /** Those with rules. */
  readonly #overlaid = new Set<CachedSlot>()
  /** The tick before which no overlay changes what is shown; Infinity while no cached component has rules. */
  holdsUntil = Number.POSITIVE_INFINITY
  #isMembershipCurrent = false
  /** By position in the report. */
  #registered: readonly CachedSlot[] = []
  #index: ReportIndex = { names: [], positions: new Map() }
  #statuses: ComponentStatus[] = []
  #report: Report = new Report(this.#index, [])
  #isReportCurrent = true

  /** `suspensions` is the watch of this thread, where it keeps one. */
  constructor(region: Region, suspensions?: SuspensionWatch) {
    this.#words = region.words
    this.#map = new SlotMap(region)
    this.#look = new OverlayLook(region, this.#map, suspensions)
    this.#maxBlockWords = maxBlockWords(region.layout)
  }

  /** Forgets drafts; the next `draft` calls begin a new attempt. */
  begin(): void {
    this.#drafts.length = 0
    this.#used = 0
  }

  /** Copies a slot's words if its sequence has moved. False if the manager kept changing it under every attempt. */
  draft(slot: number): boolean {
    const words = this.#words
    const known = this.#slots[slot]
    const used = this.#used
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const sequence = Atomics.load(words, this.#map.sequences + slot)
      if (known !== undefined && known.sequence === sequence) return true
      this.#used = used
      const draft = this.#copySlot(slot, sequence, known)
      // Pairs with SlotWriter.commit: words and blocks of one copy only if the sequence has not moved meanwhile.
      if (Atomics.load(words, this.#map.sequences + slot) !== sequence) continue
      this.#drafts.push(draft)
      // What is decoded early is of its slot's sequence all the same; only the report waits for the whole to be accepted.
      if (this.#drafts.length === MAX_DRAFTS) this.#decodeDrafts()
      return true
    }
    return false
  }

  /** Whether no slot below `count` has moved since it was drafted or cached. */
  isUnmoved(count: number): boolean {
    const expected = new Map(this.#drafts.map((draft) => [draft.slot, draft.sequence]))
    for (let slot = 0; slot < count; slot++) {
      const sequence = expected.get(slot) ?? this.#slots[slot]?.sequence
      if (Atomics.load(this.#words, this.#map.sequences + slot) !== sequence) return false
    }
    return true
  }

  /**
   * Decodes the drafts: the cache now shows the instant at which they were all valid, with the overlays of now. Beats are thus
   * looked at behind the slots, and behind the clock.
   */
  accept(): void {
    this.#decodeDrafts()
    this.refresh()
    // Long messages need room that others do not.
    if (this.#copy.length > MAX_KEPT_WORDS) this.#copy = new Int32Array(MIN_COPY_WORDS)
  }

  /** Brings the overlays up to now. Costs next to nothing where none can have changed. */
  refresh(): void {
    if (this.holdsUntil === Number.POSITIVE_INFINITY) return
    const now = nowTicks()
    if (now < this.holdsUntil) return
    this.#look.begin(now)
    let next = Number.POSITIVE_INFINITY
    for (const known of this.#overlaid) {
      const overlay = known.overlay!
      if (now >= overlay.nextAt) {
        if (overlay.refresh(this.#look)) this.#show(known, overlay.shown)
        if (overlay.isOverlaid && this.#look.hasToBeginAnew()) {
          this.refresh()
          return
        }
      }
      next = Math.min(next, overlay.nextAt)
    }
    this.holdsUntil = next
  }

  /** How the components that tell of progress get on now; undefined where none has yet. */
  startUp(): StartUp | undefined {
    let startUp: StartUp | undefined
    if (this.#overlaid.size === 0) return startUp
    this.#look.begin(nowTicks())
    for (const { slot, overlay } of this.#overlaid) {
      if (overlay!.rules.stallMs === 0) continue
      this.#look.take(slot, overlay!.rules)
      if (this.#look.isStalled) return this.#look.hasToBeginAnew() ? this.startUp() : 'stalled'
      if (this.#look.hasProgressed) startUp = 'advancing'
    }
    return startUp
  }

  #decodeDrafts(): void {
    for (const draft of this.#drafts) this.#decode(draft)
    this.begin()
  }

  /** The cached status of a component; undefined if it was not registered. */
  find(name: string): ComponentStatus | undefined {
    this.#refreshMembership()
    const position = this.#index.positions.get(name)
    return position === undefined ? undefined : this.#statuses[position]
  }

  /** The cached status of a slot under a generation; undefined if it has another by now. */
  at(slot: number, generation: number): ComponentStatus | undefined {
    const known = this.#slots[slot]
    return known !== undefined && known.generation === generation ? known.status : undefined
  }

  /**
   * The counts of a cached component, as they are now; undefined if it is gone meanwhile. Read from the slot each
   * time, as few readers ask.
   */
  transitions(name: string): TransitionCounts | undefined {
    this.#refreshMembership()
    const position = this.#index.positions.get(name)
    if (position === undefined) return undefined
    const { slot, generation } = this.#registered[position]!
    const first = this.#map.transitions(slot)
    const count = (status: number) => Atomics.load(this.#words, first + status) >>> 0
    const counts: TransitionCounts = { 0: count(0), 1: count(1), 2: count(2), 3: count(3) }
    // Pairs with resetTransitions: while the registration is still this one, the counts are of no later one.
    const statusWord = this.#map.statusWord(slot)
    const isSame = isRegistered(statusWord) && generationOf(statusWord) === generation
    return isSame ? counts : undefined
  }

  /** All cached components. The same object until something changes. */
  report(): Report {
    this.#refreshMembership()
    if (!this.#isReportCurrent) {
      this.#report = new Report(this.#index, this.#statuses.slice())
      this.#isReportCurrent = true
    }
    return this.#report
  }

  #copySlot(slot: number, sequence: number, known: CachedSlot | undefined): Draft {
    const words = this.#words
    const base = this.#map.copy(slot, sequence)
    const fields = this.#reserve(COPY_FIELDS)
    for (let i = 0; i < COPY_FIELDS; i++) this.#copy[fields + i] = Atomics.load(words, base + i)
    const statusWord = this.#copy[fields + COPY_STATUS]!
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
    }
    if (generation === -1) return draft
    if (!isSame) {
      const block = Atomics.load(words, this.#map.options(slot))
      if (block !== 0) draft.rules = decodeRules(words, block)
      draft.name = this.#used
      draft.headers[0] = this.#copyBlock(this.#copy[fields + COPY_NAME]!)
    }
    const messageBlock = this.#copy[fields + COPY_MESSAGE]!
    draft.stamps[0] = this.#stampOf(messageBlock)
    if (!(isSame && draft.stamps[0] === known.messageStamp)) {
      draft.message = this.#used
      draft.headers[1] = this.#copyBlock(messageBlock)
    }
    const metadataBlock = this.#copy[fields + COPY_METADATA]!
    draft.stamps[1] = this.#stampOf(metadataBlock)
    if (!(isSame && draft.stamps[1] === known.metadataStamp)) {
      draft.metadata = this.#used
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
    const header = copyBlock(this.#words, block, this.#copy, at, this.#maxBlockWords)
    this.#used = at + Math.min(contentWords(header), this.#maxBlockWords)
    return header
  }

  #reserve(count: number): number {
    const at = this.#used
    if (at + count > this.#copy.length) {
      const larger = new Int32Array(Math.max(at + count, this.#copy.length * 2))
      larger.set(this.#copy)
      this.#copy = larger
    }
    this.#used = at + count
    return at
  }

  #decode(draft: Draft): void {
    const copy = this.#copy
    const { slot, fields } = draft
    const statusWord = copy[fields + COPY_STATUS]!
    const generation = isRegistered(statusWord) ? generationOf(statusWord) : -1
    let known = this.#slots[slot]
    if (known === undefined) {
      known = {
        slot,
        sequence: 0,
        generation: -1,
        name: '',
        reported: UNREAD,
        status: UNREAD,
        overlay: undefined,
        messageStamp: NO_BLOCK,
        metadataStamp: NO_BLOCK,
        position: -1,
      }
      while (this.#slots.length < slot) this.#slots.push({ ...known, slot: this.#slots.length })
      this.#slots[slot] = known
    }
    known.sequence = draft.sequence
    if (known.generation !== generation) {
      known.generation = generation
      this.#isMembershipCurrent = false
      known.overlay = undefined
      this.#overlaid.delete(known)
      if (generation === -1) return
      known.name = decodeText(copy, draft.name, draft.headers[0])
    }
    if (generation === -1) return
    const before = known.reported
    known.messageStamp = draft.stamps[0]
    known.metadataStamp = draft.stamps[1]
    known.reported = Object.freeze({
      status: statusOf(statusWord) as HealthStatus,
      message:
        draft.message === NOT_COPIED
          ? before.message
          : decodeText(copy, draft.message, draft.headers[1]),
      metadata:
        draft.metadata === NOT_COPIED
          ? before.metadata
          : decodeMetadata(copy, draft.metadata, draft.headers[2]),
      since: readTime(copy, fields + COPY_SINCE),
      updatedAt: readTime(copy, fields + COPY_UPDATED_AT),
    })
    this.#overlay(known, toldOf(statusWord), draft.rules)
    this.#show(known, known.reported)
  }

  /** The overlay begins anew from what was reported; `refresh` follows. */
  #overlay(known: CachedSlot, told: number, rules: ComponentRules | undefined): void {
    if (known.overlay !== undefined) known.overlay.report(known.reported, told)
    else if (rules !== undefined) {
      known.overlay = new OverlayView(known.slot, rules, known.reported, told)
      this.#overlaid.add(known)
    } else return
    this.holdsUntil = Number.NEGATIVE_INFINITY
  }

  #show(known: CachedSlot, status: ComponentStatus): void {
    known.status = status
    if (!this.#isMembershipCurrent) return
    this.#statuses[known.position] = status
    this.#isReportCurrent = false
  }

  #refreshMembership(): void {
    if (this.#isMembershipCurrent) return
    const registered = this.#slots.filter((known) => known.generation !== -1)
    registered.sort((a, b) => compareUtf8(a.name, b.name))
    const names = registered.map((known) => known.name)
    for (const [position, known] of registered.entries()) known.position = position
    this.#registered = registered
    this.#index = { names, positions: new Map(names.map((name, position) => [name, position])) }
    this.#statuses = registered.map((known) => known.status)
    this.#isMembershipCurrent = true
    this.#isReportCurrent = false
  }
}
