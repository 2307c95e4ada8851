// The manager is killed at each Atomics operation of its work, and its successor at each operation of the recovery.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as layout from '../../src/memory/layout.js'
import { assertShows } from './harness/audit.js'
import { PlainModel, register, update } from './harness/plain-model.js'
import { LastRegion, type Rig } from './harness/rig.js'
import { forEachPair, forEachPoint, kill } from './harness/simulation.js'
import { begin, long, STORIES, type Story } from './harness/stories.js'

function modelOf(story: Story): PlainModel {
  return new PlainModel([...story.before, ...story.told])
}

function assertCounters(words: Int32Array, story: Story): void {
  assert.equal(words[layout.IGNORED_COUNT], 0, 'records ignored')
  assert.equal(words[layout.SUPERSEDED_COUNT], 0, 'records superseded')
  const applied = words[layout.APPLIED_COUNT]!
  // What a killed manager had counted but not shown yet is lost; nothing is counted twice.
  const records = story.before.length + story.told.length
  assert.ok(applied >= story.before.length && applied <= records, `applied=${applied}`)
}

/** However short it was, and wherever the manager was killed meanwhile. */
function assertReadinessSeen(words: Int32Array, story: Story): void {
  assert.equal(words[layout.READINESS_SEEN] === 1, modelOf(story).hasBeenReady, 'readiness seen')
}

/** The runtime goes on as if nothing had been. */
function assertGoesOn(rig: Rig, story: Story): void {
  const model = modelOf(story)
  const newcomer = rig.producer()
  for (const told of [
    register('later'),
    update('later', 2, long('on')),
    update('b', 1, 'back', { k: 'x' }),
    update('b', 3, 'gone'),
  ]) {
    newcomer.tell(told)
    rig.drain()
    // A region full of components refuses another.
    if (told.kind !== 'register' || story.refused === undefined) model.tell(told)
  }
  assertShows(rig.region, model)
}

for (const story of STORIES) {
  test(`nothing is lost or repeated when the manager is killed in ${story.name}`, () => {
    const last = new LastRegion()
    const points = forEachPoint((point) => {
      const rig = begin(story)
      const isReached = kill(point, () => rig.drain())
      if (last.isRepeated(rig.region)) return isReached
      rig.restart()
      rig.drain()
      assertShows(rig.region, modelOf(story))
      assertCounters(rig.region.words, story)
      assertReadinessSeen(rig.region.words, story)
      assertGoesOn(rig, story)
      return isReached
    })
    assert.ok(points >= 20, `points=${points}`)
  })

  test(`nothing is lost or repeated when also the recovery is killed, after ${story.name}`, () => {
    const lastOuter = new LastRegion()
    let lastInner = new LastRegion()
    let corpse: Rig
    let isOuterReached = false
    // What is written in blocks that nobody refers to yet makes no difference; the test above looks at that too.
    const isNews = (last: LastRegion, { region }: Rig) => {
      return !last.isRepeated(region, region.layout.heap)
    }
    const pairs = forEachPair((outer, inner) => {
      if (inner === 0) {
        corpse = begin(story)
        isOuterReached = kill(outer, () => corpse.drain())
        if (!isNews(lastOuter, corpse)) return { outer: isOuterReached, inner: false }
        lastInner = new LastRegion()
      }
      const rig = corpse.copy()
      const isInnerReached = kill(inner, () => rig.restart())
      if (isNews(lastInner, rig)) {
        rig.restart()
        rig.drain()
        assertShows(rig.region, modelOf(story))
        assertCounters(rig.region.words, story)
        assertReadinessSeen(rig.region.words, story)
      }
      return { outer: isOuterReached, inner: isInnerReached }
    })
    assert.ok(pairs >= 60, `pairs=${pairs}`)
  })
}
