import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DOORBELL,
  KIND_STANDBY,
  MAILBOX_CUTS,
  MAILBOX_IGNORED,
  MAILBOX_OWNER,
  PARKED,
  PHASE,
  PHASE_STOPPING,
  TICKET_COUNTER,
} from '../../src/memory/layout.js'
import { mailboxHeader } from '../../src/memory/mailbox.js'
import { encodeText } from '../../src/memory/text.js'
import { Attachment } from '../../src/runtime/attachment.js'
import { abandonMailboxesOf } from '../../src/runtime/mailbox-claims.js'
import { Bench } from './core-support.js'

test('each attachment has a mailbox of its own, until there are no more', () => {
  const bench = new Bench({ maxThreads: 2 })
  bench.attach(7)
  bench.attach(7)
  assert.throws(() => bench.attach(8), {
    code: 'ERR_HEALTH_CAPACITY',
    message: 'maxThreads=2: every mailbox is taken',
  })
})

test('a detached thread can report nothing more', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x')
  reporter.healthy('ok')
  attachment.detach()
  assert.throws(() => reporter.healthy('ok'), { code: 'ERR_HEALTH_STOPPED' })
  assert.throws(() => reporter.degraded(), { code: 'ERR_HEALTH_STOPPED' })
  assert.throws(() => reporter.deregister(), { code: 'ERR_HEALTH_STOPPED' })
  assert.throws(() => attachment.control(KIND_STANDBY, 1, 0), { code: 'ERR_HEALTH_STOPPED' })
})

test('detaching twice does no harm to whoever has the mailbox by then', () => {
  const bench = new Bench({ maxThreads: 2 })
  const attachment = bench.attach(1)
  attachment.detach()
  bench.drain.run()
  // Another attachment of the same thread: its owner is the same.
  const next = bench.attach(1)
  attachment.detach()
  const owner = mailboxHeader(bench.region, 0) + MAILBOX_OWNER
  assert.equal(bench.word(owner), 2)
  bench.register(next, 'x').healthy('mine')
  bench.drain.run()
  assert.equal(bench.report().get('x')?.message, 'mine')
})

test('every mailbox of a thread that ended is given back, and nobody else’s', () => {
  const bench = new Bench()
  for (const threadId of [5, 6, 5]) bench.attach(threadId)
  abandonMailboxesOf(bench.region, 5)
  bench.drain.run()
  const owners = [0, 1, 2].map((i) => bench.word(mailboxHeader(bench.region, i) + MAILBOX_OWNER))
  assert.deepEqual(owners, [0, 7, 0])
})

test('once the stop has begun nobody can attach', () => {
  const bench = new Bench()
  bench.region.words[PHASE] = PHASE_STOPPING
  assert.throws(() => bench.attach(), { code: 'ERR_HEALTH_STOPPED' })
})

test('an attachment to mailboxes that the manager has closed is refused, and takes none', () => {
  const bench = new Bench()
  bench.drain.close()
  assert.throws(() => bench.attach(), { code: 'ERR_HEALTH_STOPPED' })
  bench.drain.run()
  assert.equal(bench.word(mailboxHeader(bench.region, 0) + MAILBOX_OWNER), 0)
})

test('the doorbell is rung once a park', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  const rings = () => bench.word(DOORBELL)
  const say = () => attachment.control(KIND_STANDBY, 1, 0)
  const before = rings()
  say()
  assert.equal(rings(), before)
  for (const park of [1, 2]) {
    bench.region.words[PARKED] = park
    say()
    say()
    assert.equal(rings(), before + park)
  }
})

test('the backlog is what was published and not applied', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  assert.equal(attachment.backlog(), 0)
  attachment.control(KIND_STANDBY, 1, 0)
  assert.equal(attachment.backlog(), 8 * 4)
  bench.drain.run()
  assert.equal(attachment.backlog(), 0)
})

test('a refused update draws no ticket and changes nothing', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x')
  reporter.healthy('accepted')
  for (;;) {
    const ticket = bench.word(TICKET_COUNTER)
    try {
      attachment.control(KIND_STANDBY, 0, 0)
    } catch {
      assert.equal(bench.word(TICKET_COUNTER), ticket)
      break
    }
  }
  assert.throws(() => reporter.unhealthy('refused'), { code: 'ERR_HEALTH_BACKPRESSURE' })
  // What was said last is still what counts as said.
  reporter.healthy('accepted')
  bench.drain.run()
  assert.equal(bench.report().get('x')?.message, 'accepted')
  reporter.unhealthy('refused')
  bench.drain.run()
  assert.equal(bench.report().get('x')?.message, 'refused')
})

test('a ticket that is older than the slot’s latest is given up for a new one', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x')
  const index = attachment.bindings.latestTicketIndex(0)
  // Another producer has drawn and raised a later ticket between the draw and the raise of this one.
  const { words } = bench.region
  const exchange = Atomics.compareExchange
  let raised: number | undefined
  Atomics.compareExchange = ((array: Int32Array, at: number, expected: number, next: number) => {
    if (at === index && raised === undefined) {
      raised = words[TICKET_COUNTER]!++
      words[index] = raised
    }
    return exchange(array, at, expected, next)
  }) as typeof Atomics.compareExchange
  try {
    reporter.healthy('ok', {})
  } finally {
    Atomics.compareExchange = exchange
  }
  assert.ok(raised !== undefined && bench.word(index) > raised)
  bench.drain.run()
  assert.equal(bench.report().get('x')?.message, 'ok')
})

test('ignored updates and cut payloads are counted beside the mailbox', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  const header = mailboxHeader(bench.region, 0)
  bench.reporter(attachment, 'nobody').healthy()
  bench.reporter(attachment, 'nobody').deregister()
  assert.equal(bench.word(header + MAILBOX_IGNORED), 2)
  const reporter = bench.register(attachment, 'x')
  reporter.healthy('m'.repeat(600))
  reporter.healthy('short', { long: 'v'.repeat(600) })
  reporter.healthy('fits')
  assert.equal(bench.word(header + MAILBOX_CUTS), 2)
})

test('an attachment knows whether a registration is still the current one', () => {
  const bench = new Bench()
  const attachment = new Attachment(bench.region, 1, 0)
  const reporter = bench.register(attachment, 'x')
  assert.deepEqual(
    [attachment.bindings.isCurrent(0, 1), attachment.bindings.isCurrent(0, 2)],
    [true, false],
  )
  reporter.deregister()
  bench.drain.run()
  assert.equal(attachment.bindings.isCurrent(0, 1), false)
  bench.register(attachment, 'x')
  assert.deepEqual(
    [attachment.bindings.isCurrent(0, 1), attachment.bindings.isCurrent(0, 2)],
    [false, true],
  )
})

test('a look-up of a component that is registered anew again and again ends', (t) => {
  const bench = new Bench()
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x')
  let looks = 0
  t.mock.method(attachment.bindings, 'isCurrent', () => {
    assert.ok(++looks < 1_000, 'it goes on and on')
    return false
  })
  assert.throws(() => reporter.update(1, 'ok'), { code: 'ERR_HEALTH_UNAVAILABLE' })
  assert.throws(() => attachment.bindings.registration(encodeText('x', 255)), {
    code: 'ERR_HEALTH_UNAVAILABLE',
  })
})
