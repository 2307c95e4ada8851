// The stop: the manager closes the mailboxes while threads report and attach, at each Atomics operation of either. What is
// accepted is applied, what is refused is not, and there is nothing in between.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HealthError } from '../../src/model/errors.js'
import { assertShows } from './harness/audit.js'
import {
  deregister,
  PlainModel,
  register,
  standby,
  type Told,
  update,
} from './harness/plain-model.js'
import { Producer, Rig } from './harness/rig.js'
import { forEachPair, forEachPoint, interrupt, kill, simulation } from './harness/simulation.js'
import { long } from './harness/stories.js'

const BEFORE = [register('a'), register('b'), update('a', 1, 'fine', { k: 'v' })]
const PENDING = [update('b', 2, 'slow'), update('a', 2, 'slow')]
const TOLD: readonly Told[] = [
  update('a', 3, 'broken'),
  update('a', 1, 'fine', { k: 'w' }),
  register('c'),
  deregister('b'),
  standby(true),
]

function begin() {
  const rig = new Rig()
  const producers = [rig.producer(), rig.producer()] as const
  rig.settle(producers[0], BEFORE)
  rig.settle(producers[1], [update('b', 1, 'fine')])
  const before = [...BEFORE, update('b', 1, 'fine')]
  for (const [i, told] of PENDING.entries()) producers[i]!.tell(told)
  return { rig, producers, before: [...before, ...PENDING] }
}

/** Whether it was accepted; every other outcome than acceptance and the right refusal is an error. */
function isAccepted(tell: () => void): boolean {
  try {
    tell()
    return true
  } catch (error) {
    if (!(error instanceof HealthError)) throw error
    assert.equal(error.code, 'ERR_HEALTH_STOPPED')
    return false
  }
}

/** After the stop nothing is accepted, also where it only repeats what is there. */
function assertClosed(rig: Rig, model: PlainModel, producers: readonly Producer[]): void {
  assertShows(rig.region, model)
  for (const producer of producers) {
    for (const told of [...TOLD, ...PENDING]) {
      assert.equal(
        isAccepted(() => producer.tell(told)),
        false,
        `${told.kind} is refused`,
      )
    }
  }
  assertShows(rig.region, model)
}

for (const told of TOLD) {
  test(`accepted is applied and refused is not, wherever in the stop this is told: ${JSON.stringify(told)}`, () => {
    const counts = { accepted: 0, refused: 0 }
    const points = forEachPoint((point) => {
      const { rig, producers, before } = begin()
      let accepted = false
      const isReached = interrupt(
        point,
        () => rig.manager.close(),
        () => {
          accepted = isAccepted(() => producers[0].tell(told))
        },
      )
      counts[accepted ? 'accepted' : 'refused']++
      const model = new PlainModel([...before, ...(accepted ? [told] : [])])
      assertClosed(rig, model, producers)
      return isReached
    })
    assert.ok(points >= 60, `points=${points}`)
    assert.ok(counts.accepted >= 1 && counts.refused >= 1, JSON.stringify(counts))
  })

  test(`accepted is applied and refused is not, where the whole stop falls into this: ${JSON.stringify(told)}`, () => {
    const counts = { accepted: 0, refused: 0 }
    const points = forEachPoint((point) => {
      const { rig, producers, before } = begin()
      let accepted = false
      const isReached = interrupt(
        point,
        () => {
          accepted = isAccepted(() => producers[0].tell(told))
        },
        () => rig.manager.close(),
      )
      counts[accepted ? 'accepted' : 'refused']++
      const model = new PlainModel([...before, ...(accepted ? [told] : [])])
      assertClosed(rig, model, producers)
      return isReached
    })
    assert.ok(points >= 3, `points=${points}`)
    assert.ok(counts.accepted >= 1 && counts.refused >= 1, JSON.stringify(counts))
  })
}

test('a manager killed in the stop leaves a stop to its successor that loses nothing', () => {
  const pairs = forEachPair((outer, inner) => {
    const { rig, producers, before } = begin()
    const told = update('a', 3, 'broken')
    let accepted = false
    const isOuterReached = kill(3 * outer, () => rig.manager.close())
    rig.restart()
    const isInnerReached = interrupt(
      3 * inner + (outer % 3),
      () => rig.manager.close(),
      () => {
        accepted = isAccepted(() => producers[0].tell(told))
      },
    )
    assertClosed(rig, new PlainModel([...before, ...(accepted ? [told] : [])]), producers)
    return { outer: isOuterReached, inner: isInnerReached }
  })
  assert.ok(pairs >= 300, `pairs=${pairs}`)
})

test('a thread that attaches at any point of the stop is refused, or has all that it says accepted and applied', () => {
  const told = update('a', 3, 'late')
  for (const isStopInside of [false, true]) {
    const points = forEachPoint((point) => {
      const { rig, producers, before } = begin()
      let accepted = false
      const attach = () => {
        accepted = isAccepted(() => new Producer(rig.region, 9).tell(told))
      }
      const close = () => rig.manager.close()
      const isReached = isStopInside
        ? interrupt(point, attach, close)
        : interrupt(point, close, attach)
      assertClosed(rig, new PlainModel([...before, ...(accepted ? [told] : [])]), producers)
      assert.equal(
        isAccepted(() => new Producer(rig.region, 10)),
        false,
      )
      return isReached
    })
    assert.ok(points >= 8, `points=${points}`)
  }
})

test('a producer that waits for room when the stop comes is refused at once', () => {
  const points = forEachPoint((point) => {
    const rig = new Rig({ mailboxBytes: 1024 })
    const producer = new Producer(rig.region, 1, 100)
    rig.settle(producer, [register('a')])
    const told = [0, 1, 2].map((i) => update('a', i as 0 | 1 | 2, long(`${i}`)))
    for (const each of told) producer.tell(each)
    const last = update('a', 3, long('last'))
    simulation.onWait = () => rig.manager.close()
    let accepted = false
    const from = simulation.nowMs
    const isReached = interrupt(
      point,
      () => {
        accepted = isAccepted(() => producer.tell(last))
      },
      () => rig.manager.close(),
    )
    assert.ok(simulation.nowMs - from < 5, 'nobody waits for what will not come')
    const model = new PlainModel([register('a'), ...told, ...(accepted ? [last] : [])])
    assertClosed(rig, model, [producer])
    return isReached
  })
  assert.ok(points >= 12, `points=${points}`)
})
