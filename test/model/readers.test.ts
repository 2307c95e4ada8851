// Readers and the manager: each does its whole part, or is killed, at each Atomics operation of the other.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { journalCount } from '../../src/memory/journal.js'
import { TableReader, watch } from '../../src/memory/table-reader.js'
import { HealthReader } from '../../src/runtime/health-reader.js'
import { changeOf, shownOf, stateOf, transitionsOf } from './harness/audit.js'
import {
  deregister,
  PlainModel,
  register,
  type State,
  standby,
  type Told,
  update,
} from './harness/plain-model.js'
import { LastRegion, Rig } from './harness/rig.js'
import { forEachPair, forEachPoint, interrupt, kill, simulation } from './harness/simulation.js'

const BEFORE = [register('a'), register('b'), update('a', 1, '0', { n: '0' }), update('b', 1, '0')]
/** One batch; each prefix of it is a state that readers may see. */
const BATCH: readonly Told[] = [
  update('a', 3, '1', { n: '1' }),
  update('b', 3, '1', { n: '1' }),
  standby(true),
  update('a', 3, '2', { n: '2' }),
  deregister('b'),
  register('c'),
]
const MODELS = BATCH.map((_, i) => new PlainModel([...BEFORE, ...BATCH.slice(0, i)]))
MODELS.push(new PlainModel([...BEFORE, ...BATCH]))
const POLICY = { liveness: ['a', 'b'], readiness: ['b', 'a'], unregistered: 'fail' } as const
/** The bound of a read that waits for nothing: three free attempts and 20 ms, by a clock that moves with each look. */
const READ_MS = 25

function begin() {
  const rig = new Rig()
  const [p, q] = [rig.producer(), rig.producer()]
  rig.settle(p, BEFORE)
  const readers = new Readers(rig)
  // From here on they know everything, and read only what moves.
  readers.look()
  for (const [i, told] of BATCH.entries()) (i % 2 === 0 ? p : q).tell(told)
  return { rig, readers }
}

/** All kinds of readers, used to the region. Each look is at one instant, so all of them must see the same. */
class Readers {
  readonly #rig: Rig
  readonly #table: TableReader
  readonly #glance: TableReader
  readonly #health: HealthReader
  readonly #watched = ['a', 'b', 'c'].map(watch)
  #seen = 0

  constructor(rig: Rig) {
    this.#rig = rig
    this.#table = new TableReader(rig.region, 0)
    this.#glance = new TableReader(rig.region, 0)
    this.#health = new HealthReader(rig.region, POLICY, 0)
  }

  snapshot(): State {
    return stateOf(this.#table)
  }

  /** The number of records whose effects are seen: the same by every way to look, and never fewer than before. */
  look(): void {
    const from = simulation.nowMs
    const state = this.snapshot()
    const count = this.countOf(state)
    const model = MODELS[count]!
    assert.deepEqual(
      stateOf(new TableReader(this.#rig.region, 0)),
      state,
      'a reader new to the region',
    )
    const { statuses } = this.#glance.glance(this.#watched)
    for (const [i, { name }] of this.#watched.entries()) {
      const status = statuses[i]
      assert.deepEqual(status && shownOf(status), state.components[name], `glance at ${name}`)
      const own = this.#health.getStatus(name)
      assert.deepEqual(own && shownOf(own), state.components[name], `getStatus of ${name}`)
    }
    const isAlive = ['a', 'b'].every((name) => state.components[name]?.status !== 3)
    assert.equal(this.#health.livenessCheck() === undefined, isAlive, 'livenessCheck')
    assert.equal(this.#health.checkLiveness().error === undefined, isAlive, 'checkLiveness')
    const isReady =
      state.isStandby ||
      ['a', 'b'].every((name) => [1, 2].includes(state.components[name]?.status ?? 0))
    assert.equal(this.#health.readinessCheck() === undefined, isReady, 'readinessCheck')
    const journaled = transitionsOf(this.#rig.region).map(changeOf)
    // Journaled before the slot is written: one transition may be ahead.
    const all = MODELS.at(-1)!.changes
    assert.equal(journaled.length, journalCount(this.#rig.region.words))
    assert.deepEqual(journaled, all.slice(0, journaled.length), 'journal')
    const ahead = journaled.length - model.changes.length
    assert.ok(ahead === 0 || ahead === 1, `transitions ahead=${ahead}`)
    assert.ok(simulation.nowMs - from < 10 * READ_MS, 'within the bound')
  }

  countOf(state: State): number {
    const count = MODELS.findLastIndex((model) => isDeepStrictEqual(model.state, state))
    assert.notEqual(count, -1, `torn: ${JSON.stringify(state)}`)
    assert.ok(count >= this.#seen, `went back from ${this.#seen} to ${count} records`)
    this.#seen = count
    return count
  }

  assertAtEnd(): void {
    this.look()
    assert.equal(this.#seen, BATCH.length, 'everything is seen in the end')
  }
}

test('at each point of a batch every reader sees the same whole state, and never an earlier one after a later', () => {
  const points = forEachPoint((point) => {
    const { rig, readers } = begin()
    const isReached = interrupt(
      point,
      () => rig.drain(),
      () => readers.look(),
    )
    readers.assertAtEnd()
    return isReached
  })
  assert.ok(points >= 120, `points=${points}`)
})

test('while the manager is dead, killed at any point, and then recovers, readers go on to see whole states', () => {
  const last = new LastRegion()
  let lastInner = new LastRegion()
  const pairs = forEachPair((outer, inner) => {
    const { rig, readers } = begin()
    const isOuterReached = kill(outer, () => rig.drain())
    const { region } = rig
    if (inner === 0 && last.isRepeated(region, region.layout.heap)) {
      return { outer: isOuterReached, inner: false }
    }
    if (inner === 0) lastInner = new LastRegion()
    readers.look()
    let isNews = true
    const isInnerReached = interrupt(
      inner,
      () => rig.restart(),
      () => {
        isNews = !lastInner.isRepeated(region)
        if (isNews) readers.look()
      },
    )
    if (!isNews) return { outer: isOuterReached, inner: isInnerReached }
    rig.drain()
    readers.assertAtEnd()
    return { outer: isOuterReached, inner: isInnerReached }
  })
  assert.ok(pairs >= 500, `pairs=${pairs}`)
})

test('a snapshot beside which a whole batch is applied is of before or of after it', () => {
  const points = forEachPoint((point) => {
    const { rig, readers } = begin()
    let state: State | undefined
    const isReached = interrupt(
      point,
      () => {
        state = readers.snapshot()
      },
      () => rig.drain(),
    )
    const count = readers.countOf(state!)
    assert.ok(count === 0 || count === BATCH.length, `records=${count}`)
    readers.assertAtEnd()
    return isReached
  })
  assert.ok(points >= 60, `points=${points}`)
})

test('a snapshot beside which a manager works and dies is of one state, and comes in time', () => {
  const pairs = forEachPair((outer, inner) => {
    const { rig, readers } = begin()
    let state: State | undefined
    let isInnerReached = false
    const from = simulation.nowMs
    // Every eleventh point of the manager, others with each point of the reader.
    const isOuterReached = interrupt(
      outer,
      () => {
        state = readers.snapshot()
      },
      () => {
        isInnerReached = kill(11 * inner + (outer % 11), () => rig.drain())
      },
    )
    assert.ok(simulation.nowMs - from < READ_MS, 'within the bound')
    readers.countOf(state!)
    readers.look()
    rig.restart()
    rig.drain()
    readers.assertAtEnd()
    return { outer: isOuterReached, inner: isInnerReached }
  })
  assert.ok(pairs >= 500, `pairs=${pairs}`)
})

test('a read sees what was reported before it began, wherever in its wait the manager applies that', () => {
  const points = forEachPoint((point) => {
    const { rig } = begin()
    const reader = new TableReader(rig.region, 100)
    simulation.onWait = () => rig.drain()
    let state: State | undefined
    const isReached = interrupt(
      point,
      () => {
        state = stateOf(reader)
      },
      () => rig.drain(),
    )
    assert.deepEqual(state, MODELS.at(-1)!.state)
    assert.deepEqual(
      simulation.waits.filter(({ outcome }) => outcome === 'timed-out'),
      [],
      'no wake is lost',
    )
    return isReached
  })
  assert.ok(points >= 60, `points=${points}`)
})
