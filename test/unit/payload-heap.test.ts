import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BLOCK_HEADER, BLOCK_STAMP, LENGTH_MASK, maxBlockWords } from '../../src/memory/layout.js'
import { copyBlock, PayloadHeap } from '../../src/memory/payload-heap.js'
import { smallRegion } from './core-support.js'

/** The longest content, in bytes, of a block of the smallest size, and of one four times as long. */
const SMALLEST = 24
const FOUR_TIMES = 4 * 32 - 8

test('a block that does not fit is refused with 0', () => {
  const heap = new PayloadHeap(smallRegion({ heapBytes: 4 * 32 }))
  assert.equal(heap.allocate(FOUR_TIMES + 1), 0)
  assert.notEqual(heap.allocate(FOUR_TIMES), 0)
  assert.equal(heap.allocate(1), 0)
  assert.equal(heap.usedBytes, 4 * 32)
})

test('a block is free again only when its last holder has let go', () => {
  const heap = new PayloadHeap(smallRegion({ heapBytes: 4 * 32 }))
  const block = heap.allocate(FOUR_TIMES)
  heap.retain(block)
  heap.release(block)
  assert.equal(heap.allocate(1), 0)
  heap.release(block)
  assert.equal(heap.usedBytes, 0)
  assert.equal(heap.allocate(1), block)
})

test('four small blocks merge into the large one that they were cut from', () => {
  const heap = new PayloadHeap(smallRegion({ heapBytes: 4 * 32 }))
  const blocks = [0, 1, 2, 3].map(() => heap.allocate(SMALLEST))
  assert.equal(heap.allocate(SMALLEST), 0)
  for (const index of [2, 0, 3, 1]) heap.release(blocks[index]!)
  assert.notEqual(heap.allocate(FOUR_TIMES), 0)
})

test('no block is retained and released without effect', () => {
  const heap = new PayloadHeap(smallRegion())
  assert.equal(heap.retain(0), 0)
  heap.release(0)
  assert.equal(heap.usedBytes, 0)
  assert.equal(heap.header(0), 0)
})

test('a block at the place of an earlier one has another stamp', () => {
  const region = smallRegion()
  const heap = new PayloadHeap(region)
  const block = heap.allocate(8)
  const stamp = region.words[block + BLOCK_STAMP]
  heap.release(block)
  assert.equal(heap.allocate(8), block)
  assert.notEqual(region.words[block + BLOCK_STAMP], stamp)
})

test('a reader with an outdated reference stays within the region and its own array', () => {
  const region = smallRegion()
  const heap = new PayloadHeap(region)
  const block = heap.allocate(8)
  // What it takes for a header may be the content of another block by now.
  region.words[block + BLOCK_HEADER] = LENGTH_MASK
  const target = new Int32Array(10)
  assert.equal(copyBlock(region.words, block, target, 4, 6), LENGTH_MASK)
  const large = new Int32Array(region.words.length)
  copyBlock(region.words, block, large, 0, large.length)
  assert.equal(large[large.length - 1], 0)
})

test('the longest content is a payload, or a name where payloads are shorter', () => {
  assert.equal(maxBlockWords(smallRegion({ maxPayloadBytes: 64 }).layout), 64)
  assert.equal(maxBlockWords(smallRegion({ maxPayloadBytes: 1025 }).layout), 257)
})
