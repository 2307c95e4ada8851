// The heap of immutable payload blocks (names, messages, metadata). A buddy allocator: blocks of 8 x 2^k words,
// split and merged in halves. The manager alone allocates, counts references and frees; its books are private
// arrays, which a new manager rebuilds from the references that it finds in slots and journal. Readers copy a
// block and then check that whatever referred to it has not moved on.
import {
  BLOCK_CONTENT,
  BLOCK_HEADER,
  BLOCK_STAMP,
  GRANULE_WORDS,
  WORD_BYTES,
  type Words,
} from './layout.js'
import type { Region } from './region.js'
import { contentWords } from './text.js'

const NONE = 0
/** log2 of GRANULE_WORDS. */
const GRANULE_SHIFT = 3

/** The manager's side: allocation, reference counts, interning. */
export class PayloadHeap {
  readonly #words: Words
  readonly #base: number
  readonly #granules: number
  /** Per granule: order + 1 of the free block that begins there, else 0. */
  readonly #freeOrder: Uint8Array
  /** Doubly linked lists of free blocks, as granule + 1; heads by order. */
  readonly #next: Int32Array
  readonly #previous: Int32Array
  readonly #heads = new Int32Array(32)
  /** References to the block that begins at a granule. */
  readonly #references: Int32Array
  readonly #highestOrder: number
  #stamp: number
  #usedGranules = 0

  /** `live` lists every reference that counts, once for each holder; everything else is free. */
  constructor(region: Region, live: Iterable<number> = []) {
    this.#words = region.words
    this.#base = region.layout.heap
    this.#granules = region.layout.heapWords >> GRANULE_SHIFT
    this.#highestOrder = Math.floor(Math.log2(this.#granules))
    this.#freeOrder = new Uint8Array(this.#granules)
    this.#next = new Int32Array(this.#granules)
    this.#previous = new Int32Array(this.#granules)
    this.#references = new Int32Array(this.#granules)
    // A stamp must differ from that of any block that a reader may have seen under an earlier manager.
    this.#stamp = (Math.random() * 2 ** 32) | 0
    for (const reference of live) {
      if (reference !== NONE) this.#references[this.#granuleOf(reference)]!++
    }
    this.#buildFreeLists()
  }

  get usedBytes(): number {
    return this.#usedGranules * GRANULE_WORDS * WORD_BYTES
  }

  /** A block with this header and room for its content, referenced once; 0 if there is no room. The caller fills it with `write`. */
  allocate(header: number): number {
    const order = orderFor(BLOCK_CONTENT + contentWords(header))
    const granule = this.#take(order)
    if (granule < 0) return NONE
    this.#references[granule] = 1
    const block = this.#base + granule * GRANULE_WORDS
    // Pairs with the reader's check of the slot or journal after its copy: these stores come after the ones that
    // unlinked the block's former content, so a copy that mixes the two fails that check.
    this.#stamp = (this.#stamp + 1) | 0 || 1
    Atomics.store(this.#words, block + BLOCK_STAMP, this.#stamp)
    Atomics.store(this.#words, block + BLOCK_HEADER, header)
    return block
  }

  write(block: number, index: number, value: number): void {
    Atomics.store(this.#words, block + BLOCK_CONTENT + index, value)
  }

  /** Another holder of the block; 0 is no block. */
  retain(block: number): number {
    if (block !== NONE) this.#references[this.#granuleOf(block)]!++
    return block
  }

  /** One holder less; the last one frees the block, whose words may be overwritten from then on. */
  release(block: number): void {
    if (block === NONE) return
    const granule = this.#granuleOf(block)
    const references = this.#references[granule]! - 1
    this.#references[granule] = references
    if (references === 0) this.#give(granule, this.#orderOf(block))
  }

  header(block: number): number {
    return block === NONE ? 0 : this.#words[block + BLOCK_HEADER]!
  }

  #granuleOf(block: number): number {
    return (block - this.#base) >> GRANULE_SHIFT
  }

  #orderOf(block: number): number {
    return orderFor(BLOCK_CONTENT + contentWords(this.#words[block + BLOCK_HEADER]!))
  }

  #take(order: number): number {
    let from = order
    while (from <= this.#highestOrder && this.#heads[from] === NONE) from++
    if (from > this.#highestOrder) return -1
    const granule = this.#heads[from]! - 1
    this.#unlink(granule, from)
    while (from > order) {
      from--
      this.#link(granule + 2 ** from, from)
    }
    this.#usedGranules += 2 ** order
    return granule
  }

  #give(granule: number, order: number): void {
    this.#usedGranules -= 2 ** order
    let start = granule
    let size = order
    while (size < this.#highestOrder) {
      const buddy = start ^ (2 ** size)
      if (buddy + 2 ** size > this.#granules || this.#freeOrder[buddy] !== size + 1) break
      this.#unlink(buddy, size)
      start = Math.min(start, buddy)
      size++
    }
    this.#link(start, size)
  }

  #link(granule: number, order: number): void {
    const head = this.#heads[order]!
    this.#next[granule] = head
    this.#previous[granule] = NONE
    if (head !== NONE) this.#previous[head - 1] = granule + 1
    this.#heads[order] = granule + 1
    this.#freeOrder[granule] = order + 1
  }

  #unlink(granule: number, order: number): void {
    const next = this.#next[granule]!
    const previous = this.#previous[granule]!
    if (next !== NONE) this.#previous[next - 1] = previous
    if (previous !== NONE) this.#next[previous - 1] = next
    else this.#heads[order] = next
    this.#freeOrder[granule] = 0
  }

  /** Cuts the gaps between live blocks into aligned free blocks, largest first. */
  #buildFreeLists(): void {
    let at = 0
    while (at < this.#granules) {
      if (this.#references[at]! > 0) {
        const size = 2 ** this.#orderOf(this.#base + at * GRANULE_WORDS)
        this.#usedGranules += size
        at += size
        continue
      }
      let end = at
      while (end < this.#granules && this.#references[end] === 0) end++
      while (at < end) {
        const alignment = at === 0 ? this.#highestOrder : 31 - Math.clz32(at & -at)
        const order = Math.min(alignment, Math.floor(Math.log2(end - at)))
        this.#link(at, order)
        at += 2 ** order
      }
    }
  }
}

function orderFor(words: number): number {
  return words <= GRANULE_WORDS ? 0 : 32 - Math.clz32((words - 1) >> GRANULE_SHIFT)
}

/**
 * Copies the content of a block into `target` from `at`; gives the header. The copy is worth something only if the
 * reader finds afterwards that the slot or journal record that referred to the block has not moved.
 */
export function copyBlock(
  words: Words,
  block: number,
  target: Int32Array,
  at: number,
  maxWords: number,
): number {
  const header = Atomics.load(words, block + BLOCK_HEADER)
  // A stale reference may find foreign content here instead of a header: keep within what a block can be.
  const count = Math.min(contentWords(header), maxWords, words.length - block - BLOCK_CONTENT)
  for (let i = 0; i < count; i++) target[at + i] = Atomics.load(words, block + BLOCK_CONTENT + i)
  return header
}
