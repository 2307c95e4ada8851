import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Interner } from '../../src/manager/interner.js'
import { HEAP_USED_BYTES } from '../../src/memory/layout.js'
import { MailboxReader } from '../../src/memory/mailbox-reader.js'
import { MailboxWriter } from '../../src/memory/mailbox-writer.js'
import { copyBlock, PayloadHeap } from '../../src/memory/payload-heap.js'
import { decodeText, encodeText } from '../../src/memory/text.js'
import { Bench, smallRegion } from './core-support.js'

/** An interner beside a heap of this many smallest blocks, fed with messages by way of a mailbox. */
function rig(granules: number, evict: (heap: PayloadHeap) => boolean = () => false) {
  const region = smallRegion({ heapBytes: granules * 32, maxPayloadBytes: 1024 })
  const heap = new PayloadHeap(region)
  const interner = new Interner(region, heap, () => evict(heap))
  const writer = new MailboxWriter(region, 0)
  const reader = new MailboxReader(region, 0)
  return {
    heap,
    interner,
    intern(message: string, current = 0): number {
      writer.write(
        { kind: 1, slot: 0, generation: 0 },
        encodeText(message, 1024),
        undefined,
        0,
        () => {},
      )
      writer.publish(1, 1)
      reader.limit = reader.loadTail()
      reader.load()
      const block = interner.internText(reader, current)
      reader.advance()
      return block
    },
    show(block: number): string {
      if (block === 0) return ''
      const copy = new Int32Array(300)
      return decodeText(copy, 0, copyBlock(region.words, block, copy, 0, copy.length))
    },
  }
}

test('a message that the caller holds already is shared', () => {
  const { heap, intern } = rig(16)
  const block = intern('ok')
  assert.equal(intern('ok', block), block)
  assert.equal(heap.usedBytes, 32)
})

test('a long message is shared while the caller holds it, though no cache keeps it', () => {
  const { heap, intern } = rig(64)
  const long = 'x'.repeat(300)
  const block = intern(long)
  const usedBytes = heap.usedBytes
  assert.equal(intern(long, block), block)
  assert.equal(heap.usedBytes, usedBytes)
  assert.notEqual(intern(long), block)
})

test('a message that was seen before is shared although nobody holds it any more', () => {
  const { heap, intern, show } = rig(16)
  const block = intern('ok')
  heap.release(block)
  assert.equal(intern('ok'), block)
  assert.equal(show(block), 'ok')
})

test('messages of equal length are told apart', () => {
  const { intern, show } = rig(16)
  const block = intern('abcdefgh')
  const other = intern('abcdefgi', block)
  assert.notEqual(other, block)
  assert.deepEqual([show(block), show(other)], ['abcdefgh', 'abcdefgi'])
})

test('long messages are not kept when nobody holds them', () => {
  const { heap, intern } = rig(64)
  heap.release(intern('x'.repeat(257)))
  assert.equal(heap.usedBytes, 0)
  heap.release(intern('x'.repeat(256)))
  assert.notEqual(heap.usedBytes, 0)
})

test('the empty message takes no block', () => {
  const { intern } = rig(4)
  assert.equal(intern(''), 0)
})

test('room is made from what nobody holds before a message is cut', () => {
  const { heap, interner, intern, show } = rig(8)
  for (let i = 0; i < 50; i++) {
    const block = intern(`message ${i}`)
    assert.equal(show(block), `message ${i}`)
    heap.release(block)
  }
  assert.equal(interner.cutCount, 0)
})

test('room is made from old transitions before a message is cut', () => {
  const held: number[] = []
  const { interner, intern, show } = rig(8, (heap) => {
    const oldest = held.shift()
    if (oldest !== undefined) heap.release(oldest)
    return oldest !== undefined
  })
  for (let i = 0; i < 50; i++) {
    const block = intern(`message ${i}`)
    assert.equal(show(block), `message ${i}`)
    held.push(block)
  }
  assert.equal(interner.cutCount, 0)
})

test('with no room at all a long message is cut to its beginning, a short one is left out, and both are counted', () => {
  const { interner, intern, show } = rig(4)
  intern('held')
  const cut = intern('x'.repeat(200))
  assert.match(show(cut), /^x+… \[truncated \d+ bytes\]$/)
  intern('held, too')
  assert.equal(intern('no room'), 0)
  assert.equal(interner.cutCount, 2)
})

test('old transitions that made no room are not given up for each further message as long', () => {
  const held: number[] = []
  const { heap, interner, intern } = rig(64, (heap) => {
    const oldest = held.shift()
    if (oldest !== undefined) heap.release(oldest)
    return oldest !== undefined
  })
  // Every other granule is pinned, so that the rest makes no place for more than one.
  for (let i = 0; i < 32; i++) {
    intern(`pinned ${i}`)
    held.push(intern(`held ${i}`))
  }
  const long = 'x'.repeat(300)
  assert.equal(intern(long), 0)
  assert.equal(held.length, 0, 'it was tried')
  const { header } = encodeText('since then', 64)
  while (heap.usedBytes < 64 * 32) held.push(heap.allocate(header))
  const { length } = held
  assert.ok(length > 0)
  let attempts = 0
  for (; held.length > 0; attempts++) assert.equal(intern(long), 0)
  assert.ok(attempts > 100, `attempts=${attempts}`)
  assert.equal(interner.cutCount, attempts + 1)
})

test('a name may cost all old transitions, however many messages were cut before it', () => {
  const held: number[] = []
  const { interner, intern } = rig(16, (heap) => {
    const oldest = held.shift()
    if (oldest !== undefined) heap.release(oldest)
    return oldest !== undefined
  })
  for (let i = 0; i < 16; i++) held.push(intern(`held ${i}`))
  intern('x'.repeat(1000))
  held.push(intern('y'.repeat(400)))
  const name = encodeText('n'.repeat(100), 255)
  assert.notEqual(interner.internName(name.words, name.header), 0)
})

test('making room lets go of each kept message once', () => {
  // Four times as many messages as the interner keeps, so that nearly every new one meets a kept one at its place.
  const { heap, interner, intern, show } = rig(4096)
  const held: [message: string, block: number][] = []
  while (interner.cutCount === 0) {
    const message = `message ${held.length}`
    const block = intern(message)
    if (block !== 0) held.push([message, block])
  }
  for (let i = 0; i < 20; i++) assert.equal(intern(`one more ${i}`), 0)
  assert.equal(heap.usedBytes, 4096 * 32)
  for (const [message, block] of held) assert.equal(show(block), message)
})

test('a component that says the same two things in turn takes no more room each time', () => {
  const bench = new Bench()
  const reporter = bench.register(bench.attach(), 'x')
  const used: number[] = []
  for (let i = 0; i < 200; i++) {
    reporter.healthy(i % 2 === 0 ? 'this' : 'that', { turn: i % 2 === 0 ? 'a' : 'b' })
    bench.drain.run()
    used.push(bench.word(HEAP_USED_BYTES))
  }
  assert.equal(used.at(-1), used[1])
})
