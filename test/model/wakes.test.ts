// Threads that sleep when the manager dies: its successor wakes them, whether or not it finds anything to apply.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { APPLIED_SEQUENCE, MAILBOX_ROOM_SEQUENCE } from '../../src/memory/layout.js'
import { mailboxHeader } from '../../src/memory/mailbox.js'
import { TableReader } from '../../src/memory/table-reader.js'
import { register, update } from './harness/plain-model.js'
import { Producer, Rig } from './harness/rig.js'
import { forEachPair, kill, simulation, unhooked } from './harness/simulation.js'
import { long } from './harness/stories.js'

/** Runs a thread into its first wait on a word, and leaves it asleep there; gives whether it has been woken since. */
function fallAsleep(word: number, run: () => void): () => boolean {
  const asleep = new Error('asleep')
  let wakes = -1
  simulation.onWait = (index) => {
    assert.equal(index, word)
    wakes = simulation.notifiesOf(word)
    throw asleep
  }
  assert.throws(
    () => unhooked(run),
    (error) => error === asleep,
  )
  simulation.onWait = undefined
  return () => simulation.notifiesOf(word) > wakes
}

const SLEEPERS = {
  'a producer that waits for room': (rig: Rig, producer: Producer) =>
    fallAsleep(mailboxHeader(rig.region, 0) + MAILBOX_ROOM_SEQUENCE, () =>
      producer.tell(update('a', 0, long('one too many'))),
    ),
  'a reader that waits for reports to be applied': (rig: Rig) =>
    fallAsleep(APPLIED_SEQUENCE, () => new TableReader(rig.region, 100).snapshot()),
}

for (const [name, sleep] of Object.entries(SLEEPERS)) {
  test(`${name} is woken, wherever the manager and then its successor are killed`, () => {
    const pairs = forEachPair((outer, inner) => {
      const rig = new Rig({ mailboxBytes: 1024 })
      const producer = new Producer(rig.region, 1, 100)
      rig.settle(producer, [register('a')])
      for (let i = 0; i < 3; i++) producer.tell(update('a', (i + 1) as 1 | 2 | 3, long(`${i}`)))
      const isWoken = sleep(rig, producer)
      const isOuterReached = kill(3 * outer, () => rig.drain())
      const isInnerReached = kill(inner, () => rig.restart())
      rig.restart()
      rig.drain()
      assert.ok(isWoken(), 'the sleeper is woken')
      return { outer: isOuterReached, inner: isInnerReached }
    })
    assert.ok(pairs >= 200, `pairs=${pairs}`)
  })
}
