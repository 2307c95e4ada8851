// Journals what silence makes of components, once, and what life makes of them again. Readers work it out by themselves and do
// not wait for this; observers and counters of transitions depend on it. Runs in the manager actor alone.

import type { ControlWriter } from '../memory/control.js'
import {
  COPY_MESSAGE,
  COPY_METADATA,
  COPY_NAME,
  COPY_SINCE,
  COPY_STATUS,
  COPY_STREAK,
  COPY_STREAK_BEGAN,
  COPY_TICKET,
  PROGRESS_WORDS,
  SLOT_HIGH_WATER,
} from '../memory/layout.js'
import { OverlayLook } from '../memory/overlay-look.js'
import { put, type Region } from '../memory/region.js'
import { decodeRules } from '../memory/rules-block.js'
import {
  generationOf,
  highWord,
  isRegistered,
  lowWord,
  readTime,
  type SlotWriter,
  statusOf,
  statusWordOf,
  toldOf,
} from '../memory/slot-latch.js'
import { isDamped, writeStreak } from '../memory/streak.js'
import { SuspensionWatch } from '../memory/suspensions.js'
import { encodeText } from '../memory/text.js'
import { epochOf, nowTicks, TICK_MS } from '../memory/ticks.js'
import type { ComponentRules, OverlayLevel } from '../model/component-rules.js'
import { HealthStatus } from '../model/health-status.js'
import type { Interner } from './interner.js'
import type { Recovered } from './recovery.js'

/** Beats ring no bell: a component that lives again is noticed this late, in ticks. */
const LOOK_TICKS = 250 / TICK_MS
/** Transitions in one go; between two, the manager applies records, and readers get their snapshots. */
const TRANSITIONS_A_LOOK = 256
const MAX_TEXT_BYTES = 255

export class Overlays {
  readonly #region: Region
  readonly #slots: SlotWriter
  readonly #control: ControlWriter
  readonly #interner: Interner
  readonly #books: Recovered
  readonly #watch: SuspensionWatch
  readonly #look: OverlayLook
  /** By slot; of registered components that have any. */
  readonly #rules = new Map<number, ComponentRules>()
  /** The tick at which the next look is due. */
  #nextLook = Number.POSITIVE_INFINITY

  constructor(
    region: Region,
    slots: SlotWriter,
    control: ControlWriter,
    interner: Interner,
    books: Recovered,
  ) {
    this.#region = region
    this.#slots = slots
    this.#control = control
    this.#interner = interner
    this.#books = books
    const { words } = region
    this.#watch = new SuspensionWatch(words, nowTicks())
    this.#look = new OverlayLook(region, slots.map, this.#watch)
    for (let slot = 0; slot < words[SLOT_HIGH_WATER]!; slot++) {
      const block = words[slots.map.options(slot)]!
      if (block === 0 || !isRegistered(slots.get(slot, COPY_STATUS))) continue
      this.#rules.set(slot, decodeRules(words, block))
      this.#nextLook = 0
    }
  }

  /**
   * A registration with this block of rules, 0 for none; before its commit, into this copy of the slot. The slot holds the block
   * from now on.
   */
  enter(slot: number, copy: number, block: number): void {
    const { words } = this.#region
    const { map } = this.#slots
    put(words, map.options(slot), block)
    if (block === 0) return
    const now = nowTicks()
    // Before the commit, so that nobody sees the new component silent since its predecessor's last beat.
    Atomics.store(words, map.beat(slot), now | 0)
    put(words, copy + COPY_STREAK_BEGAN, now | 0)
    put(words, copy + COPY_STREAK, 0)
    for (let i = 0; i < PROGRESS_WORDS; i++) Atomics.store(words, map.progress(slot) + i, 0)
    if (this.#rules.size === 0) this.#watch.restart(now)
    const rules = decodeRules(words, block)
    this.#rules.set(slot, rules)
    // Not a look at all of them for each registration.
    this.#look.begin(now)
    this.#look.take(slot, rules)
    this.#nextLook = Math.min(this.#nextLook, this.#look.nextAt)
  }

  /** A deregistration, behind its commit: gives the block of its rules, which the caller lets go of. */
  leave(slot: number): number {
    const index = this.#slots.map.options(slot)
    const block = this.#region.words[index]!
    put(this.#region.words, index, 0)
    this.#rules.delete(slot)
    return block
  }

  /**
   * What an update of a component leaves as the told status. Where the overlay is worse than what the update says, it is not
   * the update that is shown: then the told status stays as it was, and the next look, which is due at once, journals
   * the overlay. An update that was accepted long ago and is applied only now is such a case; one that was accepted a moment
   * ago is not, as its thread has stored its beat before.
   */
  toldAfter(slot: number, told: number, status: number): number {
    const rules = this.#rules.get(slot)
    if (rules === undefined) return status
    this.#look.begin(nowTicks())
    const level = this.#look.take(slot, rules)
    if (status >= level) return status
    this.#nextLook = 0
    return told
  }

  /** An update of a component with rules: writes the streak that it leaves into the open slot's next copy. */
  writeStreak(slot: number, status: number): void {
    const rules = this.#rules.get(slot)
    if (rules === undefined || !isDamped(rules)) return
    this.#look.begin(nowTicks())
    const { from, to } = this.#slots
    writeStreak(this.#region.words, from, to, rules, status, this.#look)
  }

  /** Ms until a look is due; Infinity while no component has rules. This thread watches for suspensions by asking often. */
  dueInMs(): number {
    if (this.#rules.size === 0) return Number.POSITIVE_INFINITY
    const now = nowTicks()
    this.#watch.tick(now)
    return Math.max(0, (this.#nextLook - now) * TICK_MS)
  }

  /** Journals what is shown now and was not told; `begin` is called before the first change. */
  look(begin: () => void): number {
    const now = nowTicks()
    this.#look.begin(now)
    let changes = 0
    let next = now + LOOK_TICKS
    for (const [slot, rules] of this.#rules) {
      const statusWord = this.#slots.get(slot, COPY_STATUS)
      const level = this.#look.take(slot, rules)
      const status = statusOf(statusWord)
      next = Math.min(next, this.#look.nextAt)
      if (Math.max(status, level) === toldOf(statusWord)) continue
      // Another watcher may know more than a manager that is new.
      if (level !== HealthStatus.Unspecified && this.#look.hasToBeginAnew()) return changes
      if (changes === TRANSITIONS_A_LOOK) {
        next = now
        break
      }
      if (changes++ === 0) begin()
      this.#tell(slot, statusWord, level)
    }
    this.#nextLook = next
    return changes
  }

  /** The transition to what is shown of a slot; the look is at it. */
  #tell(slot: number, statusWord: number, level: OverlayLevel): void {
    const { words } = this.#region
    const { heap, journal } = this.#books
    const slots = this.#slots
    const status = statusOf(statusWord)
    const generation = generationOf(statusWord)
    const isOverlaid = level > status
    const newStatus = isOverlaid ? level : status
    const own = isOverlaid
      ? this.#interner.internOwn(encodeText(this.#look.text, MAX_TEXT_BYTES))
      : 0
    const at = epochOf(isOverlaid ? this.#look.beganAt : this.#look.aliveAt)
    const copy = slots.openWhole(slot)
    const { from } = slots
    // A clock that was set back must not turn the component's history around.
    const since = Math.max(at, readTime(words, from + COPY_SINCE))
    journal.append({
      slot,
      generation,
      oldStatus: toldOf(statusWord),
      newStatus,
      ticket: words[from + COPY_TICKET]!,
      observer: this.#control.termTicket,
      name: words[from + COPY_NAME]!,
      message: isOverlaid ? own : words[from + COPY_MESSAGE]!,
      metadata: words[from + COPY_METADATA]!,
      givesMetadata: false,
      isOverlay: true,
      isCountOdd: (slots.transitions(slot, newStatus) & 1) === 0,
      atLow: lowWord(since),
      atHigh: highWord(since),
    })
    // Behind the record and before the commit, as for a transition that was reported: see Applier.
    slots.countTransition(slot, newStatus)
    put(words, copy + COPY_STATUS, statusWordOf(status, newStatus, generation))
    put(words, copy + COPY_SINCE, lowWord(since))
    put(words, copy + COPY_SINCE + 1, highWord(since))
    slots.commit(slot)
    heap.release(own)
  }
}
