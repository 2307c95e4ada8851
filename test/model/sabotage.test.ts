// Shows that model tests bite: each of these takes one rule of the protocol away, by altering the Atomics operations of the
// real code, and must be noticed by a scenario that the code as it is passes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { JournalReader } from '../../src/memory/journal-reader.js'
import * as layout from '../../src/memory/layout.js'
import { TableReader } from '../../src/memory/table-reader.js'
import { HealthError } from '../../src/model/errors.js'
import { assertShows, changeOf, stateOf } from './harness/audit.js'
import { assertLastCallWins, orderShown } from './harness/orders.js'
import { PlainModel, register, type State, update } from './harness/plain-model.js'
import { Rig } from './harness/rig.js'
import {
  dropped,
  isLatestTicket,
  isMailboxWord,
  isSequence,
  isTransitionCount,
  isWord,
  type Rules,
  seenOnce,
  swapped,
  unconditional,
  withRule,
} from './harness/rules.js'
import { forEachPoint, interrupt, kill, simulation } from './harness/simulation.js'
import { long } from './harness/stories.js'

const BEFORE = [register('a'), register('b'), update('a', 1, '0', { n: '0' }), update('b', 1, '0')]

function begin(sizes: Partial<layout.RegionSizes> = {}, publishTimeoutMs = 0) {
  const rig = new Rig(sizes)
  const producers = [rig.producer(publishTimeoutMs), rig.producer()] as const
  rig.settle(producers[0], BEFORE)
  return { rig, producers }
}

/** Each lets two sides meet at every point; with no rule taken away it passes. */
const SCENARIOS = {
  'the manager is killed in a transition': (rules: Rules) =>
    forEachPoint((point) => {
      const { rig, producers } = begin()
      const told = update('a', 3, 'broken')
      producers[0].tell(told)
      const isReached = withRule(rules.manager, rig, () => kill(point, () => rig.drain()))
      withRule(rules.successor, rig, () => rig.restart())
      rig.drain()
      assertShows(rig.region, new PlainModel([...BEFORE, told]))
      return isReached
    }),

  'the manager is killed in an update of the message': (rules: Rules) =>
    forEachPoint((point) => {
      const { rig, producers } = begin()
      const told = update('a', 1, 'other')
      producers[0].tell(told)
      const isReached = withRule(rules.manager, rig, () => kill(point, () => rig.drain()))
      withRule(rules.successor, rig, () => rig.restart())
      rig.drain()
      assertShows(rig.region, new PlainModel([...BEFORE, told]))
      return isReached
    }),

  'a batch is applied beside a snapshot': (rules: Rules) =>
    forEachPoint((point) => {
      const { rig, producers } = begin()
      const batch = [update('a', 3, long('1'), { n: '1' }), update('b', 3, long('1'))]
      for (const told of batch) producers[0].tell(told)
      const reader = new TableReader(rig.region, 0)
      let shown: State | undefined
      const isReached = interrupt(
        point,
        () => {
          withRule(rules.other, rig, () => (shown = stateOf(reader)))
        },
        () => withRule(rules.manager, rig, () => rig.drain()),
      )
      const models = [0, 2].map((count) => new PlainModel([...BEFORE, ...batch.slice(0, count)]))
      assert.ok(
        models.some(({ state }) => isDeepStrictEqual(state, shown)),
        'torn',
      )
      return isReached
    }),

  'the journal is overwritten beside its reader': (rules: Rules) =>
    forEachPoint((point) => {
      const { rig, producers } = begin({ journalBytes: 4 * 64, heapBytes: 4096 })
      const told = [3, 1, 2, 3, 1, 2, 3, 1].map((status, i) =>
        update('a', status as 1 | 2 | 3, long(`${i}`)),
      )
      rig.settle(producers[0], told.slice(0, 3))
      const { changes } = new PlainModel([...BEFORE, ...told])
      const reader = new JournalReader(rig.region, 'oldest')
      let entry: ReturnType<JournalReader['next']>
      const isReached = interrupt(
        point,
        () => {
          withRule(rules.other, rig, () => (entry = reader.next()))
        },
        () => rig.settle(producers[0], told.slice(3)),
      )
      if (entry !== undefined && 'number' in entry) {
        assert.deepEqual(changeOf(entry), changes[entry.number - 1])
      }
      return isReached
    }),

  'one thread reports between the steps of another': (rules: Rules) =>
    forEachPoint((point) => {
      const { rig, producers } = begin()
      const [p, q] = producers
      const [first, second] = [update('a', 3, 'first'), update('a', 2, 'second')]
      const isReached = interrupt(
        point,
        () => p.tell(first),
        () => withRule(rules.other, rig, () => q.tell(second)),
      )
      const model = orderShown(rig, BEFORE, [[first], [second]])
      assertLastCallWins(rig, model, [[p, first]])
      return isReached
    }),

  'two threads report, one after the other, in the middle of a drain': (rules: Rules) =>
    forEachPoint((point) => {
      const { rig, producers } = begin()
      const [p, q] = producers
      const told = [update('a', 2, '1st'), update('b', 2, '2nd'), update('a', 3, '3rd')]
      p.tell(told[0]!)
      const isReached = interrupt(
        point,
        () => withRule(rules.manager, rig, () => rig.manager.run()),
        () => {
          p.tell(told[1]!)
          q.tell(told[2]!)
        },
      )
      rig.drain()
      assertShows(rig.region, new PlainModel([...BEFORE, ...told]))
      return isReached
    }),

  'room is made for a producer that waits': (rules: Rules) =>
    forEachPoint((point) => {
      const { rig, producers } = begin({ mailboxBytes: 1024 }, 100)
      const tell = (i: number) =>
        producers[0].tell(update('a', (i % 4) as 0 | 1 | 2 | 3, long(`${i}`)))
      for (let i = 0; i < 3; i++) tell(i)
      simulation.onWait = () => rig.drain()
      const isReached = interrupt(
        point,
        () => withRule(rules.other, rig, () => tell(3)),
        () => rig.drain(),
      )
      const isInTime = simulation.waits.every(({ outcome }) => outcome !== 'timed-out')
      assert.ok(isInTime, 'no wait times out')
      return isReached
    }),

  'the stop comes while a thread reports': (rules: Rules) =>
    forEachPoint((point) => {
      const { rig, producers } = begin()
      const told = update('a', 3, 'broken')
      let isAccepted = true
      const tell = () => {
        try {
          withRule(rules.other, rig, () => producers[0].tell(told))
        } catch (error) {
          if (!(error instanceof HealthError)) throw error
          isAccepted = false
        }
      }
      const isReached = interrupt(point, tell, () => rig.manager.close())
      assertShows(rig.region, new PlainModel([...BEFORE, ...(isAccepted ? [told] : [])]))
      return isReached
    }),
} as const

const SABOTAGES: readonly (readonly [string, keyof typeof SCENARIOS, Rules])[] = [
  [
    'the journal is counted after the slot is committed',
    'the manager is killed in a transition',
    { manager: swapped(isWord(layout.JOURNAL_TAIL), isSequence) },
  ],
  [
    'the head moves before the slot is committed',
    'the manager is killed in an update of the message',
    { manager: swapped(isSequence, isMailboxWord(layout.MAILBOX_HEAD)) },
  ],
  [
    'a successor redoes nothing',
    'the manager is killed in a transition',
    { successor: dropped(isSequence) },
  ],
  [
    'a transition is counted after the slot is committed',
    'the manager is killed in a transition',
    { manager: swapped(isTransitionCount, isSequence) },
  ],
  [
    'a transition is counted before it is journaled',
    'the manager is killed in a transition',
    { manager: swapped(isWord(layout.JOURNAL_TAIL), isTransitionCount) },
  ],
  [
    'a successor does not count what was not counted',
    'the manager is killed in a transition',
    { successor: dropped(isTransitionCount) },
  ],
  [
    'a successor leaves the table as it was',
    'the manager is killed in a transition',
    { successor: dropped(isWord(layout.TABLE_SEQUENCE)) },
  ],
  [
    'a batch does not show in the table sequence',
    'a batch is applied beside a snapshot',
    { manager: dropped(isWord(layout.TABLE_SEQUENCE)) },
  ],
  [
    'a reader does not look at the sequences again',
    'a batch is applied beside a snapshot',
    { other: seenOnce(isSequence, isWord(layout.TABLE_SEQUENCE)) },
  ],
  [
    'a journal reader does not look at the oldest position again',
    'the journal is overwritten beside its reader',
    { other: seenOnce(isWord(layout.JOURNAL_OLDEST)) },
  ],
  [
    'a publisher does not raise the latest ticket',
    'one thread reports between the steps of another',
    { other: unconditional(isLatestTicket, false) },
  ],
  [
    'the second collect does not look at the tails again',
    'two threads report, one after the other, in the middle of a drain',
    { manager: seenOnce(isMailboxWord(layout.MAILBOX_TAIL)) },
  ],
  [
    'a producer does not say that it waits',
    'room is made for a producer that waits',
    { other: dropped(isMailboxWord(layout.MAILBOX_ROOM_WAITING)) },
  ],
  [
    'a producer does not look for room again before it waits',
    'room is made for a producer that waits',
    { other: seenOnce(isMailboxWord(layout.MAILBOX_HEAD)) },
  ],
  [
    'a producer does not look whether its mailbox is closed',
    'the stop comes while a thread reports',
    { other: unconditional(isMailboxWord(layout.MAILBOX_TAIL), true) },
  ],
]

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  test(`with all rules nothing is noticed where ${name}`, () => {
    assert.ok(scenario({}) >= 3)
  })
}

for (const [what, scenario, rules] of SABOTAGES) {
  test(`it is noticed where ${scenario} that ${what}`, () => {
    assert.throws(
      () => SCENARIOS[scenario](rules),
      ({ cause }: Error) => cause instanceof assert.AssertionError,
    )
  })
}
