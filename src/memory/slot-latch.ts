// One slot of the status table: a latch of two copies, of which the sequence names the valid one. The manager
// writes the other copy and then moves the sequence, so a reader finds a whole copy at any instant, also when the
// manager died in the middle of a write. (Linux calls the construct a seqcount latch.)
import {
  COPY_FIELDS,
  COPY_METADATA_TICKET,
  COPY_STATUS,
  COPY_TICKET,
  GENERATION_SHIFT,
  isAfter,
  REGISTERED,
  SLOT_BEAT,
  SLOT_COPY_WORDS,
  SLOT_ENDING,
  SLOT_LATEST_TICKET,
  SLOT_OPTIONS,
  SLOT_PROGRESS,
  SLOT_TRANSITIONS,
  SLOT_WORDS,
  STATUS_COUNT,
  STATUS_MASK,
  TICKET_COUNTER,
  TOLD_SHIFT,
  type Words,
} from './layout.js'
import { put, type Region } from './region.js'

const HALF = 2 ** 32
const MAX_ATTEMPTS = 64

/** Where the words of the slots are. Any thread. */
export class SlotMap {
  readonly words: Words
  readonly sequences: number
  readonly #slots: number

  constructor(region: Region) {
    this.words = region.words
    this.sequences = region.layout.sequences
    this.#slots = region.layout.slots
  }

  /** The first word of the copy that belongs to this sequence value. */
  copy(slot: number, sequence: number): number {
    return this.#slots + slot * SLOT_WORDS + (sequence & 1) * SLOT_COPY_WORDS
  }

  latestTicket(slot: number): number {
    return this.#slots + slot * SLOT_WORDS + SLOT_LATEST_TICKET
  }

  options(slot: number): number {
    return this.#slots + slot * SLOT_WORDS + SLOT_OPTIONS
  }

  beat(slot: number): number {
    return this.#slots + slot * SLOT_WORDS + SLOT_BEAT
  }

  /** The first of the words of its progress. */
  progress(slot: number): number {
    return this.#slots + slot * SLOT_WORDS + SLOT_PROGRESS
  }

  ending(slot: number): number {
    return this.#slots + slot * SLOT_WORDS + SLOT_ENDING
  }

  /** The first of the words that count the slot's transitions, one a status. */
  transitions(slot: number): number {
    return this.#slots + slot * SLOT_WORDS + SLOT_TRANSITIONS
  }

  /**
   * The slot's status word, for a producer that wants to know whether its generation is still the registered one.
   * Only a hint under a storm of commits; the manager compares generations again.
   */
  statusWord(slot: number): number {
    let word = 0
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const sequence = Atomics.load(this.words, this.sequences + slot)
      word = Atomics.load(this.words, this.copy(slot, sequence) + COPY_STATUS)
      // Pairs with SlotWriter.commit.
      if (Atomics.load(this.words, this.sequences + slot) === sequence) break
    }
    return word
  }
}

/** The status that was reported last. */
export function statusOf(statusWord: number): number {
  return statusWord & STATUS_MASK
}

/** The status that the last transition led to; 0 before the first one. */
export function toldOf(statusWord: number): number {
  return (statusWord >> TOLD_SHIFT) & STATUS_MASK
}

export function isRegistered(statusWord: number): boolean {
  return (statusWord & REGISTERED) !== 0
}

export function generationOf(statusWord: number): number {
  return statusWord >>> GENERATION_SHIFT
}

/** Of a registered slot. */
export function statusWordOf(status: number, told: number, generation: number): number {
  return status | REGISTERED | (told << TOLD_SHIFT) | (generation << GENERATION_SHIFT)
}

/** Of a slot that is free; the generation is that of its last registration. */
export function freeWordOf(generation: number): number {
  return generation << GENERATION_SHIFT
}

/** The generation after this one; wraps, as a status word has 27 bits for it. */
export function nextGeneration(generation: number): number {
  return ((generation + 1) << GENERATION_SHIFT) >>> GENERATION_SHIFT
}

/** Generations wrap: right while they are less than half of all apart. */
export function isSameOrLaterGeneration(a: number, b: number): boolean {
  return (a - b) << GENERATION_SHIFT >= 0
}

/** The manager's side of the slots: one change at a time, `open` then `commit`. */
export class SlotWriter {
  readonly map: SlotMap
  readonly #words: Words
  /** Of the open slot: the valid copy, and the one to write, which nobody reads before `commit`. */
  from = 0
  to = 0

  constructor(map: SlotMap) {
    this.map = map
    this.#words = map.words
  }

  /** Finds the copies of a slot. Plain reads here and of the copies: no other thread writes these words. */
  open(slot: number): void {
    const { map } = this
    const sequence = this.#words[map.sequences + slot]!
    this.from = map.copy(slot, sequence)
    this.to = map.copy(slot, sequence + 1)
  }

  /**
   * The generation of the next registration of the open slot. Not the one that a predecessor has died over: a reader that
   * has met its half would take the name there for that of this one.
   */
  freshGeneration(): number {
    const last = generationOf(this.#words[this.from + COPY_STATUS]!)
    const begun = generationOf(this.#words[this.to + COPY_STATUS]!)
    return nextGeneration(isSameOrLaterGeneration(last, begun) ? last : begun)
  }

  /** A field of the slot's valid copy. */
  get(slot: number, field: number): number {
    const { map } = this
    return this.#words[map.copy(slot, this.#words[map.sequences + slot]!) + field]!
  }

  /** Opens a slot and takes over into the next copy what a change leaves as it is. */
  openWhole(slot: number): number {
    this.open(slot)
    for (let field = 0; field < COPY_FIELDS; field++) {
      put(this.#words, this.to + field, this.#words[this.from + field]!)
    }
    return this.to
  }

  /** commitSlot: makes the next copy the valid one. Pairs with the readers' check that the sequence has not moved:
   *  the copy's stores come before this one, and the stores of the copy after it come later. */
  commit(slot: number): void {
    const index = this.map.sequences + slot
    Atomics.store(this.#words, index, (this.#words[index]! + 1) | 0)
  }

  /** Transitions to a status since the slot's registration, modulo 2^32. */
  transitions(slot: number, status: number): number {
    return this.#words[this.map.transitions(slot) + status]!
  }

  countTransition(slot: number, status: number): void {
    const index = this.map.transitions(slot) + status
    Atomics.store(this.#words, index, (this.#words[index]! + 1) | 0)
  }

  /** For a new registration, before its commit: until then nobody takes the counts for anybody's. */
  resetTransitions(slot: number): void {
    const first = this.map.transitions(slot)
    for (let status = 0; status < STATUS_COUNT; status++) put(this.#words, first + status, 0)
  }

  /**
   * Makes everyone who reports through an earlier registration of this slot look again: one who had published after
   * the deregistration, but before it was applied, would else go on taking that update for the latest. Gives the
   * ticket that it raises, later than all that were raised before.
   */
  expireReporters(slot: number): number {
    const index = this.map.latestTicket(slot)
    for (;;) {
      const latest = Atomics.load(this.#words, index)
      const ticket = Atomics.add(this.#words, TICKET_COUNTER, 1)
      // Pairs with raiseLatest in Attachment: an exchange before this one leaves a ticket that is gone now, one after
      // it fails first, and then finds the registration ended.
      if (Atomics.compareExchange(this.#words, index, latest, ticket) === latest) return ticket
    }
  }

  /** Lifts the tickets of a slot that has been idle for long, so that comparisons with them stay right. */
  sweep(slot: number, mark: number): void {
    for (const field of [COPY_TICKET, COPY_METADATA_TICKET]) {
      if (!isAfter(mark, this.get(slot, field))) continue
      put(this.#words, this.openWhole(slot) + field, mark)
      this.commit(slot)
    }
    const index = this.map.latestTicket(slot)
    const latest = Atomics.load(this.#words, index)
    // If a producer has raised the word meanwhile, it needs no sweeping.
    if (isAfter(mark, latest)) Atomics.compareExchange(this.#words, index, latest, mark)
  }
}

/** The words of an epoch time in ms, which is an integer. */
export function lowWord(epochMs: number): number {
  return epochMs | 0
}

export function highWord(epochMs: number): number {
  return Math.floor(epochMs / HALF)
}

export function readTime(words: Int32Array, index: number): number {
  return words[index + 1]! * HALF + (words[index]! >>> 0)
}
