// A full mailbox: the producer waits for room while the manager makes some, at each Atomics operation of either. A wait
// that should have been woken shows as one that timed out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  MAILBOX_REFUSALS,
  MAILBOX_ROOM_SEQUENCE,
  MAILBOX_ROOM_WAITING,
  MAILBOX_WAITS,
} from '../../src/memory/layout.js'
import { mailboxHeader } from '../../src/memory/mailbox.js'
import { HealthError } from '../../src/model/errors.js'
import { assertShows } from './harness/audit.js'
import { PlainModel, register, type Told, update } from './harness/plain-model.js'
import { Producer, Rig } from './harness/rig.js'
import { forEachPair, forEachPoint, interrupt, kill, simulation } from './harness/simulation.js'
import { long } from './harness/stories.js'

const BEFORE = [register('a'), register('b')]
const TIMEOUT_MS = 100
/** A record of this is about 80 of the 256 words of the mailbox: three fit. */
const LAST = update('a', 3, long('last'), { last: '1' })

function begin(isFull = true) {
  const rig = new Rig({ mailboxBytes: 1024 })
  const producer = new Producer(rig.region, 1, TIMEOUT_MS)
  rig.settle(producer, BEFORE)
  const told: Told[] = []
  const fill = () => {
    for (let i = 0; i < 3; i++) {
      told.push(update('a', i as 0 | 1 | 2, long(`${i}`)))
      producer.tell(told.at(-1)!)
    }
  }
  if (isFull) fill()
  return { rig, producer, told, fill, header: mailboxHeader(rig.region, 0) }
}

function timedOut(): number {
  return simulation.waits.filter(({ outcome }) => outcome === 'timed-out').length
}

/** The error of a told that found no room. */
function refusal(tell: () => void): HealthError | undefined {
  try {
    tell()
    return undefined
  } catch (error) {
    if (!(error instanceof HealthError)) throw error
    assert.equal(error.code, 'ERR_HEALTH_BACKPRESSURE')
    return error
  }
}

test('a producer goes on without a lost wake, wherever in its wait the manager makes room', () => {
  let waits = 0
  const points = forEachPoint((point) => {
    const { rig, producer, told, header } = begin()
    simulation.onWait = () => rig.drain()
    const isReached = interrupt(
      point,
      () => producer.tell(LAST),
      () => rig.drain(),
    )
    rig.drain()
    assertShows(rig.region, new PlainModel([...BEFORE, ...told, LAST]))
    assert.equal(timedOut(), 0, 'no wait times out')
    assert.equal(rig.region.words[header + MAILBOX_REFUSALS], 0)
    assert.equal(rig.region.words[header + MAILBOX_ROOM_WAITING], 0, 'nobody waits any more')
    waits += simulation.waits.length
    return isReached
  })
  assert.ok(points >= 12 && waits >= 8, `points=${points} waits=${waits}`)
})

test('a producer finds room that is made record by record, wherever the manager is killed over it', () => {
  const pairs = forEachPair((outer, inner) => {
    const { rig, producer, told } = begin()
    // The manager that the killed one leaves the wake to.
    simulation.onWait = () => {
      rig.restart()
      rig.drain()
    }
    let isInnerReached = false
    const isOuterReached = interrupt(
      outer,
      () => producer.tell(LAST),
      () => {
        isInnerReached = kill(3 * inner, () => rig.manager.run(1))
      },
    )
    rig.restart()
    rig.drain()
    assertShows(rig.region, new PlainModel([...BEFORE, ...told, LAST]))
    assert.equal(timedOut(), 0, 'no wait times out')
    return { outer: isOuterReached, inner: isInnerReached }
  })
  assert.ok(pairs >= 100, `pairs=${pairs}`)
})

test('a producer is refused only where no room was made within its bound, and then nothing of it is told', () => {
  let refusals = 0
  const points = forEachPoint((point) => {
    const { rig, producer, told, header } = begin()
    let isDrained = false
    let error: HealthError | undefined
    const from = simulation.nowMs
    const isReached = interrupt(
      point,
      () => {
        error = refusal(() => producer.tell(LAST))
      },
      () => {
        isDrained = error === undefined
        rig.drain()
      },
    )
    const tookMs = simulation.nowMs - from
    if (error !== undefined) {
      refusals++
      // Where room was made it was too late to be seen: behind the last look.
      assert.ok(!isDrained || tookMs >= TIMEOUT_MS, 'nothing was freed within the bound')
      assert.ok(tookMs < TIMEOUT_MS + 2, `tookMs=${tookMs}`)
    }
    assert.equal(rig.region.words[header + MAILBOX_REFUSALS], error === undefined ? 0 : 1)
    rig.drain()
    const all = [...BEFORE, ...told, ...(error === undefined ? [LAST] : [])]
    assertShows(rig.region, new PlainModel(all))
    producer.tell(LAST)
    rig.drain()
    assertShows(rig.region, new PlainModel([...all, LAST]))
    return isReached
  })
  assert.ok(points >= 12 && refusals >= 1, `points=${points} refusals=${refusals}`)
})

for (const isFull of [true, false]) {
  for (const isKilled of [false, true]) {
    test(`whoever begins to wait at any point of a drain is woken (full before: ${isFull}, manager killed: ${isKilled})`, () => {
      const points = forEachPoint((point) => {
        const { rig, producer, told, fill, header } = begin(isFull)
        const other = rig.producer()
        told.push(update('b', 2, 'aside'))
        other.tell(told.at(-1)!)
        const room = header + MAILBOX_ROOM_SEQUENCE
        // It waits for as long as the drain lasts: the thread is asleep in its first wait.
        let wakesBefore: number | undefined
        const asleep = new Error('asleep')
        const waitForRoom = () => {
          simulation.onWait = (index) => {
            assert.equal(index, room)
            wakesBefore = simulation.notifiesOf(room)
            throw asleep
          }
          try {
            if (!isFull) fill()
            producer.tell(LAST)
          } catch (error) {
            if (error !== asleep) throw error
          }
          simulation.onWait = undefined
        }
        let isReached: boolean
        if (isKilled) {
          isReached = kill(point, () => rig.drain(), waitForRoom)
          rig.restart()
          rig.drain()
        } else {
          isReached = interrupt(point, () => rig.drain(), waitForRoom)
        }
        rig.drain()
        if (wakesBefore !== undefined) {
          assert.ok(simulation.notifiesOf(room) > wakesBefore, 'the sleeper is woken')
        } else if (isReached || !isKilled) {
          // There was room.
          told.push(LAST)
        }
        assertShows(rig.region, new PlainModel([...BEFORE, ...told]))
        return isReached
      })
      assert.ok(points >= 30, `points=${points}`)
    })
  }
}

test('a producer killed in its wait leaves its mailbox to be drained as it is', () => {
  const points = forEachPoint((point) => {
    const { rig, producer, told, header } = begin()
    const isReached = kill(point, () => refusal(() => producer.tell(LAST)))
    rig.drain()
    assertShows(rig.region, new PlainModel([...BEFORE, ...told]))
    const waits = rig.region.words[header + MAILBOX_WAITS]!
    assert.ok(waits === 0 || waits === 1)
    return isReached
  })
  assert.ok(points >= 12, `points=${points}`)
})
