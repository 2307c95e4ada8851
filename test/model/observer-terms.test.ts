// Whose a transition is: to one observer each, wherever the manager is killed, and wherever it overtakes a reader.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  JOURNAL_OBSERVER,
  JOURNAL_RECORD_WORDS,
  KIND_OBSERVER,
  OBSERVER_FUNCTION,
  OBSERVER_NONE,
} from '../../src/memory/layout.js'
import { findTerm, TermJournal } from '../../src/observe/term-journal.js'
import { register, update } from './harness/plain-model.js'
import { type Producer, Rig } from './harness/rig.js'
import {
  forEachPair,
  forEachPoint,
  interrupt,
  kill,
  simulate,
  simulation,
} from './harness/simulation.js'

const set = (producer: Producer, kind: number) =>
  producer.attachment.control(KIND_OBSERVER, kind, 0)

/** One transition before the first observer, two of the first, one of the second, one of nobody. */
function tellAll(producer: Producer): { first: number; second: number } {
  producer.tell(update('a', 1, 'nobody’s'))
  const first = set(producer, OBSERVER_FUNCTION)
  producer.tell(update('a', 2, 'the first one’s'))
  producer.tell(update('a', 3, 'the first one’s, too'))
  const second = set(producer, OBSERVER_FUNCTION)
  producer.tell(update('a', 1, 'the second one’s'))
  set(producer, OBSERVER_NONE)
  producer.tell(update('a', 2, 'nobody’s again'))
  return { first, second }
}

function journalOf({ region }: Rig, ticket: number): TermJournal {
  const own = findTerm(region.words, ticket, { count: 0, previous: 0 })
  assert.ok(own?.term !== undefined, 'the observer has a term')
  return new TermJournal(region, own, own.since, () => undefined)
}

function read(journal: TermJournal): (number | string)[] {
  const numbers: (number | string)[] = []
  for (;;) {
    const next = journal.next()
    if (next === undefined) return numbers
    if (next === 'ended') return [...numbers, 'ended']
    numbers.push('missed' in next ? `missed ${next.missed}` : next.number)
  }
}

function begin(): { rig: Rig; producer: Producer } {
  const rig = new Rig()
  const producer = rig.producer()
  rig.settle(producer, [register('a')])
  return { rig, producer }
}

test('every transition goes to one observer, wherever the manager and then its successor are killed', () => {
  const pairs = forEachPair((outer, inner) => {
    const { rig, producer } = begin()
    const { first, second } = tellAll(producer)
    const isOuterReached = kill(4 * outer, () => rig.drain())
    const isInnerReached = kill(inner, () => {
      rig.restart()
      rig.drain()
    })
    rig.restart()
    rig.drain()
    assert.deepEqual(read(journalOf(rig, first)), [2, 3, 'ended'])
    assert.deepEqual(read(journalOf(rig, second)), [4, 'ended'])
    return { outer: isOuterReached, inner: isInnerReached }
  })
  assert.ok(pairs >= 500, `pairs=${pairs}`)
})

/** A reader of the first observer, which the manager overtakes at a point with all that comes after. */
function readOvertaken(point: number): { numbers: (number | string)[]; isReached: boolean } {
  const { rig, producer } = begin()
  producer.tell(update('a', 1, 'nobody’s'))
  const first = set(producer, OBSERVER_FUNCTION)
  producer.tell(update('a', 2, 'the first one’s'))
  rig.drain()
  const journal = journalOf(rig, first)
  let numbers: (number | string)[] = []
  const isReached = interrupt(
    point,
    () => {
      numbers = read(journal)
    },
    () => {
      producer.tell(update('a', 3, 'the first one’s, too'))
      set(producer, OBSERVER_FUNCTION)
      producer.tell(update('a', 1, 'the second one’s'))
      rig.drain()
    },
  )
  return { numbers: [...numbers, ...read(journal)], isReached }
}

test('a reader that the next term overtakes anywhere reads all of its own, and nothing else', () => {
  const points = forEachPoint((point) => {
    const { numbers, isReached } = readOvertaken(point)
    assert.deepEqual(new Set(numbers), new Set([2, 3, 'ended']))
    assert.deepEqual(numbers.slice(0, 2), [2, 3])
    return isReached
  })
  assert.ok(points >= 20, `points=${points}`)
})

test('a manager that does not say whose a transition is lets it go to nobody', () => {
  // What the word in the record is good for: without it, the test above fails.
  assert.throws(
    () =>
      simulate(() => {
        const { layout } = new Rig().region
        const journalEnd = layout.journal + layout.journalRecords * JOURNAL_RECORD_WORDS
        simulation.sabotage = (operation, _words, index, _rest, proceed) => {
          const isInJournal = index >= layout.journal && index < journalEnd
          const field = (index - layout.journal) % JOURNAL_RECORD_WORDS
          if (operation !== 'store' || !isInJournal || field !== JOURNAL_OBSERVER) return proceed()
          return 0
        }
        const { numbers } = readOvertaken(0)
        assert.deepEqual(numbers.slice(0, 2), [2, 3])
      }),
    /deepEqual|deep-equal/,
  )
})
