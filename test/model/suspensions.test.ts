// A suspension of the process ends: the watchers run again in any order, and each may be killed at any Atomics operation. Who
// asks after that must not take the time for silence.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WATCHED_TICK } from '../../src/memory/layout.js'
import { encodeRules } from '../../src/memory/rules-block.js'
import { SuspensionWatch } from '../../src/memory/suspensions.js'
import { TableReader } from '../../src/memory/table-reader.js'
import { encodeText } from '../../src/memory/text.js'
import { nowTicks } from '../../src/memory/ticks.js'
import { NO_RULES } from '../../src/model/component-rules.js'
import { LastRegion, Rig } from './harness/rig.js'
import { forEachPair, forEachPoint, interrupt, kill, simulation } from './harness/simulation.js'

/** A component that was suspended, with its watchers, soon after it had spoken. */
function begin() {
  const rig = new Rig()
  const producer = rig.producer()
  const rules = encodeRules({ ...NO_RULES, unhealthyAfterMs: 2_000 })
  producer.attachment.register(encodeText('a', 255), rules)
  rig.drain()
  producer.reporter('a').healthy('fine')
  rig.settleAll()
  const { words } = rig.region
  const watches = [1, 2, 3].map(() => new SuspensionWatch(words, nowTicks()))
  rig.pass(200)
  for (const watch of watches) watch.tick(nowTicks())
  simulation.passMs(20_000)
  const ticks = watches.map((watch) => () => watch.tick(nowTicks()))
  return { rig, ticks }
}

function statusOf({ region }: Rig, reader = new TableReader(region, 0)): number | undefined {
  return reader.snapshot().report.get('a')?.status
}

test('a watcher that is killed over a suspension leaves it to the next', () => {
  const last = new LastRegion()
  const points = forEachPoint((point) => {
    const { rig, ticks } = begin()
    const isReached = kill(point, ticks[0]!)
    if (last.isRepeated(rig.region)) return isReached
    ticks[1]!()
    assert.equal(statusOf(rig), 1)
    // From here on time counts again.
    rig.pass(1_700)
    assert.equal(statusOf(rig), 1)
    rig.pass(400)
    assert.equal(statusOf(rig), 3)
    return isReached
  })
  assert.ok(points >= 6, `points=${points}`)
})

test('two watchers that are killed over a suspension leave it to the third', () => {
  const pairs = forEachPair((outer, inner) => {
    const { rig, ticks } = begin()
    const outerReached = kill(outer, ticks[0]!)
    const innerReached = kill(inner, ticks[1]!)
    ticks[2]!()
    assert.equal(statusOf(rig), 1)
    return { outer: outerReached, inner: innerReached }
  })
  assert.ok(pairs >= 20, `pairs=${pairs}`)
})

test('two watchers that find a suspension beside each other record it once for the reader', () => {
  const pairs = forEachPair((outer, inner) => {
    const { rig, ticks } = begin()
    const isInnerReached = { value: false }
    const isOuterReached = interrupt(outer, ticks[0]!, () => {
      isInnerReached.value = kill(inner, ticks[1]!)
    })
    assert.equal(statusOf(rig), 1)
    rig.pass(1_700)
    assert.equal(statusOf(rig), 1)
    rig.pass(400)
    assert.equal(statusOf(rig), 3)
    return { outer: isOuterReached, inner: isInnerReached.value }
  })
  assert.ok(pairs >= 20, `pairs=${pairs}`)
})

test('a reader that comes in between sees no silence if a watcher runs while it waits', () => {
  const points = forEachPoint((point) => {
    const { rig, ticks } = begin()
    const reader = new TableReader(rig.region, 0)
    simulation.onWait = (index) => {
      assert.equal(index, WATCHED_TICK)
      ticks[1]!()
    }
    const isReached = interrupt(point, ticks[0]!, () => assert.equal(statusOf(rig, reader), 1))
    assert.equal(statusOf(rig, reader), 1)
    return isReached
  })
  assert.ok(points >= 6, `points=${points}`)
})

test('the manager journals no silence, however it and the watchers are killed over the suspension', () => {
  const points = forEachPoint((point) => {
    const { rig, ticks } = begin()
    const isReached = kill(point, () => rig.settleAll())
    ticks[1]!()
    rig.restart()
    rig.settleAll()
    const reader = new TableReader(rig.region, 0)
    assert.equal(statusOf(rig, reader), 1)
    assert.deepEqual(reader.transitions('a'), { 0: 0, 1: 1, 2: 0, 3: 0 })
    return isReached
  })
  assert.ok(points >= 10, `points=${points}`)
})
