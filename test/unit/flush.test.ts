import assert from 'node:assert/strict'
import { test } from 'node:test'
import { APPLY_WAITERS, KIND_STANDBY } from '../../src/memory/layout.js'
import { flush } from '../../src/runtime/flush.js'
import { Bench } from './core-support.js'

/** A thread with two records that are not applied. */
function rig() {
  const bench = new Bench()
  const attachment = bench.attach()
  for (const standby of [1, 0]) attachment.control(KIND_STANDBY, standby, 0)
  return { bench, attachment, drain: bench.drain }
}

test('a flush of nothing resolves without waiting', async () => {
  const { bench, attachment, drain } = rig()
  drain.run()
  await flush(attachment, 0)
  assert.equal(bench.word(APPLY_WAITERS), 0)
})

test('a flush waits until everything is applied', async () => {
  const { bench, attachment, drain } = rig()
  let isDone = false
  const flushed = flush(attachment, 60_000).then(() => {
    isDone = true
  })
  assert.equal(bench.word(APPLY_WAITERS), 1)
  drain.run(1)
  // It looks again, and waits again.
  while (bench.word(APPLY_WAITERS) < 2) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isDone, false)
  drain.run()
  await flushed
  assert.equal(attachment.backlog(), 0)
})

test('a manager that applies nothing for so long is told of, with what is left', async () => {
  const { attachment } = rig()
  await assert.rejects(flush(attachment, 1), {
    code: 'ERR_HEALTH_UNAVAILABLE',
    message: 'publishTimeoutMs=1: the manager applies nothing, depthBytes=64',
  })
})
