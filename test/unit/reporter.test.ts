import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SlotMap } from '../../src/memory/slot-latch.js'
import { encodeText } from '../../src/memory/text.js'
import { Bench } from './core-support.js'

test('an update said while the component was unregistered is said again after it is registered anew', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x')
  reporter.deregister()
  // Published for the old registration, which the manager has not ended yet: ignored.
  reporter.healthy('ok')
  bench.register(attachment, 'x')
  reporter.healthy('ok')
  bench.drain.run()
  assert.equal(bench.report().get('x')?.message, 'ok')
})

test('a reporter finds its component in another slot, also if its own slot is left free', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x')
  const other = bench.register(attachment, 'y')
  reporter.deregister()
  reporter.healthy('to nobody')
  bench.drain.run()
  // The slot that was given back last is taken first.
  other.deregister()
  bench.register(attachment, 'x')
  reporter.healthy('ok')
  bench.drain.run()
  assert.equal(bench.report().get('x')?.message, 'ok')
})

test('a reporter finds its component in another slot after a manager that died while it ended the registration', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x')
  bench.register(attachment, 'y').deregister()
  bench.drain.run()
  reporter.deregister()
  reporter.healthy('to nobody')
  const latest = new SlotMap(bench.region).latestTicket(0)
  const published = bench.word(latest)
  bench.drain.run()
  // Dead before it could make reporters look again.
  bench.region.words[latest] = published
  bench.restart()
  bench.register(attachment, 'x')
  reporter.healthy('ok')
  bench.drain.run()
  assert.equal(bench.report().get('x')?.message, 'ok')
})

test('an update that keeps metadata waits for nobody after its component was registered anew', () => {
  const bench = new Bench()
  const attachment = bench.attach(1)
  const other = bench.attach(2)
  const stale = bench.register(attachment, 'x')
  stale.healthy('first')
  bench.reporter(other, 'x').deregister()
  stale.healthy('of the old registration')
  other.register(encodeText('x', 255))
  bench.drain.run()
  stale.degraded('of the new one')
  assert.equal(bench.drain.run(), 'empty')
  assert.equal(bench.report().get('x')?.message, 'of the new one')
})
