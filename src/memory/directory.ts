// Names to slots: open addressing with linear probing, one word a bucket. The manager alone writes. A bucket is
// filled or buried by one store, so readers never see half an entry; when buried buckets pile up the manager
// builds the other copy afresh and flips the version.
import { HealthError } from '../model/errors.js'
import {
  BLOCK_CONTENT,
  BLOCK_HEADER,
  COPY_NAME,
  COPY_STATUS,
  DIRECTORY_VERSION,
  TOMBSTONE,
  type Words,
} from './layout.js'
import type { Region } from './region.js'
import { generationOf, isRegistered, type SlotMap } from './slot-latch.js'
import type { Encoded } from './text.js'

/** A registered component as a reader found it. */
export interface Binding {
  readonly slot: number
  readonly generation: number
}

const MAX_ATTEMPTS = 64

/** Look-ups from any thread. */
export class DirectoryReader {
  readonly #words: Words
  readonly #map: SlotMap
  readonly #base: number
  readonly #buckets: number

  constructor(region: Region, map: SlotMap) {
    this.#words = region.words
    this.#map = map
    this.#base = region.layout.directory
    this.#buckets = region.layout.directoryBuckets
  }

  /**
   * The slot and generation under which this name is registered; undefined only if there was an instant of this call at
   * which it was not.
   * @throws HealthError `ERR_HEALTH_UNAVAILABLE` if components are registered and deregistered at each of many attempts.
   */
  find(name: Encoded): Binding | undefined {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const version = Atomics.load(this.#words, DIRECTORY_VERSION)
      const found = this.#probe(name, version & 1)
      // A hit proves itself. A miss counts only if the copy was the valid one all the while: pairs with the
      // version store in DirectoryWriter.rebuild. Rebuilds are many registrations apart, so this ends soon.
      if (found !== undefined || Atomics.load(this.#words, DIRECTORY_VERSION) === version)
        return found
    }
    throw new HealthError(
      'ERR_HEALTH_UNAVAILABLE',
      'the directory was rebuilt again and again while a name was looked up',
    )
  }

  #probe(name: Encoded, copy: number): Binding | undefined {
    const base = this.#base + copy * this.#buckets
    for (let step = 0; step < this.#buckets; step++) {
      const entry = Atomics.load(this.#words, base + ((name.hash + step) & (this.#buckets - 1)))
      if (entry === 0) return undefined
      if (entry === TOMBSTONE) continue
      const binding = this.#match(entry - 1, name)
      if (binding !== undefined) return binding
    }
    return undefined
  }

  /**
   * Name and generation stay the same for as long as a registration lasts, however often the slot's copies change
   * meanwhile. So what was compared holds if the slot is registered under the same generation after the comparison: then
   * the registration has lasted through it, its block can't have been freed and given to other content, and no copy, be it
   * the valid one or half written, has held another name under this generation; see Registrations.register.
   */
  #match(slot: number, name: Encoded): Binding | undefined {
    const words = this.#words
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const sequence = Atomics.load(words, this.#map.sequences + slot)
      const copy = this.#map.copy(slot, sequence)
      const statusWord = Atomics.load(words, copy + COPY_STATUS)
      const block = Atomics.load(words, copy + COPY_NAME)
      const generation = generationOf(statusWord)
      const matches = isRegistered(statusWord) && blockEquals(words, block, name)
      // Pairs with SlotWriter.commit: what was compared is one copy's, or at least one registration's. The copy that was valid
      // at the second look says no generation that had ended before it.
      const sequenceNow = Atomics.load(words, this.#map.sequences + slot)
      const isWhole = sequenceNow === sequence
      // In a copy that is being written the registration may be there without its name.
      const isNamed = isRegistered(statusWord) && block !== 0
      if (isWhole || (isNamed && this.#isRegisteredAs(slot, sequenceNow, generation))) {
        return matches ? { slot, generation } : undefined
      }
      // A registration of this slot has begun or ended since the attempt began, or is about to: updates alone lead to none.
    }
    throw new HealthError(
      'ERR_HEALTH_UNAVAILABLE',
      `slot=${slot}: registered anew again and again while a name was looked up`,
    )
  }

  #isRegisteredAs(slot: number, sequence: number, generation: number): boolean {
    const statusWord = Atomics.load(this.#words, this.#map.copy(slot, sequence) + COPY_STATUS)
    return isRegistered(statusWord) && generationOf(statusWord) === generation
  }
}

function blockEquals(words: Words, block: number, text: Encoded): boolean {
  if (block === 0 || Atomics.load(words, block + BLOCK_HEADER) !== text.header) return false
  for (let i = 0; i < text.words.length; i++) {
    if (Atomics.load(words, block + BLOCK_CONTENT + i) !== text.words[i]) return false
  }
  return true
}

/** The manager's side. */
export class DirectoryWriter {
  readonly #words: Words
  readonly #base: number
  readonly #buckets: number
  /** Bucket + 1 of each slot, for burying. */
  readonly #bucketOf: Int32Array
  #tombstones = 0

  constructor(region: Region) {
    this.#words = region.words
    this.#base = region.layout.directory
    this.#buckets = region.layout.directoryBuckets
    this.#bucketOf = new Int32Array(region.layout.maxComponents)
  }

  add(slot: number, hash: number): void {
    const base = this.#current()
    for (let step = 0; ; step++) {
      const bucket = (hash + step) & (this.#buckets - 1)
      const entry = this.#words[base + bucket]!
      if (entry > 0) continue
      if (entry === TOMBSTONE) this.#tombstones--
      // Pairs with the bucket load in DirectoryReader, which takes the name for registered once the slot is committed.
      Atomics.store(this.#words, base + bucket, slot + 1)
      this.#bucketOf[slot] = bucket + 1
      return
    }
  }

  /** `rest` gives the other registered slots with the hashes of their names, for the case that a rebuild is due. */
  remove(slot: number, rest: () => Iterable<readonly [slot: number, hash: number]>): void {
    const bucket = this.#bucketOf[slot]!
    if (bucket === 0) return
    this.#bucketOf[slot] = 0
    Atomics.store(this.#words, this.#current() + bucket - 1, TOMBSTONE)
    this.#tombstones++
    if (this.#tombstones > this.#buckets / 4) this.rebuild(rest())
  }

  /** Writes the copy that is not in use and makes it the one that is. */
  rebuild(entries: Iterable<readonly [slot: number, hash: number]>): void {
    const version = this.#words[DIRECTORY_VERSION]! + 1
    const base = this.#base + (version & 1) * this.#buckets
    for (let bucket = 0; bucket < this.#buckets; bucket++) {
      if (this.#words[base + bucket] !== 0) Atomics.store(this.#words, base + bucket, 0)
    }
    this.#tombstones = 0
    this.#bucketOf.fill(0)
    for (const [slot, hash] of entries) {
      let bucket = hash & (this.#buckets - 1)
      while (this.#words[base + bucket] !== 0) bucket = (bucket + 1) & (this.#buckets - 1)
      Atomics.store(this.#words, base + bucket, slot + 1)
      this.#bucketOf[slot] = bucket + 1
    }
    // Pairs with the version loads in DirectoryReader.find: the copy is whole before it is the valid one.
    Atomics.store(this.#words, DIRECTORY_VERSION, version | 0)
  }

  #current(): number {
    return this.#base + (this.#words[DIRECTORY_VERSION]! & 1) * this.#buckets
  }
}
