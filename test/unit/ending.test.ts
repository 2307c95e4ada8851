import assert from 'node:assert/strict'
import { test } from 'node:test'
import { doubted, endingOf, isDoubted, isEndingOf, isRaised } from '../../src/memory/ending.js'

/** Generations wrap at 2^27. */
const LAST_GENERATION = 2 ** 27 - 1

for (const generation of [1, 2 ** 26 - 1, 2 ** 26, LAST_GENERATION]) {
  test(`of generation ${generation} a mark counts as it is and doubted, and only the firm one is raised`, () => {
    const word = endingOf(generation)
    assert.ok(isEndingOf(word, generation) && isRaised(word, generation) && !isDoubted(word))
    assert.ok(isEndingOf(doubted(word), generation) && isDoubted(doubted(word)))
    assert.ok(!isRaised(doubted(word), generation))
  })

  test(`where there is no mark, none of generation ${generation} is raised`, () => {
    assert.ok(!isEndingOf(0, generation))
    assert.ok(!isRaised(0, generation))
  })

  test(`of generation ${generation} a mark is not raised by that of the one before`, () => {
    const before = generation - 1
    assert.ok(!isRaised(endingOf(before), generation))
    assert.ok(!isEndingOf(endingOf(before), generation))
    assert.ok(isRaised(endingOf(generation), before), 'a later one is never taken back')
    assert.ok(isRaised(doubted(endingOf(generation)), before))
  })
}
