// Several threads set observers without pause while others report: every transition is told to one of them, or in a gap.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HealthManager } from '../../src/index.js'
import { terminateManagerForFault } from '../../src/runtime/faults.js'
import { ObserverRecord } from '../observer-record.js'
import type { TermOrders, TermResult } from './support/term-worker.js'
import { startThread } from './support/threads.js'

const SETTERS = 3
const TRANSITIONS = 60_000

for (const isManagerKilled of [false, true]) {
  test(`no transition goes to two observers, or to none${isManagerKilled ? ', also while the manager is killed' : ''}`, async (t) => {
    const health = await HealthManager.start({ journalBytes: 2 ** 24, restarts: { max: 1000 } })
    t.after(() => health.stop())
    const stop = new SharedArrayBuffer(4)
    const orders: TermOrders = { handle: health.handle(), stop }
    // Set before the others are there.
    const first = new ObserverRecord()
    await health.setTransitionObserver(first.observer)
    const threads = Array.from({ length: SETTERS }, () =>
      startThread(t, './term-worker.js', orders),
    )
    const reporter = health.register('a')
    let count = 0
    while (count < TRANSITIONS) {
      for (let i = 0; i < 100; i++) reporter.update(count++ % 2 === 0 ? 1 : 2, '')
      if (isManagerKilled && count % 20_000 === 0) await terminateManagerForFault(health)
      await health.flush()
    }
    Atomics.store(new Int32Array(stop), 0, 1)
    const results = [
      { told: first.numbers, missed: 0, sets: 1 },
      ...(await Promise.all(threads.map(({ next }) => next() as Promise<TermResult>))),
    ]
    await health.setTransitionObserver(null)
    const told = results.flatMap((result) => result.told)
    const sets = results.reduce((sum, result) => sum + result.sets, 0)
    t.diagnostic(`sets=${sets} told=${told.length}`)
    assert.equal(new Set(told).size, told.length, 'some were told twice')
    assert.equal((await health.stats()).transitions, count)
    assert.deepEqual(
      results.map(({ missed }) => missed),
      results.map(() => 0),
    )
    const seen = new Set(told)
    const untold = Array.from({ length: count }, (_, i) => i + 1).filter((each) => !seen.has(each))
    assert.deepEqual(untold.slice(0, 10), [], 'some were told to nobody')
  })
}
