import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Binding, DirectoryReader, DirectoryWriter } from '../../src/memory/directory.js'
import { COPY_NAME, COPY_STATUS, DIRECTORY_VERSION } from '../../src/memory/layout.js'
import { PayloadHeap } from '../../src/memory/payload-heap.js'
import type { Region } from '../../src/memory/region.js'
import {
  freeWordOf,
  nextGeneration,
  SlotMap,
  SlotWriter,
  statusWordOf,
} from '../../src/memory/slot-latch.js'
import { type Encoded, encodeText } from '../../src/memory/text.js'
import { anyText, check, nearWrap, smallRegion } from './support.js'

type Step =
  | { kind: 'register' | 'deregister'; name: number }
  | { kind: 'rebuild' | 'restart' }
  /** The manager dies between the slot and its directory entry, and another one takes over. */
  | { kind: 'crashInRegister' | 'crashInDeregister'; name: number }

/** The directory, and the slots that it leads to, beside a Map. */
class DirectoryWorld {
  readonly model = new Map<string, Binding>()
  readonly #region: Region
  readonly #heap: PayloadHeap
  readonly #slots: SlotWriter
  readonly #names: readonly string[]
  readonly #generations: number[]
  readonly #reader: DirectoryReader
  #writer: DirectoryWriter

  constructor(maxComponents: number, names: readonly string[], version: number) {
    this.#region = smallRegion({ maxComponents })
    this.#region.words[DIRECTORY_VERSION] = version
    this.#heap = new PayloadHeap(this.#region)
    const map = new SlotMap(this.#region)
    this.#slots = new SlotWriter(map)
    this.#reader = new DirectoryReader(this.#region, map)
    this.#writer = new DirectoryWriter(this.#region)
    this.#names = names
    this.#generations = new Array<number>(maxComponents).fill(0)
  }

  do(step: Step): void {
    switch (step.kind) {
      case 'register':
        this.#register(step.name, true)
        return
      case 'deregister':
        this.#deregister(step.name, true)
        return
      case 'rebuild':
        this.#writer.rebuild(this.#entries())
        return
      case 'crashInRegister':
        this.#register(step.name, false)
        this.#restart()
        return
      case 'crashInDeregister':
        this.#deregister(step.name, false)
        this.#restart()
        return
      case 'restart':
        this.#restart()
        return
    }
  }

  check(): void {
    for (const name of this.#names) {
      assert.deepEqual(this.#reader.find(encode(name)), this.model.get(name), name)
    }
  }

  #register(index: number, isWhole: boolean): void {
    const name = this.#names[index % this.#names.length]!
    const slot = this.#generations.findIndex(
      (_, candidate) => ![...this.model.values()].some((binding) => binding.slot === candidate),
    )
    if (slot === -1 || this.model.has(name)) return
    const encoded = encode(name)
    const block = this.#heap.allocate(encoded.header)
    for (const [i, word] of encoded.words.entries()) this.#heap.write(block, i, word)
    const generation = nextGeneration(this.#generations[slot]!)
    this.#generations[slot] = generation
    this.#commit(slot, statusWordOf(2, 2, generation), block)
    if (isWhole) this.#writer.add(slot, encoded.hash)
    this.model.set(name, { slot, generation })
  }

  #deregister(index: number, isWhole: boolean): void {
    const name = this.#names[index % this.#names.length]!
    const binding = this.model.get(name)
    if (binding === undefined) return
    this.model.delete(name)
    const block = this.#slots.get(binding.slot, COPY_NAME)
    this.#commit(binding.slot, freeWordOf(binding.generation), 0)
    if (isWhole) this.#writer.remove(binding.slot, () => this.#entries())
    this.#heap.release(block)
  }

  #restart(): void {
    this.#writer = new DirectoryWriter(this.#region)
    this.#writer.rebuild(this.#entries())
  }

  #commit(slot: number, statusWord: number, nameBlock: number): void {
    const copy = this.#slots.openWhole(slot)
    this.#region.words[copy + COPY_STATUS] = statusWord
    this.#region.words[copy + COPY_NAME] = nameBlock
    this.#slots.commit(slot)
  }

  *#entries(): Iterable<readonly [number, number]> {
    for (const [name, { slot }] of this.model) yield [slot, encode(name).hash]
  }
}

function encode(name: string): Encoded {
  return encodeText(name, 255)
}

const nameIndex = fc.nat(100)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('register'), name: nameIndex }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('deregister'), name: nameIndex }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('rebuild', 'restart') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('crashInRegister', 'crashInDeregister'),
      name: nameIndex,
    }),
  },
)
const program = fc.array(step, { maxLength: 120, size: 'max' })
/** More names than buckets in the smallest directories, so that many share a bucket. */
const names = fc.uniqueArray(
  anyText(12).filter((name) => name !== ''),
  { minLength: 4, maxLength: 12 },
)

test('every registered name, and no other, leads to its slot and generation', () => {
  check(
    fc.property(
      fc.integer({ min: 1, max: 7 }),
      names,
      nearWrap,
      program,
      (max, pool, at, steps) => {
        const world = new DirectoryWorld(max, pool, at | 0)
        for (const next of steps) {
          world.do(next)
          world.check()
        }
      },
    ),
    300,
  )
})

test('names whose hashes are equal keep apart', () => {
  const pool = collidingNames()
  check(
    fc.property(program, (steps) => {
      const world = new DirectoryWorld(7, pool, 0)
      for (const next of steps) {
        world.do(next)
        world.check()
      }
    }),
    100,
  )
})

/** Names of equal length of which pairs have one and the same 32-bit hash: a birthday among some 100,000. */
function collidingNames(): string[] {
  const nameOf = new Map<number, string>()
  const colliding: string[] = []
  let random = 1
  const letters = () => {
    random = (Math.imul(random, 1664525) + 1013904223) | 0
    return ((random >>> 4) & 0xffff).toString(16).padStart(4, '0')
  }
  for (let i = 0; i < 1_000_000 && colliding.length < 6; i++) {
    const name = letters() + letters() + letters()
    const hash = encode(name).hash
    const other = nameOf.get(hash)
    if (other !== undefined && other !== name) colliding.push(other, name)
    nameOf.set(hash, name)
  }
  assert.equal(colliding.length, 6, 'too few names with the same hash were found')
  return colliding
}
