// A reader of the journal and the manager that overwrites it: each does its whole part at each Atomics operation of the
// other. What is read is right, or it is a gap of the right length.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { journalCount } from '../../src/memory/journal.js'
import { JournalReader } from '../../src/memory/journal-reader.js'
import { JOURNAL_OLDEST, JOURNAL_TAIL } from '../../src/memory/layout.js'
import { changeOf } from './harness/audit.js'
import { type Change, PlainModel, register, type Told, update } from './harness/plain-model.js'
import { Rig } from './harness/rig.js'
import { forEachPoint, interrupt, kill } from './harness/simulation.js'
import { long } from './harness/stories.js'

/** A journal of four records, and a heap in which their blocks are soon used again. */
const SIZES = { journalBytes: 4 * 64, heapBytes: 4096 }

/** Transitions whose texts tell which one they belong to. */
function flips(first: number, count: number): Told[] {
  return Array.from({ length: count }, (_, i) => {
    const number = first + i
    return update('a', number % 2 === 0 ? 1 : 3, long(`${number}`), { number: `${number}` })
  })
}

function begin(count: number) {
  const rig = new Rig(SIZES)
  const producer = rig.producer()
  const before = [register('a'), ...flips(1, count)]
  rig.settle(producer, before)
  return { rig, producer, before }
}

/** Follows a cursor, and holds everything that it gives to the model. */
class Follower {
  readonly #reader: JournalReader
  /** Of the last transition that was read or missed. */
  #number: number
  #gaps = 0

  constructor({ region }: Rig) {
    this.#reader = new JournalReader(region, 'oldest')
    this.#number = region.words[JOURNAL_OLDEST]!
  }

  /** False if there is nothing more. */
  follow(changes: readonly Change[]): boolean {
    const next = this.#reader.next()
    if (next === undefined) return false
    if ('missed' in next) {
      assert.ok(next.missed > 0)
      this.#number += next.missed
      this.#gaps++
      return true
    }
    assert.equal(next.number, ++this.#number, 'every number is read or missed, once')
    assert.deepEqual(changeOf(next), changes[next.number - 1], `transition ${next.number}`)
    return true
  }

  followToEnd(changes: readonly Change[]): { number: number; gaps: number } {
    while (this.follow(changes));
    return { number: this.#number, gaps: this.#gaps }
  }
}

for (const more of [1, 2, 3, 4, 5, 9]) {
  test(`a reader that ${more} new transitions pass by, at any point of its look, tells them or the gap`, () => {
    let gaps = 0
    const points = forEachPoint((point) => {
      const { rig, producer, before } = begin(6)
      const told = flips(7, more)
      const { changes } = new PlainModel([...before, ...told])
      const follower = new Follower(rig)
      const isReached = interrupt(
        point,
        () => follower.follow(changes),
        () => rig.settle(producer, told),
      )
      const end = follower.followToEnd(changes)
      assert.equal(end.number, changes.length)
      gaps += end.gaps
      return isReached
    })
    assert.ok(points >= 40, `points=${points}`)
    if (more >= 4) assert.ok(gaps >= points / 2, `gaps=${gaps}`)
  })
}

test('a reader that follows at each point of the manager gets every transition or a gap, also over a killed manager', () => {
  for (const isKilled of [false, true]) {
    const points = forEachPoint((point) => {
      const { rig, producer, before } = begin(6)
      const told = flips(7, 3)
      const { changes } = new PlainModel([...before, ...told])
      for (const each of told) producer.tell(each)
      const follower = new Follower(rig)
      const follow = () => follower.followToEnd(changes)
      let isReached: boolean
      if (isKilled) {
        isReached = kill(point, () => rig.drain(), follow)
        rig.restart()
        rig.drain()
      } else {
        isReached = interrupt(point, () => rig.drain(), follow)
      }
      assert.equal(follower.followToEnd(changes).number, changes.length)
      return isReached
    })
    assert.ok(points >= 80, `points=${points}`)
  }
})

test('the count of transitions goes on over the wrap of its low word, for readers at any point and over a killed manager', () => {
  const points = forEachPoint((point) => {
    const rig = new Rig(SIZES)
    const { words } = rig.region
    // As if 2^32 - 2 transitions had been journaled, and read by nobody.
    words[JOURNAL_TAIL] = -2
    words[JOURNAL_OLDEST] = -2
    const first = 2 ** 32 - 1
    const producer = rig.producer()
    rig.settle(producer, [register('a')])
    const told = flips(1, 3)
    for (const each of told) producer.tell(each)
    const { changes } = new PlainModel([register('a'), ...told])
    const reader = new JournalReader(rig.region, 'oldest')
    let read = 0
    let counted = first - 1
    const look = () => {
      const count = journalCount(words)
      assert.ok(count >= counted && count <= first + 2, `count=${count} after ${counted}`)
      counted = count
      for (let entry = reader.next(); entry !== undefined; entry = reader.next()) {
        assert.ok('number' in entry)
        assert.equal(entry.number, first + read)
        assert.deepEqual(changeOf(entry), changes[read++])
      }
    }
    const isReached = kill(point, () => rig.drain(), look)
    rig.restart()
    look()
    rig.drain()
    look()
    assert.equal(counted, first + 2)
    assert.equal(read, 3)
    return isReached
  })
  assert.ok(points >= 80, `points=${points}`)
})
