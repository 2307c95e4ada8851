// Snapshots under a storm of updates: the reader asks the manager to pause, and either may die over it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SNAPSHOT_DONES, SNAPSHOT_REQUESTS, TABLE_SEQUENCE } from '../../src/memory/layout.js'
import { TableReader } from '../../src/memory/table-reader.js'
import { componentsOf } from './harness/audit.js'
import { PlainModel, register, type Told, update } from './harness/plain-model.js'
import { Rig } from './harness/rig.js'
import {
  forEachPoint,
  interrupt,
  interruptAlways,
  simulate,
  simulation,
} from './harness/simulation.js'

const BEFORE = [register('a'), register('b')]
/** The manager's pause, and what looking at the clock takes. */
const PAUSE_MS = 1.2
/** The bound of a read that does not wait for the manager. */
const READ_MS = 25

/** Two components that are always told the same, one behind the other; `count` records wait in the mailbox. */
function begin(count: number) {
  const rig = new Rig({ mailboxBytes: 16_384 })
  const producer = rig.producer()
  rig.settle(producer, BEFORE)
  const told: Told[] = []
  const tell = () => {
    const pair = told.length >> 1
    const name = told.length % 2 === 0 ? 'a' : 'b'
    told.push(update(name, (pair % 4) as 0 | 1 | 2 | 3, `${pair}`))
    producer.tell(told.at(-1)!)
  }
  for (let i = 0; i < count; i++) tell()
  /** One more record is told, and one is applied; but nothing in a pause, into which the reader's attempt fits. */
  const storm = () => {
    tell()
    if (!isPauseWanted(rig.region)) rig.manager.run(1)
  }
  return { rig, told, storm }
}

/** A report is whole if it is what some number of the records makes. */
function assertWhole(told: readonly Told[], report: ReturnType<TableReader['snapshot']>['report']) {
  const shown = componentsOf(report)
  const heard = (name: string) =>
    told.findLastIndex(
      (each) => 'message' in each && each.name === name && each.message === shown[name]!.message,
    )
  const count = Math.max(heard('a'), heard('b')) + 1
  assert.deepEqual(shown, new PlainModel([...BEFORE, ...told.slice(0, count)]).state.components)
}

function isPauseWanted({ words }: Rig['region']): boolean {
  return Atomics.load(words, SNAPSHOT_REQUESTS) !== Atomics.load(words, SNAPSHOT_DONES)
}

test('a snapshot beside a record for each of its operations is whole, in time, and had by a pause', () => {
  simulate(() => {
    const { rig, told, storm } = begin(3)
    const reader = new TableReader(rig.region, 0)
    let snapshot: ReturnType<TableReader['snapshot']> | undefined
    const from = simulation.nowMs
    interruptAlways(() => {
      snapshot = reader.snapshot()
    }, storm)
    assert.ok(simulation.nowMs - from < READ_MS, 'within the bound')
    assert.equal(rig.region.words[SNAPSHOT_REQUESTS], 1, 'the free attempts did not do')
    assertWhole(told, snapshot!.report)
  })
})

test('a reader killed anywhere in a snapshot keeps the manager for one pause at most', () => {
  // Before the reader asks it changes nothing that the manager could see.
  let firstPoint = 0
  simulate(() => {
    const { rig, storm } = begin(3)
    interruptAlways(
      () => new TableReader(rig.region, 0).snapshot(),
      (point) => {
        if (rig.region.words[SNAPSHOT_REQUESTS] === 0) firstPoint = point
        storm()
      },
    )
  })
  const points = forEachPoint((behind) => {
    const { rig, told, storm } = begin(3)
    const death = new Error('killed')
    let isReached = false
    try {
      interruptAlways(
        () => new TableReader(rig.region, 0).snapshot(),
        (at) => {
          if (at === firstPoint + behind) {
            isReached = true
            throw death
          }
          storm()
        },
      )
    } catch (error) {
      if (error !== death) throw error
    }
    const from = simulation.nowMs
    rig.drain()
    assert.ok(
      simulation.nowMs - from < PAUSE_MS,
      `the manager paused ${simulation.nowMs - from} ms`,
    )
    assertWhole(told, new TableReader(rig.region, 0).snapshot().report)
    return isReached
  })
  assert.ok(points >= 30, `points=${points}`)
})

test('a reader that asks at any point of a batch gets the table at rest, and the manager goes on as soon as it is done', () => {
  let pauses = 0
  const points = forEachPoint((point) => {
    const { rig, told } = begin(40)
    const { words } = rig.region
    const reader = new TableReader(rig.region, 0)
    simulation.onWait = (index) => {
      assert.equal(index, SNAPSHOT_DONES)
      pauses++
      assert.equal(Atomics.load(words, TABLE_SEQUENCE) & 1, 0, 'nothing is under way')
      assertWhole(told, reader.snapshot().report)
      Atomics.add(words, SNAPSHOT_DONES, 1)
      Atomics.notify(words, SNAPSHOT_DONES)
    }
    const from = simulation.nowMs
    const isReached = interrupt(
      point,
      () => rig.drain(),
      () => Atomics.add(words, SNAPSHOT_REQUESTS, 1),
    )
    assert.ok(simulation.nowMs - from < PAUSE_MS / 2, 'the pause ends with the reader')
    assertWhole(told, reader.snapshot().report)
    return isReached
  })
  assert.ok(points >= 200, `points=${points}`)
  assert.ok(pauses >= points / 2, `pauses=${pauses}`)
})
