// Two and three threads report one component: one does its whole update at each Atomics operation of the other.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as layout from '../../src/memory/layout.js'
import { mailboxHeader } from '../../src/memory/mailbox.js'
import { assertLastCallWins, oneShown, orderShown } from './harness/orders.js'
import { interleavings, type Metadata, register, type Told, update } from './harness/plain-model.js'
import { Rig } from './harness/rig.js'
import { forEachPair, forEachPoint, interrupt, kill, simulation } from './harness/simulation.js'

const BEFORE = [register('a'), update('a', 1, 'fine', { first: '0' })]
/** The manager's patience with a killed producer, and what looking at the clock takes. */
const PATIENCE_MS = 12

/** A component that all the threads have spoken of before, or none but the first. */
function begin(haveSpoken: boolean) {
  const rig = new Rig()
  const producers = [rig.producer(), rig.producer(), rig.producer()] as const
  rig.settle(rig.producer(), BEFORE)
  const spoken = haveSpoken ? producers.map((_, i) => update('a', 1, `thread ${i}`)) : []
  for (const [i, told] of spoken.entries()) rig.settle(producers[i]!, [told])
  return { rig, producers, before: [...BEFORE, ...spoken] }
}

const metadataOf = (name: string): readonly (Metadata | null)[] => [null, { [name]: '1' }, {}]

/** What the manager does while the first thread is in the middle of its update. */
const DRAINS = ['never', 'in between', 'to the end'] as const

for (const haveSpoken of [false, true]) {
  for (const drains of DRAINS) {
    test(`two updates at a time end as one of the two orders, and the last call wins (spoken before: ${haveSpoken}, drained ${drains})`, () => {
      let points = 0
      for (const own of metadataOf('own')) {
        for (const other of metadataOf('other')) {
          const first = update('a', 3, 'first', own)
          const second = update('a', 2, 'second', other)
          points += forEachPoint((point) => {
            const { rig, producers, before } = begin(haveSpoken)
            const isReached = interrupt(
              point,
              () => producers[0].tell(first),
              () => {
                if (drains !== 'never') rig.manager.run()
                producers[1].tell(second)
                if (drains === 'in between') rig.manager.run()
                if (drains === 'to the end') rig.drain()
              },
            )
            const model = orderShown(rig, before, [[first], [second]])
            const [p, q] = producers
            const calls = [
              [p, first],
              [q, second],
              [q, second],
              [p, first],
            ] as const
            assertLastCallWins(rig, model, point % 2 === 0 ? calls : calls.slice(1))
            return isReached
          })
        }
      }
      assert.ok(points >= 36, `points=${points}`)
    })
  }
}

test('an update that a later one has overtaken never undoes what came after that one', () => {
  const late = update('a', 3, 'late', { late: '1' })
  for (const later of [
    [update('a', 2, '1st'), update('a', 1, '2nd', { second: '1' })],
    [update('a', 2, '1st'), update('a', 1, '2nd', {})],
    [update('a', 2, '1st', { first: '1' }), update('a', 1, '2nd')],
    [update('a', 2, '1st'), update('a', 1, '2nd')],
  ]) {
    forEachPoint((point) => {
      const { rig, producers, before } = begin(true)
      const isReached = interrupt(
        point,
        () => producers[0].tell(late),
        () => rig.settle(producers[1], later),
      )
      const model = orderShown(rig, before, [[late], later])
      assertLastCallWins(rig, model, [[producers[0], late]])
      return isReached
    })
  }
})

test('of two updates that are both overtaken each gives what nobody after it has given', () => {
  const early = update('a', 1, 'early')
  const last = update('a', 0, 'last')
  for (const own of metadataOf('own')) {
    for (const other of metadataOf('other')) {
      const first = update('a', 3, 'first', own)
      const second = update('a', 2, 'second', other)
      const pairs = forEachPair((outer, inner) => {
        const { rig, producers, before } = begin(true)
        const [p, q, r] = producers
        let isInnerReached = false
        const isOuterReached = interrupt(
          outer,
          () => p.tell(first),
          () => {
            rig.settle(r, [early])
            isInnerReached = interrupt(
              inner,
              () => q.tell(second),
              () => rig.settle(r, [last]),
            )
            // In the other half both arrive together, and in the order of their tickets.
            if (inner % 2 === 0) rig.drain()
          },
        )
        const rests = [
          [early, second, last],
          [early, last, second],
        ]
        const model = oneShown(
          rig,
          before,
          rests.flatMap((rest) => [...interleavings([[first], rest])]),
        )
        assertLastCallWins(rig, model, [
          [p, first],
          [q, second],
        ])
        return { outer: isOuterReached, inner: isInnerReached }
      })
      assert.ok(pairs >= 16, `pairs=${pairs}`)
    }
  }
})

test('three updates at a time end as one of the six orders, and the last call wins', () => {
  const pairs = forEachPair((outer, inner) => {
    const { rig, producers, before } = begin((outer + inner) % 2 === 0)
    const pick = (outer * 31 + inner * 17) % 8
    const told = producers.map((_, i) =>
      update(
        'a',
        ((i + 1) % 4) as 0 | 1 | 2 | 3,
        `from ${i}`,
        (pick >> i) % 2 === 0 ? null : { [`k${i}`]: '1' },
      ),
    ) as [Told, Told, Told]
    let isInnerReached = false
    const isOuterReached = interrupt(
      outer,
      () => producers[0].tell(told[0]),
      () => {
        isInnerReached = interrupt(
          inner,
          () => producers[1].tell(told[1]),
          () => {
            if (pick % 3 === 0) rig.manager.run()
            producers[2].tell(told[2])
            if (pick % 3 === 1) rig.manager.run()
            if (pick === 5) rig.drain()
          },
        )
        if (pick % 4 === 0) rig.manager.run()
      },
    )
    const model = orderShown(
      rig,
      before,
      told.map((each) => [each]),
    )
    const calls = ([0, 2, 1, 1, 0] as const).map((i) => [producers[i], told[i]] as const)
    assertLastCallWins(rig, model, calls)
    return { outer: isOuterReached, inner: isInnerReached }
  })
  assert.ok(pairs >= 36, `pairs=${pairs}`)
})

test('a thread killed in its update keeps nobody, and what it said shows only if it was accepted', () => {
  for (const own of metadataOf('own')) {
    for (const other of metadataOf('other')) {
      const first = update('a', 3, 'first', own)
      const second = update('a', 2, 'second', other)
      for (const isBefore of [true, false]) {
        const points = forEachPoint((point) => {
          const { rig, producers, before } = begin(point % 2 === 0)
          const tail = mailboxHeader(rig.region, 0) + layout.MAILBOX_TAIL
          const tailBefore = rig.region.words[tail]
          const speak = () => producers[1].tell(second)
          const isReached = kill(
            point,
            () => producers[0].tell(first),
            isBefore ? speak : undefined,
          )
          if (!isBefore || !isReached) speak()
          const isAccepted = rig.region.words[tail] !== tailBefore
          const from = simulation.nowMs
          const model = orderShown(rig, before, isAccepted ? [[first], [second]] : [[second]])
          assert.ok(
            simulation.nowMs - from < PATIENCE_MS,
            'the manager waits no longer than it may',
          )
          const [, q, r] = producers
          assertLastCallWins(rig, model, [
            [q, second],
            [r, first],
            [q, second],
          ])
          return isReached
        })
        assert.ok(points >= 4, `points=${points}`)
      }
    }
  }
})
