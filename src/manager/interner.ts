// Finds payload blocks for the text of records. Collectors repeat a few messages for ever, so a message that is
// already in the heap is shared instead of written again: a comparison by plain reads costs a tenth of the stores.
import { BLOCK_CONTENT, LENGTH_MASK, type Words } from '../memory/layout.js'
import type { MailboxReader } from '../memory/mailbox.js'
import type { PayloadHeap } from '../memory/payload-heap.js'
import type { Region } from '../memory/region.js'
import { contentWords, decodeText, encodeText } from '../memory/text.js'

/** Blocks kept for reuse although nobody may show them at the moment. */
const CACHE_ENTRIES = 1024
/** Longer content is rarely repeated, and would keep much memory. */
const MAX_CACHED_WORDS = 64
/** What a message that no room was left for is cut to, so that its reader learns of it. */
const LAST_RESORT_BYTES = 48

export class Interner {
  readonly #words: Words
  readonly #heap: PayloadHeap
  readonly #cache = new Int32Array(CACHE_ENTRIES)
  /** Frees the oldest journal records; false when none are left. */
  readonly #evict: () => boolean
  /** Contents shortened for want of room. */
  cutCount = 0

  constructor(region: Region, heap: PayloadHeap, evict: () => boolean) {
    this.#words = region.words
    this.#heap = heap
    this.#evict = evict
  }

  /**
   * A block with the content that begins at `field` of the record, referenced once more for the caller. `current` is
   * the block that the caller holds now; most often it has the same content.
   */
  intern(
    record: MailboxReader,
    field: number,
    header: number,
    current: number,
    content: 'text' | 'metadata',
  ): number {
    if (header === 0) return 0
    if (this.#equals(record, field, header, current)) return this.#heap.retain(current)
    const count = contentWords(header)
    if (count > MAX_CACHED_WORDS) return this.#write(record, field, header, content)
    const place = this.#placeOf(record, field, header, count)
    const cached = this.#cache[place]!
    if (this.#equals(record, field, header, cached)) return this.#heap.retain(cached)
    const block = this.#write(record, field, header, content)
    this.#heap.release(cached)
    this.#cache[place] = this.#heap.retain(block)
    return block
  }

  /** Words that are not in a record. */
  internWords(content: Int32Array, header: number): number {
    if (header === 0) return 0
    const block = this.#allocate(header)
    if (block !== 0) for (const [i, word] of content.entries()) this.#heap.write(block, i, word)
    return block
  }

  #equals(record: MailboxReader, field: number, header: number, block: number): boolean {
    if (block === 0 || this.#heap.header(block) !== header) return false
    const count = contentWords(header)
    for (let i = 0; i < count; i++) {
      if (this.#words[block + BLOCK_CONTENT + i] !== record.get(field + i)) return false
    }
    return true
  }

  #placeOf(record: MailboxReader, field: number, header: number, count: number): number {
    let hash = header
    for (let i = 0; i < count; i++) hash = Math.imul(hash ^ record.get(field + i), 0x9e3779b1)
    return (hash ^ (hash >>> 15)) & (CACHE_ENTRIES - 1)
  }

  #write(
    record: MailboxReader,
    field: number,
    header: number,
    content: 'text' | 'metadata',
  ): number {
    const block = this.#allocate(header)
    if (block === 0) {
      this.cutCount++
      return content === 'text' ? this.#writeCut(record, field, header) : 0
    }
    const count = contentWords(header)
    for (let i = 0; i < count; i++) this.#heap.write(block, i, record.get(field + i))
    return block
  }

  /** The status is never lost for want of room: the message says how much of it is missing instead. */
  #writeCut(record: MailboxReader, field: number, header: number): number {
    if ((header & LENGTH_MASK) <= LAST_RESORT_BYTES) return 0
    const copy = new Int32Array(contentWords(header))
    record.copy(field, copy.length, copy)
    const cut = encodeText(decodeText(copy, 0, header), LAST_RESORT_BYTES)
    return this.internWords(cut.words, cut.header)
  }

  /** Room is made by giving up the cache, then the journal's oldest records. */
  #allocate(header: number): number {
    let block = this.#heap.allocate(header)
    if (block !== 0) return block
    this.#clearCache()
    for (;;) {
      block = this.#heap.allocate(header)
      if (block !== 0 || !this.#evict()) return block
    }
  }

  #clearCache(): void {
    for (let place = 0; place < CACHE_ENTRIES; place++) {
      this.#heap.release(this.#cache[place]!)
      this.#cache[place] = 0
    }
  }
}
