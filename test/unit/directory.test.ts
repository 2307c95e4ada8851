import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DirectoryReader } from '../../src/memory/directory.js'
import { DIRECTORY_VERSION } from '../../src/memory/layout.js'
import { SlotMap } from '../../src/memory/slot-latch.js'
import { encodeText } from '../../src/memory/text.js'
import { Bench } from './core-support.js'

function rig(sizes = {}) {
  const bench = new Bench(sizes)
  const reader = new DirectoryReader(bench.region, new SlotMap(bench.region))
  return {
    bench,
    attachment: bench.attach(),
    find: (name: string) => reader.find(encodeText(name, 255)),
  }
}

test('a name that was never registered is not found', () => {
  const { find } = rig()
  assert.equal(find('x'), undefined)
})

test('a registered name leads to its slot and generation', () => {
  const { bench, attachment, find } = rig()
  bench.register(attachment, 'x')
  bench.register(attachment, 'y')
  assert.deepEqual(find('x'), { slot: 0, generation: 1 })
  assert.deepEqual(find('y'), { slot: 1, generation: 1 })
})

test('a name that is registered again has another generation', () => {
  const { bench, attachment, find } = rig()
  bench.register(attachment, 'x').deregister()
  bench.drain.run()
  assert.equal(find('x'), undefined)
  bench.register(attachment, 'x')
  assert.deepEqual(find('x'), { slot: 0, generation: 2 })
})

test('names are told apart by every byte and by their length', () => {
  const { bench, attachment, find } = rig()
  bench.register(attachment, 'name')
  for (const other of ['nam', 'name\0', 'namf', 'Name', 'nаme'])
    assert.equal(find(other), undefined)
})

test('the directory is built afresh before buried entries fill it', () => {
  const { bench, attachment, find } = rig({ maxComponents: 4 })
  bench.register(attachment, 'stays')
  const version = bench.word(DIRECTORY_VERSION)
  for (let i = 0; i < 40; i++) bench.register(attachment, `passes ${i}`).deregister()
  bench.drain.run()
  assert.ok(bench.word(DIRECTORY_VERSION) > version)
  assert.deepEqual(find('stays'), { slot: 0, generation: 1 })
  assert.equal(find('never there'), undefined)
})

test('the hash of a name is the same in every thread and every run', () => {
  assert.equal(encodeText('collector_manager', 255).hash, encodeText('collector_manager', 255).hash)
  assert.notEqual(encodeText('a', 255).hash, encodeText('b', 255).hash)
})
