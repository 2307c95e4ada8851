// Whose a transition is: to one observer each, wherever the manager is killed, and wherever it overtakes a reader.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CONTROL_SEQUENCE,
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
  const term = findTerm(region.words, ticket)
  assert.ok(typeof term === 'object', `the observer has a term: ${String(term)}`)
  return new TermJournal(region, { term: term.term, cursor: term.since, limit: () => undefined })
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

test('a reader that looks at the terms before it reads would take what is another one’s', () => {
  // What the order of the two is good for: with every look at the terms answered as it was before, the test above fails.
  assert.throws(() => {
    for (let point = 0, isReached = true; isReached; point++) {
      isReached = simulate(() => {
        let sequence: unknown
        simulation.sabotage = (operation, _words, index, _rest, proceed) => {
          if (operation !== 'load' || index !== CONTROL_SEQUENCE) return proceed()
          sequence ??= proceed()
          return sequence
        }
        const { numbers, isReached } = readOvertaken(point)
        assert.deepEqual(numbers.slice(0, 2), [2, 3])
        assert.ok(!numbers.includes(4), 'it has read what is another one’s')
        return isReached
      })
    }
  }, /another one’s/)
})
