// Tickets are 32 bits and compared by serial numbers: whatever still counts must be lifted before it falls 2^31 behind.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAfter, SWEPT_TICKET, TICKET_COUNTER } from '../../src/memory/layout.js'
import { assertShows } from './harness/audit.js'
import { PlainModel, register, standby, suppress, update } from './harness/plain-model.js'
import { Rig } from './harness/rig.js'
import { forEachPoint, kill, simulate } from './harness/simulation.js'

const BEFORE = [
  register('busy'),
  register('idle'),
  update('idle', 2, 'slow', { k: 'v' }),
  standby(true),
  suppress('liveness', 5000, 'reason'),
  update('busy', 3, 'broken'),
]
const EIGHTH = 2 ** 28 + 1000

for (const firstTicket of [1, 0x7ffffff0, -5]) {
  test(`after any number of tickets every record counts, and a new manager redoes no old transition (tickets from ${firstTicket})`, () => {
    const told = Array.from({ length: 20 }, (_, i) => update('busy', 3, `still broken, ${i}`))
    const after = [
      update('idle', 1, 'fine'),
      update('busy', 1, 'mended'),
      standby(false),
      suppress('liveness', 0),
    ]
    simulate(() => {
      const rig = new Rig({}, firstTicket)
      const [p, q] = [rig.producer(), rig.producer()]
      rig.settle(p, BEFORE)
      for (const [i, each] of told.entries()) {
        Atomics.add(rig.region.words, TICKET_COUNTER, EIGHTH)
        rig.settle(p, [each])
        // The same region under a new manager, and on from there under it.
        const copy = rig.copy()
        copy.restart()
        const sofar = [...BEFORE, ...told.slice(0, i + 1)]
        assertShows(copy.region, new PlainModel(sofar))
        copy.settle(copy.producer(), after)
        assertShows(copy.region, new PlainModel([...sofar, ...after]))
      }
      rig.settle(q, after)
      assertShows(rig.region, new PlainModel([...BEFORE, ...told, ...after]))
    })
  })
}

test('a manager killed anywhere in a sweep leaves its successor nothing to redo', () => {
  const told = update('busy', 3, 'still broken')
  const points = forEachPoint((point) => {
    const rig = new Rig()
    const p = rig.producer()
    rig.settle(p, BEFORE)
    Atomics.add(rig.region.words, TICKET_COUNTER, EIGHTH)
    p.tell(told)
    const isReached = kill(point, () => rig.drain())
    rig.restart()
    rig.drain()
    assertShows(rig.region, new PlainModel([...BEFORE, told]))
    if (!isReached) {
      const swept = rig.region.words[SWEPT_TICKET]!
      assert.ok(isAfter(swept, 100), `the sweep has run, sweptTicket=${swept}`)
    }
    return isReached
  })
  assert.ok(points >= 50, `points=${points}`)
})
