// What a thread is told of what it reports while the manager is late: never that a component it has registered is not there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppliedWait } from '../../src/memory/applied-wait.js'
import { encodeText } from '../../src/memory/text.js'
import { readStats } from '../../src/runtime/stats.js'
import { Bench } from './core-support.js'

const UNAVAILABLE = { code: 'ERR_HEALTH_UNAVAILABLE' }

test('an update is refused, not ignored, while the registration before it waits in the same mailbox', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  attachment.register(encodeText('c', 255))
  const reporter = bench.reporter(attachment, 'c')
  assert.throws(() => reporter.update(1, 'first'), UNAVAILABLE)
  assert.throws(() => reporter.deregister(), UNAVAILABLE)
  bench.drain.run()
  reporter.update(2, 'second')
  bench.drain.run()
  assert.equal(bench.report().get('c')?.message, 'second')
})

test('an update is refused while a deregistration and a registration before it wait in the same mailbox', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'c')
  reporter.deregister()
  attachment.register(encodeText('c', 255))
  assert.throws(() => reporter.update(1, 'first'), UNAVAILABLE)
  bench.drain.run()
  reporter.update(2, 'second')
  bench.drain.run()
  assert.equal(bench.report().get('c')?.message, 'second')
})

test('an update of a name that this thread has not registered is ignored, whatever else waits', () => {
  const bench = new Bench()
  const mine = bench.attach(1)
  const other = bench.attach(2)
  bench.register(mine, 'mine').update(1, 'waits')
  other.register(encodeText('other', 255))
  bench.reporter(mine, 'c').update(1, '')
  bench.reporter(mine, 'c').deregister()
  assert.equal(readStats(bench.region, [], undefined).ignored, 2)
})

test('who insists waits as long as it may, also after a wait in vain', (t) => {
  const bench = new Bench()
  const reporter = bench.register(bench.attach(0), 'c')
  reporter.update(1, 'pending')
  const applied = new AppliedWait(bench.region, 0)
  assert.equal(applied.note(), false)
  assert.equal(applied.wait(1), false)
  const { mock } = t.mock.method(Atomics, 'wait', () => {
    bench.drain.run()
    return 'ok'
  })
  assert.equal(applied.wait(1_000), false)
  assert.equal(mock.callCount(), 0)
  assert.equal(applied.waitInFull(1_000), true)
  assert.equal(mock.callCount(), 1)
})
