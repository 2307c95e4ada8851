// Whose the transitions are: terms as the manager begins them, read by the observers that they belong to.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCurrentTerm, readTerm } from '../../src/memory/control.js'
import {
  KIND_OBSERVER,
  OBSERVER_FUNCTION,
  OBSERVER_LEFT,
  OBSERVER_NONE,
  SUPERSEDED_COUNT,
} from '../../src/memory/layout.js'
import {
  findTerm,
  isTermApplied,
  noteTerm,
  type OwnTerm,
  TermJournal,
  untold,
} from '../../src/observe/term-journal.js'
import type { Attachment } from '../../src/runtime/attachment.js'
import type { Reporter } from '../../src/runtime/reporter.js'
import { Bench } from './core-support.js'

class Scene extends Bench {
  readonly attachment: Attachment
  readonly told: Reporter
  #turn = 0

  constructor(sizes: { journalBytes?: number } = {}, firstTicket = 1) {
    super(sizes, firstTicket)
    this.attachment = this.attach()
    this.told = this.register(this.attachment, 'a')
  }

  transitions(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#turn++
      this.told.update(this.#turn % 2 === 0 ? 1 : 2, `${this.#turn}`)
      this.drain.run()
    }
  }

  set(kind: number = OBSERVER_FUNCTION, left = 0): number {
    const ticket = this.attachment.control(KIND_OBSERVER, kind, left)
    this.drain.run()
    return ticket
  }

  /** As whoever has set it at the beginning of all knows it. */
  term(ticket: number, notice = { count: 0, previous: 0 }): OwnTerm {
    const own = findTerm(this.region.words, ticket, notice)
    assert.ok(own !== undefined)
    return own
  }

  journal(own: OwnTerm | number, limit?: number): TermJournal {
    const term = typeof own === 'number' ? this.term(own) : own
    return new TermJournal(this.region, term, term.since, () => limit)
  }
}

/** All that a journal gives up to its end, or up to where there is no more for now. */
function read(journal: TermJournal): (number | string)[] {
  const all: (number | string)[] = []
  for (;;) {
    const next = journal.next()
    if (next === undefined) return all
    if (next === 'ended') return [...all, 'ended']
    all.push('missed' in next ? `missed ${next.missed}` : next.number)
  }
}

test('before any observer is set, the transitions are nobody’s', () => {
  const scene = new Scene()
  const { words } = scene.region
  assert.deepEqual(readCurrentTerm(words), { term: 0, ticket: 0 })
  const term = readTerm(words, 0)
  assert.equal(typeof term === 'object' && term.kind, OBSERVER_NONE)
})

for (const firstTicket of [1, 2 ** 31 - 8, 2 ** 32 - 8]) {
  test(`each transition belongs to the observer of its time, from ticket ${firstTicket}`, () => {
    const scene = new Scene({}, firstTicket)
    scene.transitions(2)
    const first = scene.set()
    scene.transitions(3)
    const second = scene.set()
    scene.transitions(1)
    scene.set(OBSERVER_NONE)
    scene.transitions(2)
    const third = scene.set()
    scene.transitions(1)
    assert.deepEqual(read(scene.journal(first)), [3, 4, 5, 'ended'])
    assert.deepEqual(read(scene.journal(second)), [6, 'ended'])
    assert.deepEqual(read(scene.journal(third)), [9])
  })
}

test('an update and an observer of one thread keep their order, applied together or not', () => {
  const scene = new Scene()
  scene.told.update(1, 'before')
  const ticket = scene.attachment.control(KIND_OBSERVER, OBSERVER_FUNCTION, 0)
  scene.told.update(2, 'after')
  const { words } = scene.region
  assert.equal(findTerm(words, ticket, noteTerm(words)), undefined)
  assert.equal(isTermApplied(words, ticket), false)
  scene.drain.run()
  assert.equal(isTermApplied(words, ticket), true)
  assert.deepEqual(read(scene.journal(ticket)), [2])
})

test('a term that ends while it is read ends there, also if more was read meanwhile', () => {
  const scene = new Scene()
  const journal = scene.journal(scene.set())
  scene.transitions(1)
  assert.deepEqual(read(journal), [1])
  scene.transitions(1)
  scene.set()
  scene.transitions(5)
  assert.deepEqual(read(journal), [2, 'ended'])
  assert.equal(journal.next(), 'ended')
})

test('an observer that another one with a later ticket has overtaken is told nothing', () => {
  const scene = new Scene()
  scene.transitions(2)
  const notice = noteTerm(scene.region.words)
  const current = scene.set()
  scene.transitions(3)
  // Its record would come now, and be superseded.
  const own = scene.term(current - 1, notice)
  assert.equal(own.term, undefined)
  assert.deepEqual(read(scene.journal(own)), ['ended'])
})

test('who leaves ends its own term, and no other', () => {
  const scene = new Scene()
  const first = scene.set()
  scene.transitions(1)
  const second = scene.set()
  const before = scene.word(SUPERSEDED_COUNT)
  scene.set(OBSERVER_LEFT, first)
  assert.equal(scene.word(SUPERSEDED_COUNT), before + 1)
  scene.transitions(1)
  scene.set(OBSERVER_LEFT, second)
  scene.transitions(1)
  assert.deepEqual(read(scene.journal(second)), [2, 'ended'])
  assert.equal(readCurrentTerm(scene.region.words)?.term, 3)
})

test('gaps add up with what was read, also over the end of the term', () => {
  // 64 records.
  const scene = new Scene({ journalBytes: 4096 })
  const first = scene.set()
  scene.transitions(10)
  const second = scene.set()
  scene.transitions(60)
  // The journal has lost 6, all of the first one.
  assert.deepEqual(read(scene.journal(first)), ['missed 6', 7, 8, 9, 10, 'ended'])
  scene.transitions(20)
  // 26 by now, of which 10 were the first one's.
  assert.deepEqual(read(scene.journal(first)), ['missed 10', 'ended'])
  const [gap, next] = read(scene.journal(second))
  assert.deepEqual([gap, next], ['missed 16', 27])
})

test('at a limit it ends, wherever its term does', () => {
  const scene = new Scene()
  const ticket = scene.set()
  scene.transitions(5)
  assert.deepEqual(read(scene.journal(ticket, 3)), [1, 2, 3, 'ended'])
  assert.equal(untold(scene.region.words, scene.term(ticket), 1, 3), 2)
  scene.set()
  scene.transitions(5)
  assert.equal(untold(scene.region.words, scene.term(ticket), 1, 8), 4)
  assert.equal(untold(scene.region.words, scene.term(ticket), 1), 4)
})

for (const firstTicket of [1, 2 ** 31 - 40, 2 ** 32 - 40]) {
  test(`so many terms later that its own is no longer kept, nothing is lost or another’s, from ticket ${firstTicket}`, () => {
    const scene = new Scene({}, firstTicket)
    scene.set()
    scene.transitions(2)
    const notice = noteTerm(scene.region.words)
    const ticket = scene.set()
    const known = scene.term(ticket, notice)
    const journal = scene.journal(known)
    scene.transitions(3)
    for (let i = 0; i < 10; i++) {
      scene.set()
      scene.transitions(1)
    }
    const forgotten = scene.term(ticket, notice)
    assert.deepEqual([forgotten.term, forgotten.since], [undefined, 2])
    assert.deepEqual(read(scene.journal(forgotten)), [3, 4, 5, 'ended'])
    assert.deepEqual(read(journal), [3, 4, 5, 'ended'])
  })
}

test('where its own term is no longer kept and begins later than noted, it skips what is of others', () => {
  const scene = new Scene()
  const notice = noteTerm(scene.region.words)
  // Between the note and the record, others set theirs.
  scene.transitions(1)
  scene.set()
  scene.transitions(2)
  const ticket = scene.set()
  scene.transitions(2)
  for (let i = 0; i < 10; i++) scene.set()
  assert.deepEqual(read(scene.journal(scene.term(ticket, notice))), [4, 5, 'ended'])
})
