// Look-ups of names while the manager writes the slot that they lead to: at each operation of the look-up, or all the while.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DirectoryReader } from '../../src/memory/directory.js'
import { COPY_STATUS } from '../../src/memory/layout.js'
import { generationOf, isRegistered, SlotMap } from '../../src/memory/slot-latch.js'
import { encodeText } from '../../src/memory/text.js'
import { deregister, register, update } from './harness/plain-model.js'
import { Rig } from './harness/rig.js'
import { forEachPoint, interrupt, interruptAlways, kill, simulate } from './harness/simulation.js'

const LONG = 'n'.repeat(255)

function begin() {
  const rig = new Rig()
  const producer = rig.producer()
  const directory = new DirectoryReader(rig.region, new SlotMap(rig.region))
  rig.settle(producer, [register(LONG)])
  return { rig, producer, find: (name: string) => directory.find(encodeText(name, 255)) }
}

test('a component that changes at every step of the look-up is found', () => {
  simulate(() => {
    const { rig, producer, find } = begin()
    let found: unknown
    const operations = interruptAlways(
      () => {
        found = find(LONG)
      },
      (point) => rig.settle(producer, [update(LONG, point % 2 === 0 ? 1 : 2, '')]),
    )
    assert.deepEqual(found, { slot: 0, generation: 1 })
    // The name has 64 words. What changes without an end is not looked at again and again.
    assert.ok(operations < 100, `operations=${operations}`)
  })
})

test('another component that changes at every step of the look-up is not taken for the one looked up', () => {
  simulate(() => {
    const { rig, producer, find } = begin()
    const names = Array.from({ length: 400 }, (_, i) => `${'n'.repeat(252)}${100 + i}`)
    for (const name of names) {
      let found: unknown
      interruptAlways(
        () => {
          found = find(name)
        },
        (point) => rig.settle(producer, [update(LONG, point % 2 === 0 ? 1 : 2, '')]),
      )
      assert.equal(found, undefined)
    }
  })
})

for (const other of [`${'n'.repeat(254)}o`, LONG]) {
  test(`a slot given to ${other === LONG ? 'the same' : 'another'} name during the look-up is found as it was at one instant`, () => {
    const points = forEachPoint((point) => {
      const { rig, producer, find } = begin()
      let found: ReturnType<typeof find>
      const isReached = interrupt(
        point,
        () => {
          found = find(LONG)
        },
        () => rig.settle(producer, [deregister(LONG), register(other)]),
      )
      const generations = other === LONG ? [undefined, 1, 2] : [undefined, 1]
      assert.ok(generations.includes(found?.generation), `generation=${found?.generation}`)
      return isReached
    })
    assert.ok(points >= 60, `points=${points}`)
  })
}

test('no registration has the generation that a manager has died over, as a look-up may have met its half', () => {
  let halves = 0
  forEachPoint((point) => {
    const { rig, producer } = begin()
    rig.settle(producer, [deregister(LONG)])
    producer.tell(register('x'))
    const isReached = kill(point, () => rig.drain())
    const map = new SlotMap(rig.region)
    const { words } = rig.region
    const sequence = words[map.sequences]!
    const half = words[map.copy(0, sequence + 1) + COPY_STATUS]!
    const isHalf = isRegistered(half) && !isRegistered(map.statusWord(0)) && generationOf(half) > 1
    rig.restart()
    rig.drain()
    assert.ok(isRegistered(map.statusWord(0)))
    if (isHalf) {
      halves++
      assert.notEqual(generationOf(map.statusWord(0)), generationOf(half))
    }
    return isReached
  })
  assert.ok(halves > 0)
})
