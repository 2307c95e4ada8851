// Finds payload blocks for the text of records. Collectors repeat a few messages for ever, so a message that is
// already in the heap is shared instead of written again: a comparison by plain reads costs a tenth of the stores.
import {
  BLOCK_CONTENT,
  BLOCK_HEADER,
  HASH_MASK,
  LENGTH_MASK,
  type Words,
} from '../memory/layout.js'
import type { MailboxReader } from '../memory/mailbox-reader.js'
import type { PayloadHeap } from '../memory/payload-heap.js'
import type { Region } from '../memory/region.js'
import { contentWords, decodeText, type Encoded, encodeText } from '../memory/text.js'

/** Blocks kept for reuse although nobody may show them at the moment: one for each hash that records can carry. */
const CACHE_ENTRIES = HASH_MASK + 1
/** Longer content is rarely repeated, and would keep much memory. */
const MAX_CACHED_WORDS = 64
/** What a message that no room was left for is cut to, so that its reader learns of it. */
const LAST_RESORT_BYTES = 48

/** How often content goes without room before the journal is given up for it once more. */
const SPARED_ATTEMPTS = 1000

/** What a block holds: a message that does not fit is cut, metadata that does not fit is left out. */
export type Content = 'text' | 'metadata'

export class Interner {
  readonly #words: Words
  readonly #heap: PayloadHeap
  readonly #cache = new Int32Array(CACHE_ENTRIES)
  /** Frees the oldest journal records; false when none are left. */
  readonly #evict: () => boolean
  /** Content of so many words or more gives up no record, for so many attempts. */
  #sparedWords = 0
  #sparedAttempts = 0
  /** Contents shortened for want of room. */
  cutCount = 0

  constructor(region: Region, heap: PayloadHeap, evict: () => boolean) {
    this.#words = region.words
    this.#heap = heap
    this.#evict = evict
  }

  /**
   * A block with the record's text, referenced once more for the caller. `current` is the block that the caller holds
   * now; it often has the same content.
   */
  internText(record: MailboxReader, current: number): number {
    const { textHeader: header, textHash: hash } = record
    return this.#intern(record, record.textAt(), header, hash, current, 'text')
  }

  /** The same for the record's metadata. */
  internMetadata(record: MailboxReader, current: number): number {
    const { metadataHeader: header, metadataHash: hash } = record
    return this.#intern(record, record.metadataAt(), header, hash, current, 'metadata')
  }

  /** Content from ring position `at` on, with the hash that the record carries for it. */
  #intern(
    record: MailboxReader,
    at: number,
    header: number,
    hash: number,
    current: number,
    content: Content,
  ): number {
    if (header === 0) return 0
    const isLong = contentWords(header) > MAX_CACHED_WORDS
    const cached = isLong ? 0 : this.#cache[hash]!
    if (this.#equals(record, at, header, cached)) return this.#heap.retain(cached)
    if (this.#equals(record, at, header, current)) return this.#heap.retain(current)
    if (isLong) return this.#write(record, at, header, content)
    const block = this.#write(record, at, header, content)
    // Not `cached`: making room may have emptied the cache.
    this.#heap.release(this.#cache[hash]!)
    this.#cache[hash] = this.#heap.retain(block)
    return block
  }

  /** A new block with the words of a component's name, which is worth all old transitions; 0 if there is no room for it. */
  internName(content: Int32Array, header: number): number {
    this.#sparedAttempts = 0
    return this.internWords(content, header)
  }

  /** A block with a text of the manager's own; 0, and counted, if there is no room for it. */
  internOwn({ words, header }: Encoded): number {
    const block = this.internWords(words, header)
    if (block === 0) this.cutCount++
    return block
  }

  /** A new block with these words; 0 if there is no room for it, or nothing in it. */
  internWords(content: Int32Array, header: number): number {
    if (header === 0) return 0
    const block = this.#allocate(header)
    if (block !== 0) for (const [i, word] of content.entries()) this.#heap.write(block, i, word)
    return block
  }

  #equals(record: MailboxReader, at: number, header: number, block: number): boolean {
    if (block === 0 || this.#words[block + BLOCK_HEADER] !== header) return false
    return record.equals(at, block + BLOCK_CONTENT, contentWords(header))
  }

  #write(record: MailboxReader, at: number, header: number, content: Content): number {
    const block = this.#allocate(header)
    if (block === 0) {
      this.cutCount++
      return content === 'text' ? this.#writeCut(record, at, header) : 0
    }
    const { words, ring, mask } = record
    const count = contentWords(header)
    for (let i = 0; i < count; i++) this.#heap.write(block, i, words[ring + ((at + i) & mask)]!)
    return block
  }

  /** The status is never lost for want of room: the message says how much of it is missing instead. */
  #writeCut(record: MailboxReader, at: number, header: number): number {
    if ((header & LENGTH_MASK) <= LAST_RESORT_BYTES) return 0
    const copy = new Int32Array(contentWords(header))
    record.copy(at, copy)
    const cut = encodeText(decodeText(copy, 0, header), LAST_RESORT_BYTES)
    return this.internWords(cut.words, cut.header)
  }

  /**
   * Room is made by giving up the cache, then the journal's oldest records. Where even all of them made none, which may go on
   * for long, the heap is full of what components show, or in pieces: then the new records are spared for a while.
   */
  #allocate(header: number): number {
    let block = this.#heap.allocate(header)
    if (block !== 0) return block
    this.#clearCache()
    block = this.#heap.allocate(header)
    if (block !== 0) return block
    const words = contentWords(header)
    if (words >= this.#sparedWords && this.#sparedAttempts > 0) {
      this.#sparedAttempts--
      return 0
    }
    while (this.#evict()) {
      block = this.#heap.allocate(header)
      if (block !== 0) return block
    }
    this.#sparedWords = words
    this.#sparedAttempts = SPARED_ATTEMPTS
    return 0
  }

  #clearCache(): void {
    for (let place = 0; place < CACHE_ENTRIES; place++) {
      this.#heap.release(this.#cache[place]!)
      this.#cache[place] = 0
    }
  }
}
