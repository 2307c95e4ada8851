// Notices that readiness has passed for the first time, for however short a while and whether or not anybody asks. Runs
// in the manager actor alone, between a record's application and the move of its mailbox's head.
import { readControl } from '../memory/control.js'
import { DirectoryReader } from '../memory/directory.js'
import {
  KIND_DEREGISTER,
  KIND_REGISTER,
  KIND_STANDBY,
  KIND_UPDATE,
  READINESS_SEEN,
  type Words,
} from '../memory/layout.js'
import type { MailboxReader } from '../memory/mailbox-reader.js'
import type { Region } from '../memory/region.js'
import { SlotMap, toldOf } from '../memory/slot-latch.js'
import { type Encoded, encodeText } from '../memory/text.js'
import { MAX_NAME_BYTES } from '../model/arguments.js'
import type { HealthStatus } from '../model/health-status.js'
import { isReady, type ReadinessPolicy } from '../model/policy.js'

/** No update is of this slot: what is in the way is a component that is not registered. */
const NO_SLOT = -1

export class ReadinessWatch {
  readonly #words: Words
  readonly #map: SlotMap
  readonly #directory: DirectoryReader
  readonly #names: readonly Encoded[]
  readonly #unregistered: ReadinessPolicy['unregistered']
  #isSeen: boolean
  /** The slot of the first component that is in the way: while nothing comes of it, readiness cannot pass. */
  #obstacle = NO_SLOT

  /** Takes over the region, behind its recovery: a predecessor may have died before it noticed. */
  constructor(region: Region, { readiness, unregistered }: ReadinessPolicy) {
    this.#words = region.words
    this.#map = new SlotMap(region)
    this.#directory = new DirectoryReader(region, this.#map)
    this.#names = readiness.map((name) => encodeText(name, MAX_NAME_BYTES))
    this.#unregistered = unregistered
    this.#isSeen = this.#words[READINESS_SEEN] === 1
    if (!this.#isSeen && (this.#isStandby() || this.#areReady())) this.#remember()
  }

  /** Looks, if it has not passed before and this record, which was just applied, can have let it pass. */
  notice(record: MailboxReader): void {
    if (!this.#isSeen && this.#passesWith(record)) this.#remember()
  }

  /** The same for overlays that were told just now: one that has ended may have been in the way. */
  noticeOverlays(): void {
    if (!this.#isSeen && this.#areReady()) this.#remember()
  }

  #passesWith({ kind, slot, status }: MailboxReader): boolean {
    switch (kind) {
      case KIND_UPDATE:
        return slot === this.#obstacle && this.#isReady(status) && this.#areReady()
      case KIND_REGISTER:
      case KIND_DEREGISTER:
        return this.#areReady()
      case KIND_STANDBY:
        return this.#isStandby()
      default:
        // A suppression is no evidence of a start, and what it hides counts as if there were none.
        return false
    }
  }

  #remember(): void {
    this.#isSeen = true
    // Pairs with RegionReader.hasBeenReady: who has seen this record applied, or anything after it, finds the word set.
    Atomics.store(this.#words, READINESS_SEEN, 1)
  }

  #isStandby(): boolean {
    return readControl(this.#words)?.isStandby === true
  }

  /**
   * By told statuses: a component that has reported that it is healthy, and is silent since, is not. Damping is no part of
   * it: a start is over with the first good report, and `/startupz` goes by what is shown as well.
   */
  #areReady(): boolean {
    for (const name of this.#names) {
      const slot = this.#directory.find(name)?.slot
      const status = slot === undefined ? undefined : toldOf(this.#map.statusWord(slot))
      if (this.#isReady(status)) continue
      this.#obstacle = slot ?? NO_SLOT
      return false
    }
    return true
  }

  #isReady(status: number | undefined): boolean {
    return isReady(status as HealthStatus | undefined, this.#unregistered)
  }
}
