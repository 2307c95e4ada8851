// What judges the stress runs must itself notice torn updates and lost, repeated or reordered transitions.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HealthStatus } from '../../src/index.js'
import {
  evidenceOf,
  numberOfTransition,
  transitionsUpTo,
  verifyEvidence,
} from './support/evidence.js'
import { JournalAudit, type JournalEntry } from './support/journal-audit.js'

test('evidence verifies as the update that it is', () => {
  for (const number of [0, 1, 2, 15, 16, 17, 999, 123_456]) {
    assert.equal(verifyEvidence('data-1', evidenceOf('data-1', number)), number)
  }
})

test('evidence mixed of two updates or of two components is torn', () => {
  const one = evidenceOf('data-1', 100)
  const other = evidenceOf('data-1', 101)
  const later = evidenceOf('data-1', 102)
  const torn = [
    { ...one, message: other.message },
    { ...one, metadata: other.metadata },
    { ...one, metadata: {} },
    { ...one, metadata: { ...one.metadata, extra: '' } },
    { ...one, status: later.status },
    { ...one, message: one.message.slice(0, -1) },
    evidenceOf('data-2', 100),
  ]
  for (const seen of torn) assert.throws(() => verifyEvidence('data-1', seen), /^Error: torn/)
})

test('the transitions of a producer are those where its status changes', () => {
  const changes: number[] = []
  for (let number = 1; number <= 100; number++) {
    if (evidenceOf('data-1', number).status !== evidenceOf('data-1', number - 1).status) {
      changes.push(number)
    }
    assert.equal(transitionsUpTo(number), changes.length)
  }
  assert.deepEqual(
    changes,
    changes.map((_, ordinal) => numberOfTransition(ordinal)),
  )
})

/** The journal that two producers make, `count` transitions each. */
function journalOf(count: number): JournalEntry[] {
  const statuses = new Map<string, HealthStatus>()
  return Array.from({ length: 2 * count }, (_, i) => {
    const component = `data-${i % 2}`
    const { status, message, metadata } = evidenceOf(
      component,
      numberOfTransition(Math.floor(i / 2)),
    )
    const oldStatus = statuses.get(component) ?? 0
    statuses.set(component, status)
    return { number: i + 1, component, oldStatus, newStatus: status, message, metadata }
  })
}

function audit(entries: readonly JournalEntry[]): JournalAudit {
  const made = new JournalAudit('data-')
  for (const entry of entries) made.add(entry)
  return made
}

test('a whole journal passes the audit, with the number of transitions of each component', () => {
  const { counts, lastNumber } = audit(journalOf(10))
  assert.deepEqual(
    [...counts],
    [
      ['data-0', 10],
      ['data-1', 10],
    ],
  )
  assert.equal(lastNumber, 20)
})

test('a journal that does not begin with the first transition fails the audit', () => {
  assert.throws(() => audit(journalOf(3).slice(1)), /not consecutive/)
})

test('a lost transition fails the audit, even where the numbers hide it', () => {
  const journal = journalOf(10)
  assert.throws(() => audit(journal.filter(({ number }) => number !== 7)), /not consecutive/)
  const renumbered = journal.filter(({ number }) => number !== 7)
  assert.throws(
    () => audit(renumbered.map((entry, i) => ({ ...entry, number: i + 1 }))),
    /old status/,
  )
  // Three in a row come back to the same status, so only the evidence tells.
  const cycle = journal.filter(({ number }) => ![7, 9, 11].includes(number))
  assert.throws(
    () => audit(cycle.map((entry, i) => ({ ...entry, number: i + 1 }))),
    /lost or repeated/,
  )
})

test('a repeated transition fails the audit', () => {
  const journal = journalOf(3)
  assert.throws(() => audit([...journal, journal.at(-1)!]), /not consecutive/)
  assert.throws(() => audit([...journal, { ...journal.at(-1)!, number: 7 }]), /old status/)
})

test('a transition between equal statuses fails the audit', () => {
  const [first] = journalOf(1)
  assert.throws(() => audit([{ ...first!, newStatus: 0 }]), /not a change/)
})

test('a transition with the payload of another update fails the audit', () => {
  const journal = journalOf(3)
  const { message } = evidenceOf('data-0', 2)
  assert.throws(() => audit([{ ...journal[0]!, message }]), /torn/)
})
