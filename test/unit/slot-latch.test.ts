import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COPY_MESSAGE, COPY_STATUS, COPY_TICKET, TICKET_COUNTER } from '../../src/memory/layout.js'
import {
  freeWordOf,
  generationOf,
  highWord,
  isRegistered,
  lowWord,
  nextGeneration,
  readTime,
  SlotMap,
  SlotWriter,
  statusOf,
  statusWordOf,
  toldOf,
} from '../../src/memory/slot-latch.js'
import { smallRegion } from './core-support.js'

function rig() {
  const region = smallRegion()
  const map = new SlotMap(region)
  return { words: region.words, map, slots: new SlotWriter(map) }
}

test('a status word holds both statuses, registration and generation apart', () => {
  for (const generation of [0, 1, 2 ** 26, 2 ** 27 - 1]) {
    for (const status of [0, 1, 2, 3]) {
      for (const told of [0, 1, 2, 3]) {
        const word = statusWordOf(status, told, generation)
        assert.equal(word, word | 0)
        assert.deepEqual(
          [statusOf(word), toldOf(word), isRegistered(word), generationOf(word)],
          [status, told, true, generation],
        )
      }
    }
    const free = freeWordOf(generation)
    assert.equal(free, free | 0)
    assert.deepEqual([isRegistered(free), generationOf(free)], [false, generation])
  }
})

test('generations count up and wrap at 2^27', () => {
  assert.equal(nextGeneration(0), 1)
  assert.equal(nextGeneration(2 ** 27 - 1), 0)
})

const times = [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 1_700_000_000_000, 2 ** 53 - 1]
for (const epochMs of times) {
  test(`the time ${epochMs} goes into two words and comes back`, () => {
    const words = Int32Array.of(7, lowWord(epochMs), highWord(epochMs))
    assert.equal(readTime(words, 1), epochMs)
  })
}

test('a change shows whole at its commit, and not before', () => {
  const { words, map, slots } = rig()
  words[slots.openWhole(2) + COPY_STATUS] = statusWordOf(1, 1, 5)
  slots.commit(2)
  const copy = slots.openWhole(2)
  words[copy + COPY_STATUS] = statusWordOf(3, 3, 6)
  words[copy + COPY_MESSAGE] = 77
  assert.equal(map.statusWord(2), statusWordOf(1, 1, 5))
  assert.equal(slots.get(2, COPY_MESSAGE), 0)
  slots.commit(2)
  assert.equal(map.statusWord(2), statusWordOf(3, 3, 6))
  assert.equal(slots.get(2, COPY_MESSAGE), 77)
})

test('what a change leaves alone is taken over from the copy before', () => {
  const { words, slots } = rig()
  for (const message of [1, 2, 3]) {
    words[slots.openWhole(0) + COPY_MESSAGE] = message
    slots.commit(0)
    slots.openWhole(0)
    slots.commit(0)
    assert.equal(slots.get(0, COPY_MESSAGE), message)
  }
})

test('slots do not touch each other', () => {
  const { words, map, slots } = rig()
  for (const slot of [0, 1, 3]) {
    words[slots.openWhole(slot) + COPY_TICKET] = slot + 10
    slots.commit(slot)
    words[map.latestTicket(slot)] = slot + 20
    words[map.beat(slot)] = slot + 30
  }
  for (const slot of [0, 1, 3]) {
    assert.equal(slots.get(slot, COPY_TICKET), slot + 10)
    assert.equal(words[map.latestTicket(slot)], slot + 20)
    assert.equal(words[map.beat(slot)], slot + 30)
  }
  assert.equal(slots.get(2, COPY_TICKET), 0)
})

test('a sweep lifts old tickets and leaves newer ones', () => {
  const { words, map, slots } = rig()
  words[slots.openWhole(0) + COPY_TICKET] = 100
  slots.commit(0)
  words[map.latestTicket(0)] = 120
  slots.sweep(0, 110)
  assert.equal(slots.get(0, COPY_TICKET), 110)
  assert.equal(words[map.latestTicket(0)], 120)
  slots.sweep(0, 130)
  assert.equal(slots.get(0, COPY_TICKET), 130)
  assert.equal(words[map.latestTicket(0)], 130)
})

test('a sweep without an effect moves no sequence', () => {
  const { words, map, slots } = rig()
  words[map.latestTicket(0)] = 50
  slots.sweep(0, -5)
  assert.equal(words[map.sequences], 0)
  assert.equal(words[map.latestTicket(0)], 50)
})

test('expiring reporters raises a ticket later than all drawn before', () => {
  const { words, map, slots } = rig()
  words[TICKET_COUNTER] = 41
  words[map.latestTicket(1)] = 40
  assert.equal(slots.expireReporters(1), 41)
  assert.equal(words[map.latestTicket(1)], 41)
  assert.equal(words[TICKET_COUNTER], 42)
})
