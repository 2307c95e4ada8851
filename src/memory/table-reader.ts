// Reads of the status table by one thread: of one instant, over all components or a few, and linearizable. Every
// read is bounded: a few attempts, then the manager is asked to pause, then the deadline decides.

import { MAX_NAME_BYTES } from '../model/arguments.js'
import { HealthError } from '../model/errors.js'
import type { ComponentStatus, HealthReport } from '../model/report.js'
import type { StartUp } from '../model/start-up.js'
import { AppliedWait } from './applied-wait.js'
import { type ControlState, readControl } from './control.js'
import { type Binding, DirectoryReader } from './directory.js'
import {
  SLOT_HIGH_WATER,
  SNAPSHOT_DONES,
  SNAPSHOT_REQUESTS,
  STALE_READS,
  TABLE_SEQUENCE,
  type Words,
} from './layout.js'
import type { Patience } from './patience.js'
import type { Region } from './region.js'
import { SlotCache, type TransitionCounts } from './slot-cache.js'
import { SlotMap } from './slot-latch.js'
import type { SuspensionWatch } from './suspensions.js'
import { type Encoded, encodeText } from './text.js'

/** Attempts beside a manager at work before it is asked to pause. */
const FREE_ATTEMPTS = 3
/** A read gets this long for its snapshot even if it spent its time waiting for reports to be applied, in ms. */
const MIN_SNAPSHOT_MS = 20

/** All components and control words at one instant. */
export interface Snapshot {
  readonly report: HealthReport
  readonly control: ControlState
}

/** A few components and the control words at one instant. */
export interface Glance {
  readonly statuses: readonly (ComponentStatus | undefined)[]
  readonly control: ControlState
  /** The tick before which none of them changes by itself. */
  readonly holdsUntil: number
}

/** The name of a component that is read again and again, and where it was found last. */
export interface Watched {
  readonly name: string
  readonly encoded: Encoded
  binding: Binding | undefined
}

export function watch(name: string): Watched {
  return { name, encoded: encodeText(name, MAX_NAME_BYTES), binding: undefined }
}

/** What a reader may be given besides its table. */
export interface ReaderAids {
  /** The watch of its thread for suspensions of the process, where it keeps one. */
  readonly suspensions?: SuspensionWatch | undefined
  /** How long its waits may last in sum, where that matters. */
  readonly patience?: Patience | undefined
}

export class TableReader {
  readonly #words: Words
  readonly #applied: AppliedWait
  readonly #cache: SlotCache
  readonly #directory: DirectoryReader
  readonly #timeoutMs: number
  readonly #patience: Patience | undefined
  /** A look-up of this attempt has found nothing. */
  #isMissing = false
  #control: (ControlState & { readonly sequence: number }) | undefined
  /** The table's sequence that the last accepted attempt saw at rest; -1 if it was not. */
  #restedAt = -1
  #snapshot: Snapshot | undefined
  #snapshotAt = -1

  /** `timeoutMs` bounds the wait for reports that are published but not applied. */
  constructor(region: Region, timeoutMs: number, { suspensions, patience }: ReaderAids = {}) {
    this.#words = region.words
    this.#applied = new AppliedWait(region)
    this.#cache = new SlotCache(region, suspensions)
    this.#directory = new DirectoryReader(region, new SlotMap(region))
    this.#timeoutMs = timeoutMs
    this.#patience = patience
  }

  /**
   * The table's sequence if the table is at rest and nothing is published that is not applied; undefined otherwise.
   * Two reads that get the same value would find the same table.
   */
  restingSequence(): number | undefined {
    if (!this.#applied.note()) return undefined
    const sequence = Atomics.load(this.#words, TABLE_SEQUENCE)
    return (sequence & 1) === 0 ? sequence : undefined
  }

  /** Whether the last read found the table at rest with this sequence. */
  wasRestingAt(sequence: number | undefined): boolean {
    return sequence !== undefined && this.#restedAt === sequence
  }

  /** Waits until everything published before this call is applied; counts a stale read if that takes too long. */
  settle(): void {
    if (this.#applied.note() || this.#waitApplied()) return
    Atomics.add(this.#words, STALE_READS, 1)
  }

  #waitApplied(): boolean {
    if (this.#patience === undefined) return this.#applied.wait(this.#timeoutMs)
    return this.#patience.spend((timeoutMs) => this.#applied.wait(timeoutMs))
  }

  /** All components. The last snapshot again if no new one could be had in time. */
  snapshot(): Snapshot {
    const resting = this.restingSequence()
    if (this.#snapshot !== undefined && resting === this.#snapshotAt) {
      return this.#refreshed(this.#snapshot)
    }
    this.settle()
    return this.#takeSnapshot() ?? this.#lastSnapshot()
  }

  /**
   * What is applied now, for who will look again soon: does not wait for what is published but not applied. Undefined if
   * the manager writes all the while.
   */
  tryPeek(): Snapshot | undefined {
    if (this.#snapshot !== undefined) {
      const sequence = Atomics.load(this.#words, TABLE_SEQUENCE)
      if (sequence === this.#snapshotAt) return this.#refreshed(this.#snapshot)
    }
    return this.#takeSnapshot()
  }

  /**
   * One component as its slot has it now, for who looks often and must disturb nobody: waits for nothing, asks for no pause,
   * counts no stale read. Undefined where it is not registered, or where the manager keeps changing it.
   */
  peek(component: Watched): ComponentStatus | undefined {
    const binding = this.#directory.find(component.encoded)
    if (binding === undefined || !this.#look(binding.slot)) return undefined
    return this.#cache.at(binding.slot, binding.generation)
  }

  /**
   * One component, at an instant of this call: waits like `snapshot`. Looks at its slot alone, so it costs the same beside a
   * manager at work: a miss was right at some instant, see DirectoryReader.find, and a slot that has moved on to another
   * registration since it was found tells that the component was not registered in between.
   */
  one(component: Watched): ComponentStatus | undefined {
    this.settle()
    for (let attempt = 0; attempt < FREE_ATTEMPTS; attempt++) {
      const binding = this.#directory.find(component.encoded)
      if (binding === undefined) return undefined
      if (this.#look(binding.slot)) return this.#cache.at(binding.slot, binding.generation)
    }
    return this.glance([component]).statuses[0]
  }

  /** Brings one slot of the cache up to now; false if the manager kept changing it. */
  #look(slot: number): boolean {
    this.#cache.begin()
    if (!this.#cache.draft(slot)) return false
    this.#cache.accept()
    return true
  }

  /** How the components of the last reads that tell of their progress get on now; undefined where none has yet. */
  startUp(): StartUp | undefined {
    return this.#cache.startUp()
  }

  /** The counts of a component of the last read, as they are now; undefined if it is gone by now. */
  transitions(name: string): TransitionCounts | undefined {
    return this.#cache.transitions(name)
  }

  /** Like `snapshot`, for a few components: costs nothing for the others while the table is at rest. */
  glance(watched: readonly Watched[]): Glance {
    this.settle()
    let isWhole = false
    const isDone = this.#atomically((isAtRest) => {
      // Only a look at the whole table can tell that nothing has moved while the sequence is odd.
      isWhole = !isAtRest
      if (isWhole) return this.#draftAll()
      return watched.every((component) => {
        component.binding = this.#directory.find(component.encoded)
        if (component.binding !== undefined) return this.#cache.draft(component.binding.slot)
        this.#isMissing = true
        return true
      })
    })
    if (!isDone) {
      const { report, control } = this.#lastSnapshot()
      const statuses = watched.map(({ name }) => report.get(name))
      return { statuses, control, holdsUntil: Number.NEGATIVE_INFINITY }
    }
    const statuses = watched.map(({ name, binding }) => {
      if (isWhole) return this.#cache.find(name)
      return binding && this.#cache.at(binding.slot, binding.generation)
    })
    return { statuses, control: this.#control!, holdsUntil: this.#cache.holdsUntil }
  }

  /** @throws HealthError `ERR_HEALTH_UNAVAILABLE` if there has never been one. */
  #lastSnapshot(): Snapshot {
    if (this.#snapshot !== undefined) return this.#snapshot
    throw new HealthError(
      'ERR_HEALTH_UNAVAILABLE',
      `readTimeoutMs=${this.#timeoutMs}: the manager did not pause for a first snapshot`,
    )
  }

  /** The last snapshot, of a table that has not moved since, with the overlays of now. */
  #refreshed(snapshot: Snapshot): Snapshot {
    this.#cache.refresh()
    const report = this.#cache.report()
    if (report === snapshot.report) return snapshot
    this.#snapshot = { report, control: snapshot.control }
    return this.#snapshot
  }

  #takeSnapshot(): Snapshot | undefined {
    if (!this.#atomically(() => this.#draftAll())) return undefined
    this.#snapshot = { report: this.#cache.report(), control: this.#control! }
    this.#snapshotAt = this.#restedAt
    return this.#snapshot
  }

  #draftAll(): boolean {
    // Pairs with Recovered.takeSlot, which moves it before it gives a slot to a registration.
    const count = Atomics.load(this.#words, SLOT_HIGH_WATER)
    for (let slot = 0; slot < count; slot++) if (!this.#cache.draft(slot)) return false
    return true
  }

  /**
   * Runs `draft` until what it has copied, and the control words, are known to be of one instant. False, and counted as
   * a stale read, if the manager writes all the while but does not pause.
   */
  #atomically(draft: (isAtRest: boolean) => boolean): boolean {
    for (let attempt = 0; attempt < FREE_ATTEMPTS; attempt++) if (this.#attempt(draft)) return true
    const deadline = performance.now() + Math.max(this.#timeoutMs, MIN_SNAPSHOT_MS)
    do {
      // The manager pauses between two records while requests outnumber dones; see SnapshotPauses.grant.
      Atomics.add(this.#words, SNAPSHOT_REQUESTS, 1)
      const isDone = this.#attemptUntil(draft, deadline)
      Atomics.add(this.#words, SNAPSHOT_DONES, 1)
      Atomics.notify(this.#words, SNAPSHOT_DONES)
      if (isDone) return true
    } while (performance.now() < deadline)
    Atomics.add(this.#words, STALE_READS, 1)
    return false
  }

  /** The manager comes to its pause within some records, and the pause is short: keep trying while it may last. */
  #attemptUntil(draft: (isAtRest: boolean) => boolean, deadline: number): boolean {
    const end = Math.min(deadline, performance.now() + PAUSE_MS)
    do {
      if (this.#attempt(draft)) return true
    } while (performance.now() < end)
    return false
  }

  #attempt(draft: (isAtRest: boolean) => boolean): boolean {
    const words = this.#words
    // Pairs with beginBatch and endBatch: the same even value before and after means that no batch was at work.
    const before = Atomics.load(words, TABLE_SEQUENCE)
    const control = readControl(words)
    this.#cache.begin()
    this.#isMissing = false
    const wasAtRest = (before & 1) === 0
    const isDrafted = control !== undefined && draft(wasAtRest)
    const isAtRest = wasAtRest && Atomics.load(words, TABLE_SEQUENCE) === before
    // An absence has no sequence that could be looked at again, so beside a batch it proves nothing.
    const isOfOneInstant =
      isDrafted && (isAtRest || (!this.#isMissing && this.#isUnmoved(control.sequence)))
    // Each draft is whole in itself: kept also when they are not of one instant, so that the next attempt copies only
    // what has moved since.
    this.#cache.accept()
    if (!isOfOneInstant) return false
    this.#control = control
    this.#restedAt = isAtRest ? before : -1
    return true
  }

  /**
   * With a batch at work (or a manager that died in one) nothing is lost if nothing has moved: had every word the same
   * value twice, then all had it at the instant between the two looks.
   */
  #isUnmoved(controlSequence: number): boolean {
    const control = readControl(this.#words)
    if (control?.sequence !== controlSequence) return false
    // Pairs as in #draftAll: a slot that was taken meanwhile has moved.
    return this.#cache.isUnmoved(Atomics.load(this.#words, SLOT_HIGH_WATER))
  }
}

/** How long a reader keeps asking before it asks anew, in ms: the manager's pause and the way to it. */
const PAUSE_MS = 2
