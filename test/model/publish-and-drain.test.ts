// One side publishes, the other drains, at each Atomics operation of either.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertShows } from './harness/audit.js'
import { PlainModel, register, type Told, update } from './harness/plain-model.js'
import { Rig } from './harness/rig.js'
import { forEachPoint, interrupt } from './harness/simulation.js'

/** Where tickets begin: at the start, and where they wrap. */
const FIRST_TICKETS = [1, 0x7fffffff, -3]

const BEGIN = [register('a'), register('b'), update('a', 1, 'fine', { k: 'v' })]

for (const firstTicket of FIRST_TICKETS) {
  test(`an update is applied exactly once, wherever in its publication the manager drains (tickets from ${firstTicket})`, () => {
    for (const told of [
      update('a', 3, 'broken', { why: 'x' }),
      update('a', 3, 'broken'),
      update('a', 1, 'still fine'),
      update('b', 2, 'slow', {}),
    ]) {
      const points = forEachPoint((point) => {
        const rig = new Rig({}, firstTicket)
        const producer = rig.producer()
        rig.settle(producer, BEGIN)
        const isReached = interrupt(
          point,
          () => producer.tell(told),
          () => rig.drain(),
        )
        rig.drain()
        assertShows(rig.region, new PlainModel([...BEGIN, told]))
        return isReached
      })
      assert.ok(points >= 4, `points=${points}`)
    }
  })
}

test('an update is applied exactly once, wherever in a drain it is published', () => {
  const pending = [update('a', 3, 'broken'), update('b', 2, 'slow'), update('a', 1, 'fine again')]
  const told = update('b', 1, 'fast', { k: 'w' })
  const points = forEachPoint((point) => {
    const rig = new Rig()
    const [producer, other] = [rig.producer(), rig.producer()]
    rig.settle(producer, BEGIN)
    for (const each of pending) producer.tell(each)
    const isReached = interrupt(
      point,
      () => rig.drain(),
      () => other.tell(told),
    )
    rig.drain()
    assertShows(rig.region, new PlainModel([...BEGIN, ...pending, told]))
    return isReached
  })
  assert.ok(points >= 60, `points=${points}`)
})

test('records of three threads are applied in the order in which they were published, wherever in a drain that is', () => {
  const first: Told[] = [update('b', 2, '1st'), update('a', 3, '2nd')]
  // Each returns before the next begins, so no transition may overtake another, whichever mailbox the manager has passed.
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
  ]) {
    const points = forEachPoint((point) => {
      const rig = new Rig()
      const producers = [rig.producer(), rig.producer(), rig.producer()]
      rig.settle(producers[1]!, BEGIN)
      for (const each of first) producers[1]!.tell(each)
      const later = [update('a', 1, '3rd'), update('b', 3, '4th'), update('a', 2, '5th')]
      const isReached = interrupt(
        point,
        () => rig.drain(),
        () => {
          for (const [i, each] of later.entries()) producers[order[i]!]!.tell(each)
        },
      )
      rig.drain()
      assertShows(rig.region, new PlainModel([...BEGIN, ...first, ...later]))
      return isReached
    })
    assert.ok(points >= 60, `points=${points}`)
  }
})

test('a thread that attaches in the middle of a drain is heard before those that speak after it', () => {
  const points = forEachPoint((point) => {
    const rig = new Rig()
    const producers = [rig.producer(), rig.producer()] as const
    rig.settle(producers[0], BEGIN)
    const told = [update('b', 2, '1st'), update('a', 3, '2nd'), update('b', 3, '3rd')] as const
    producers[0].tell(told[0])
    const isReached = interrupt(
      point,
      () => rig.drain(),
      () => {
        rig.producer().tell(told[1])
        producers[1].tell(told[2])
      },
    )
    rig.drain()
    assertShows(rig.region, new PlainModel([...BEGIN, ...told]))
    return isReached
  })
  assert.ok(points >= 30, `points=${points}`)
})
