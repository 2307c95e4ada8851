import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import type { Drain } from '../../src/manager/drain.js'
import {
  APPLIED_COUNT,
  APPLIED_SEQUENCE,
  APPLY_WAITERS,
  KIND_STANDBY,
  MAILBOX_FREE,
  MAILBOX_HEAD,
  MAILBOX_OWNER,
  MAILBOX_ROOM_SEQUENCE,
  MAILBOX_ROOM_WAITING,
  SNAPSHOT_DONES,
  SNAPSHOT_REQUESTS,
  SUPERSEDED_COUNT,
  TABLE_SEQUENCE,
  TICKET_COUNTER,
} from '../../src/memory/layout.js'
import { mailboxHeader } from '../../src/memory/mailbox.js'
import { Bench, HeldProducer } from './core-support.js'

function rig(sizes = {}) {
  const bench = new Bench(sizes)
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x')
  return { bench, attachment, reporter, shown: () => bench.report().get('x')! }
}

/** Lets the patience with a predecessor pass. */
function runLater(drain: Drain): string {
  const now = performance.now()
  const later = mock.method(performance, 'now', () => now + 1_000)
  try {
    return drain.run()
  } finally {
    later.mock.restore()
  }
}

test('without records there is nothing to do', () => {
  const { bench } = rig()
  const sequence = bench.word(TABLE_SEQUENCE)
  assert.equal(bench.drain.run(), 'empty')
  assert.equal(bench.word(TABLE_SEQUENCE), sequence)
})

test('as many records are applied as asked for, in the order of their tickets over all mailboxes', () => {
  const { bench, reporter, shown } = rig()
  const other = bench.reporter(bench.attach(2), 'x')
  const told = ['first', 'second', 'third', 'fourth']
  for (const [i, message] of told.entries()) [reporter, other][i % 2]!.healthy(message)
  for (const message of told) {
    assert.equal(bench.drain.run(1), 'more')
    assert.equal(shown().message, message)
  }
  assert.equal(bench.drain.run(1), 'empty')
})

test('the head of a mailbox moves with each of its records', () => {
  const { bench, reporter } = rig()
  const head = mailboxHeader(bench.region, 0) + MAILBOX_HEAD
  reporter.healthy('a')
  reporter.healthy('b')
  const heads = [bench.word(head)]
  for (let i = 0; i < 2; i++) {
    bench.drain.run(1)
    heads.push(bench.word(head))
  }
  assert.ok(heads[0]! < heads[1]! && heads[1]! < heads[2]!)
})

test('the table is at rest after each run, and every batch shows in its sequence', () => {
  const { bench, reporter } = rig()
  const before = bench.word(TABLE_SEQUENCE)
  reporter.healthy()
  bench.drain.run()
  assert.equal(bench.word(TABLE_SEQUENCE), before + 2)
})

test('a record that comes after a later ticket was applied counts as overwritten', () => {
  const { bench, reporter, shown } = rig()
  const publish = new HeldProducer(bench.region, 1).update(0, 3, 'late', { late: '1' })
  reporter.degraded('later ticket', { a: '1' })
  bench.drain.run()
  publish()
  bench.drain.run()
  const { status, message, metadata } = shown()
  assert.deepEqual([status, message, { ...metadata }], [2, 'later ticket', { a: '1' }])
  assert.equal(bench.word(SUPERSEDED_COUNT), 1)
})

test('an update that keeps metadata waits for the one before it', () => {
  const { bench, reporter, shown } = rig()
  const publish = new HeldProducer(bench.region, 1).update(0, 3, 'before', { kept: '1' })
  reporter.healthy('after')
  assert.equal(bench.drain.run(), 'waiting')
  assert.equal(shown().message, '')
  publish()
  assert.equal(bench.drain.run(), 'empty')
  assert.deepEqual([shown().message, { ...shown().metadata }], ['after', { kept: '1' }])
})

test('it waits no longer than its patience, and metadata that turns up afterwards is still put in place', () => {
  const { bench, reporter, shown } = rig()
  const publish = new HeldProducer(bench.region, 1).update(0, 3, 'before', { kept: '1' })
  reporter.healthy('after')
  assert.equal(bench.drain.run(), 'waiting')
  assert.equal(runLater(bench.drain), 'empty')
  assert.deepEqual([shown().message, { ...shown().metadata }], ['after', {}])
  publish()
  bench.drain.run()
  assert.deepEqual([shown().message, { ...shown().metadata }], ['after', { kept: '1' }])
})

test('an update that brings its metadata waits for nobody', () => {
  const { bench, reporter, shown } = rig()
  new HeldProducer(bench.region, 1).update(0, 3, 'never published')
  reporter.healthy('own', { own: '1' })
  assert.equal(bench.drain.run(), 'empty')
  assert.equal(shown().message, 'own')
})

test('other components wait with the one that lacks its predecessor, so that their order holds', () => {
  const { bench, attachment, reporter } = rig()
  const other = bench.register(attachment, 'y')
  new HeldProducer(bench.region, 1).update(0, 3, 'never published')
  reporter.healthy('waits')
  other.healthy('later')
  assert.equal(bench.drain.run(), 'waiting')
  assert.equal(bench.report().get('y')?.message, '')
  assert.equal(runLater(bench.drain), 'empty')
  assert.equal(bench.report().get('y')?.message, 'later')
})

test('readers that wait are woken after a batch, and nobody is if nobody waits', () => {
  const { bench, reporter } = rig()
  const { words } = bench.region
  const before = bench.word(APPLIED_SEQUENCE)
  reporter.healthy('a')
  bench.drain.run()
  assert.equal(bench.word(APPLIED_SEQUENCE), before)
  words[APPLY_WAITERS]!++
  reporter.healthy('b')
  bench.drain.run()
  assert.equal(bench.word(APPLIED_SEQUENCE), before + 1)
})

test('a producer that waits for room is woken once its mailbox is at most half full', () => {
  const { bench, reporter } = rig()
  const header = mailboxHeader(bench.region, 0)
  for (let i = 0; i < 6; i++) reporter.healthy(String(i).repeat(500))
  bench.region.words[header + MAILBOX_ROOM_WAITING] = 1
  const woken: number[] = []
  for (let i = 0; i < 6; i++) {
    const before = bench.word(header + MAILBOX_ROOM_SEQUENCE)
    bench.drain.run(1)
    woken.push(bench.word(header + MAILBOX_ROOM_SEQUENCE) - before)
  }
  // Records of 540 bytes in a ring of 4,096.
  assert.deepEqual(woken, [0, 0, 1, 1, 1, 1])
})

test('a new manager wakes whoever may have been left waiting', () => {
  const { bench } = rig()
  const room = mailboxHeader(bench.region, 0) + MAILBOX_ROOM_SEQUENCE
  const before = [bench.word(APPLIED_SEQUENCE), bench.word(room)]
  bench.restart()
  assert.deepEqual(
    [bench.word(APPLIED_SEQUENCE), bench.word(room)],
    [before[0]! + 1, before[1]! + 1],
  )
})

test('counters go on under a new manager', () => {
  const { bench, reporter } = rig()
  reporter.healthy()
  bench.drain.run()
  const applied = bench.word(APPLIED_COUNT)
  bench.restart()
  reporter.degraded()
  bench.drain.run()
  assert.equal(bench.word(APPLIED_COUNT), applied + 1)
})

test('the manager pauses for a snapshot that is asked for, but not for ever', () => {
  const { bench, reporter, shown } = rig()
  const { words } = bench.region
  for (let i = 0; i < 40; i++) reporter.healthy(`${i}`)
  words[SNAPSHOT_REQUESTS]!++
  const before = bench.word(TABLE_SEQUENCE)
  assert.equal(bench.drain.run(), 'empty')
  assert.equal(shown().message, '39')
  // At rest for the pause, once: the reader that never finishes is not waited for again.
  assert.equal(bench.word(TABLE_SEQUENCE), before + 4)
  words[SNAPSHOT_DONES]!++
})

test('the mailbox of a thread that has gone is free again when it is drained, not before', () => {
  const { bench, attachment, reporter, shown } = rig()
  const owner = mailboxHeader(bench.region, 0) + MAILBOX_OWNER
  reporter.healthy('nearly the last words')
  reporter.healthy('last words')
  attachment.detach()
  bench.drain.run(1)
  assert.notEqual(bench.word(owner), MAILBOX_FREE)
  bench.drain.run()
  assert.equal(bench.word(owner), MAILBOX_FREE)
  assert.equal(shown().message, 'last words')
})

test('closing applies what was accepted and refuses the rest', () => {
  const { bench, attachment, reporter, shown } = rig()
  reporter.healthy('accepted')
  bench.drain.close()
  assert.equal(shown().message, 'accepted')
  assert.throws(() => reporter.healthy('accepted'), { code: 'ERR_HEALTH_STOPPED' })
  assert.throws(() => attachment.control(KIND_STANDBY, 1, 0), { code: 'ERR_HEALTH_STOPPED' })
  assert.throws(() => bench.attach(2))
})

test('closing waits for no predecessor', () => {
  const { bench, reporter, shown } = rig()
  new HeldProducer(bench.region, 1).update(0, 3, 'never published')
  reporter.healthy('accepted')
  let looks = 0
  const clock = mock.method(performance, 'now', () => {
    assert.ok(++looks < 100, 'it waits for the time to pass')
    return 0
  })
  bench.drain.close()
  clock.mock.restore()
  assert.equal(shown().message, 'accepted')
})

test('idle components are lifted every 2^28 tickets, so that updates of theirs go on counting', () => {
  const { bench, attachment, reporter } = rig()
  const busy = bench.register(attachment, 'y')
  reporter.degraded('idle for long')
  for (let round = 0; round < 12; round++) {
    bench.region.words[TICKET_COUNTER]! += 2 ** 28 + 1
    busy.healthy(`${round}`)
    bench.drain.run()
  }
  reporter.healthy('back')
  bench.drain.run()
  assert.equal(bench.report().get('x')?.message, 'back')
})
