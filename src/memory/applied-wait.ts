// The reader's half of linearizability: whatever any thread had published when a read began is applied before the
// read looks at the table. Belongs to one thread's reader; bounded, and never in the manager's way.
import { availableParallelism } from 'node:os'
import {
  APPLIED_SEQUENCE,
  APPLY_WAITERS,
  CLOSED_BIT,
  DOORBELL,
  isAfter,
  MAILBOX_HEAD,
  MAILBOX_HEADER_WORDS,
  MAILBOX_HIGH_WATER,
  MAILBOX_TAIL,
  PARKED,
  type Words,
} from './layout.js'
import { hasManagerFailed } from './manager-state.js'
import type { Region } from './region.js'

/**
 * How long a reader looks for a manager that wakes from its park before it gives its core away, in ms: about as long as
 * that takes; to sleep and be woken as well would cost as much again. On a single core the manager needs it at once.
 */
const SPIN_MS = availableParallelism() > 1 ? 0.1 : 0
/** Looks before any sleep, and between two looks at the clock, which costs as much as some of them. */
const LOOKS = 32
/** A notify that was lost with its manager is noticed this late, in ms. */
const SLICE_MS = 20

export class AppliedWait {
  readonly #words: Words
  readonly #mailboxes: number
  /** Per mailbox: the tail noted, and the head last seen. */
  readonly #noted: Int32Array
  readonly #seen: Int32Array
  readonly #spinMs: number
  #count = 0
  /** After a wait in vain: a mailbox that was behind, and its head; -1 if there was none. */
  #stuckMailbox = -1
  #stuckHead = 0

  constructor(region: Region, spinMs = SPIN_MS) {
    this.#spinMs = spinMs
    this.#words = region.words
    this.#mailboxes = region.layout.mailboxes
    this.#noted = new Int32Array(region.layout.maxThreads)
    this.#seen = new Int32Array(region.layout.maxThreads)
  }

  /** noteTails: true if everything published so far is applied already. */
  note(): boolean {
    const words = this.#words
    // Pairs with raiseHighWater, which comes before the first publication of a mailbox.
    this.#count = Atomics.load(words, MAILBOX_HIGH_WATER)
    let isApplied = true
    for (let i = 0; i < this.#count; i++) {
      // Pairs with publishTail: an update that has returned is below the tail.
      const tail = Atomics.load(words, this.#header(i) + MAILBOX_TAIL) & ~CLOSED_BIT
      this.#noted[i] = tail
      if (tail !== this.#seen[i] && !this.#isApplied(i)) isApplied = false
    }
    return isApplied
  }

  /**
   * waitApplied: false if the manager did not get there in time. After a wait in vain further ones return at once,
   * until the manager has gone on: many reads must not wait in sum for what one has waited for.
   */
  wait(timeoutMs: number): boolean {
    return this.#wait(timeoutMs, true)
  }

  /** Like `wait`, but as long as it may, whatever an earlier wait was in vain for: for who has nothing else to answer with. */
  waitInFull(timeoutMs: number): boolean {
    return this.#wait(timeoutMs, false)
  }

  #wait(timeoutMs: number, canGiveUp: boolean): boolean {
    const start = performance.now()
    // A manager at work has other records first, and would be held up by looks at the heads that it moves. Pairs with
    // ManagerActor.#park, as the look before each sleep does.
    const isWaking = Atomics.load(this.#words, PARKED) !== 0
    const spinEnd = start + (isWaking ? Math.min(this.#spinMs, timeoutMs) : 0)
    do {
      for (let look = 0; look < LOOKS; look++) if (this.#areApplied()) return true
      if (canGiveUp && this.#isStuck()) return false
    } while (performance.now() < spinEnd)
    const isApplied = this.#waitUntil(start + timeoutMs)
    this.#stuckMailbox = isApplied ? -1 : this.#firstUnapplied()
    if (!isApplied) this.#stuckHead = this.#seen[this.#stuckMailbox]!
    return isApplied
  }

  #waitUntil(deadline: number): boolean {
    const words = this.#words
    for (;;) {
      const sequence = Atomics.load(words, APPLIED_SEQUENCE)
      Atomics.add(words, APPLY_WAITERS, 1)
      // Pairs with Drain.#settle, which looks for waiters after the heads have moved: either it sees this one, or
      // this look sees the heads.
      if (this.#areApplied()) return true
      const left = deadline - performance.now()
      if (left <= 0 || hasManagerFailed(words)) return false
      // A producer that was killed after it had published has not rung.
      if (Atomics.load(words, PARKED) !== 0) ring(words)
      Atomics.wait(words, APPLIED_SEQUENCE, sequence, Math.min(left, SLICE_MS))
    }
  }

  /** The mailbox that the last wait was in vain for stands where it stood. */
  #isStuck(): boolean {
    if (this.#stuckMailbox === -1) return false
    const head = Atomics.load(this.#words, this.#header(this.#stuckMailbox) + MAILBOX_HEAD)
    if (head === this.#stuckHead) return true
    this.#stuckMailbox = -1
    return false
  }

  #firstUnapplied(): number {
    let mailbox = 0
    while (mailbox < this.#count - 1 && this.#noted[mailbox] === this.#seen[mailbox]) mailbox++
    return mailbox
  }

  #areApplied(): boolean {
    let isApplied = true
    for (let i = 0; i < this.#count; i++) {
      if (this.#noted[i] !== this.#seen[i] && !this.#isApplied(i)) isApplied = false
    }
    return isApplied
  }

  #isApplied(mailbox: number): boolean {
    // Pairs with advanceHead: what the records below it did is visible.
    const head = Atomics.load(this.#words, this.#header(mailbox) + MAILBOX_HEAD)
    this.#seen[mailbox] = isAfter(head, this.#noted[mailbox]!) ? this.#noted[mailbox]! : head
    return this.#seen[mailbox] === this.#noted[mailbox]
  }

  #header(mailbox: number): number {
    return this.#mailboxes + mailbox * MAILBOX_HEADER_WORDS
  }
}

/** Wakes the manager, wherever it waits. Pairs with ManagerActor.#park, which notes the doorbell before its last look. */
export function ring(words: Words): void {
  Atomics.add(words, DOORBELL, 1)
  Atomics.notify(words, DOORBELL)
}
