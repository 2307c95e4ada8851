// The manager's loop against mailboxes that never become empty: its thread must still hear what it is asked.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { Drain, type DrainResult } from '../../src/manager/drain.js'
import { ManagerActor } from '../../src/manager/manager-actor.js'
import { TEST_POLICY } from '../policy.js'
import { smallRegion } from './core-support.js'

/** A message is there after a turn or two of the event loop; a loop that keeps its thread must not hang the test. */
const MAX_TURNS = 1_000

for (const result of ['more', 'waiting'] as const) {
  test(`a control call is answered although each turn of the drain ends with '${result}'`, async (t) => {
    const { port1, port2 } = new MessageChannel()
    t.after(() => port1.close())
    let turns = 0
    let isAsked = false
    t.mock.method(Drain.prototype, 'run', (): DrainResult => {
      if (isAsked) return 'empty'
      assert.ok(++turns < MAX_TURNS, `the loop has kept its thread for ${turns} turns`)
      return result
    })
    // As the supervisor does: through a port, whose messages only the event loop brings.
    port1.postMessage('drain')
    const actor = new ManagerActor(smallRegion().words.buffer, TEST_POLICY)
    await once(port2, 'message')
    assert.ok(turns > 0, 'the loop was at work before')
    isAsked = true
    await actor.drain()
  })
}

test('a control call is answered although each park is rung before its wait begins', async (t) => {
  const { port1, port2 } = new MessageChannel()
  t.after(() => port1.close())
  const { buffer } = smallRegion().words
  let parks = 0
  const { waitAsync } = Atomics
  t.mock.method(Atomics, 'waitAsync', (...args: Parameters<typeof waitAsync>) => {
    if (args[0].buffer !== buffer) return waitAsync(...args)
    assert.ok(++parks < MAX_TURNS, `the loop has kept its thread for ${parks} parks`)
    return { async: false, value: 'not-equal' }
  })
  port1.postMessage('drain')
  const actor = new ManagerActor(buffer, TEST_POLICY)
  await once(port2, 'message')
  assert.ok(parks > 0, 'the loop has parked before')
  await actor.drain()
})
