// A reader's own decoded copy of every slot. A slot is read again only if its sequence has moved, and its message
// and metadata are decoded again only if their blocks have. Belongs to one thread's reader.

import type { HealthStatus } from '../model/health-status.js'
import { type ComponentStatus, compareUtf8, Report, type ReportIndex } from '../model/report.js'
import type { StartUp } from '../model/start-up.js'
import { COPY_SINCE, COPY_STATUS, COPY_UPDATED_AT, type Words } from './layout.js'
import { OverlayLook } from './overlay-look.js'
import { OverlayView } from './overlay-view.js'
import type { Region } from './region.js'
import { type Draft, type KnownSlot, NO_BLOCK, NOT_COPIED, SlotCopier } from './slot-copier.js'
import { generationOf, isRegistered, readTime, SlotMap, statusOf, toldOf } from './slot-latch.js'
import type { SuspensionWatch } from './suspensions.js'
import { decodeMetadata, decodeText, NO_METADATA } from './text.js'
import { nowTicks } from './ticks.js'

/** How often a component has turned to each status since its registration, modulo 2^32. */
export type TransitionCounts = Readonly<Record<HealthStatus, number>>

/** What is known of one slot. */
interface CachedSlot extends KnownSlot {
  readonly slot: number
  sequence: number
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
const MAX_ATTEMPTS = 16
/** Decoding takes ten times as long as copying, so it is put off, but not for a whole table of changes. */
const MAX_DRAFTS = 1024

export class SlotCache {
  readonly #words: Words
  readonly #map: SlotMap
  readonly #copier: SlotCopier
  readonly #slots: CachedSlot[] = []
  #drafts: Draft[] = []
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
    this.#copier = new SlotCopier(region, this.#map)
  }

  /** Forgets drafts; the next `draft` calls begin a new attempt. */
  begin(): void {
    this.#drafts.length = 0
    this.#copier.used = 0
  }

  /** Copies a slot's words if its sequence has moved. False if the manager kept changing it under every attempt. */
  draft(slot: number): boolean {
    const words = this.#words
    const known = this.#slots[slot]
    const { used } = this.#copier
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const sequence = Atomics.load(words, this.#map.sequences + slot)
      if (known !== undefined && known.sequence === sequence) return true
      this.#copier.used = used
      const draft = this.#copier.copySlot(slot, sequence, known)
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
    this.#copier.shrink()
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
        if (overlay.isByTime && this.#look.hasToBeginAnew()) {
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

  #decode(draft: Draft): void {
    const { copy } = this.#copier
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
    this.#overlay(known, toldOf(statusWord), draft)
    this.#show(known, known.reported)
  }

  /** The overlay begins anew from what was reported; `refresh` follows. */
  #overlay(known: CachedSlot, told: number, { rules, streak }: Draft): void {
    if (rules !== undefined) {
      known.overlay = new OverlayView(known.slot, rules)
      this.#overlaid.add(known)
    }
    if (known.overlay === undefined) return
    known.overlay.report(known.reported, told, streak)
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
