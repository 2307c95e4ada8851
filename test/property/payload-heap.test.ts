import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  BLOCK_CONTENT,
  BLOCK_HEADER,
  BLOCK_STAMP,
  GRANULE_WORDS,
  WORD_BYTES,
} from '../../src/memory/layout.js'
import { copyBlock, PayloadHeap } from '../../src/memory/payload-heap.js'
import type { Region } from '../../src/memory/region.js'
import { contentWords } from '../../src/memory/text.js'
import { check, smallRegion } from './support.js'

type Step =
  | { kind: 'allocate'; bytes: number }
  | { kind: 'retain' | 'release'; pick: number }
  | { kind: 'rebuild' }

interface Live {
  block: number
  /** Places that the block takes, a power of two. */
  granules: number
  header: number
  fill: number
  references: number
}

/** The heap beside a plain map of what must be in it. */
class HeapWorld {
  readonly region: Region
  readonly live: Live[] = []
  heap: PayloadHeap
  #fill = 0
  readonly #granules: number
  readonly #lastStamp = new Map<number, number>()

  constructor(granules: number) {
    this.region = smallRegion({ heapBytes: granules * GRANULE_WORDS * WORD_BYTES })
    this.heap = new PayloadHeap(this.region)
    this.#granules = granules
  }

  do(step: Step): void {
    switch (step.kind) {
      case 'allocate':
        this.#allocate(step.bytes)
        return
      case 'retain': {
        const live = this.live[step.pick % this.live.length]
        if (live === undefined) return
        assert.equal(this.heap.retain(live.block), live.block)
        live.references++
        return
      }
      case 'release':
        this.release(step.pick)
        return
      case 'rebuild': {
        const holders = this.live.flatMap(({ block, references }) =>
          new Array<number>(references).fill(block),
        )
        // The order in which holders are found means nothing, and empty references may be among them.
        this.heap = new PayloadHeap(this.region, [0, ...holders.reverse()])
        return
      }
    }
  }

  release(pick: number): void {
    const index = pick % this.live.length
    const live = this.live[index]
    if (live === undefined) return
    this.heap.release(live.block)
    if (--live.references === 0) this.live.splice(index, 1)
  }

  #allocate(bytes: number): void {
    const needed = Math.ceil((BLOCK_CONTENT + contentWords(bytes)) / GRANULE_WORDS)
    const granules = 2 ** Math.ceil(Math.log2(needed))
    const block = this.heap.allocate(bytes)
    if (block === 0) {
      assert.ok(!this.#hasRoom(granules), `no block of ${granules} granules, though there is room`)
      return
    }
    this.#fill++
    for (let i = 0; i < contentWords(bytes); i++) this.heap.write(block, i, this.#fill)
    const stamp = this.region.words[block + BLOCK_STAMP]!
    assert.notEqual(stamp, this.#lastStamp.get(block), 'a new block has the stamp of its ancestor')
    this.#lastStamp.set(block, stamp)
    this.live.push({ block, granules, header: bytes, fill: this.#fill, references: 1 })
  }

  /** Whether some aligned run of this size is free altogether. */
  #hasRoom(granules: number): boolean {
    const taken = this.#taken()
    for (let at = 0; at + granules <= this.#granules; at += granules) {
      if (taken.slice(at, at + granules).every((owner) => owner === undefined)) return true
    }
    return false
  }

  #taken(): (Live | undefined)[] {
    const taken = new Array<Live | undefined>(this.#granules).fill(undefined)
    for (const live of this.live) {
      const start = (live.block - this.region.layout.heap) / GRANULE_WORDS
      assert.ok(start >= 0 && start + live.granules <= this.#granules, 'a block beyond the heap')
      assert.equal(start % live.granules, 0, 'a block that is not aligned to its size')
      for (let at = start; at < start + live.granules; at++) {
        assert.equal(taken[at], undefined, 'two live blocks overlap')
        taken[at] = live
      }
    }
    return taken
  }

  check(): void {
    const used = this.#taken().filter((owner) => owner !== undefined).length
    assert.equal(this.heap.usedBytes, used * GRANULE_WORDS * WORD_BYTES)
    const copy = new Int32Array(64)
    for (const { block, header, fill } of this.live) {
      assert.equal(this.region.words[block + BLOCK_HEADER], header)
      assert.equal(copyBlock(this.region.words, block, copy, 1, 63), header)
      const content = copy.subarray(1, 1 + contentWords(header))
      assert.ok(
        content.every((word) => word === fill),
        'content overwritten',
      )
    }
  }

  /** How many blocks of each size, largest first, fit into what is free; leaves them allocated. */
  fillUp(): number[] {
    const counts: number[] = []
    for (let granules = 2 ** Math.floor(Math.log2(this.#granules)); granules >= 1; granules /= 2) {
      let count = 0
      const header = (granules * GRANULE_WORDS - BLOCK_CONTENT) * WORD_BYTES
      while (this.heap.allocate(header) !== 0) count++
      counts.push(count)
    }
    return counts
  }
}

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('allocate'), bytes: fc.nat(240) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retain'), pick: fc.nat(1000) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('release'), pick: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rebuild') }) },
)
const steps = fc.array(step, { maxLength: 120, size: 'max' })
const granuleCount = fc.integer({ min: 4, max: 70 })

test('blocks never overlap, keep their content, and fail to fit only if there is no room', () => {
  check(
    fc.property(granuleCount, steps, (granules, program) => {
      const world = new HeapWorld(granules)
      for (const next of program) {
        world.do(next)
        world.check()
      }
    }),
    300,
  )
})

test('what is released merges: an emptied heap has room for what a fresh one has', () => {
  check(
    fc.property(granuleCount, steps, (granules, program) => {
      const world = new HeapWorld(granules)
      for (const next of program) world.do(next)
      while (world.live.length > 0) world.release(world.live.length * 7)
      assert.equal(world.heap.usedBytes, 0)
      assert.deepEqual(world.fillUp(), new HeapWorld(granules).fillUp())
    }),
    300,
  )
})

test('a heap that is rebuilt from the live references has room for what the old one has', () => {
  check(
    fc.property(granuleCount, steps, (granules, program) => {
      const world = new HeapWorld(granules)
      for (const next of program) world.do(next)
      const used = world.heap.usedBytes
      const references = world.live.flatMap((live) =>
        new Array<number>(live.references).fill(live.block),
      )
      const room = world.fillUp()
      world.heap = new PayloadHeap(world.region, references)
      assert.equal(world.heap.usedBytes, used)
      assert.deepEqual(world.fillUp(), room)
    }),
    300,
  )
})
