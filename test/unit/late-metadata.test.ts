// Updates that stall between raising the slot's latest ticket and publishing, as their threads are kept from running.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { KIND_UPDATE, STATUS_SHIFT } from '../../src/memory/layout.js'
import { MailboxWriter } from '../../src/memory/mailbox-writer.js'
import { SlotMap } from '../../src/memory/slot-latch.js'
import { encodeMetadata, encodeText } from '../../src/memory/text.js'
import { metadataPairs } from '../../src/model/arguments.js'
import { Bench } from './core-support.js'

/** An update of slot 0 that has raised its ticket; the function it gives publishes it. */
function stalled(
  bench: Bench,
  threadId: number,
  status: number,
  metadata?: Record<string, string>,
) {
  const { words } = bench.region
  // Made for its mailbox alone: mailbox i belongs to the i-th attachment.
  bench.attach(threadId)
  const mailbox = new MailboxWriter(bench.region, threadId)
  const record = { kind: KIND_UPDATE | (status << STATUS_SHIFT), slot: 0, generation: 1 }
  const encoded = metadata && encodeMetadata(metadataPairs(metadata), 500)
  mailbox.write(record, encodeText(`by ${threadId}`, 500), encoded, 0, () => {})
  const ticket = mailbox.drawTicket()
  const latest = new SlotMap(bench.region).latestTicket(0)
  const previous = Atomics.exchange(words, latest, ticket)
  return () => mailbox.publish(ticket, previous)
}

/** Drains until the manager has run out of patience with what does not come, on a clock of the test's own. */
function drainPatiently(t: TestContext, bench: Bench): void {
  let nowMs = 1
  const { mock } = t.mock.method(performance, 'now', () => nowMs)
  assert.equal(bench.drain.run(), 'waiting')
  nowMs += 60_000
  bench.drain.run()
  mock.restore()
}

test('metadata of an update that two later ones did not wait for is still given', (t) => {
  const bench = new Bench()
  const reporter = bench.register(bench.attach(0), 'c')
  reporter.update(1, 'first', { old: '1' })
  bench.drain.run()
  const publishFirst = stalled(bench, 1, 2, { new: '1' })
  const publishSecond = stalled(bench, 2, 1)
  reporter.update(3, 'last')
  drainPatiently(t, bench)
  assert.equal(bench.report().get('c')?.message, 'last')
  publishFirst()
  publishSecond()
  bench.drain.run()
  const { status, message, metadata } = bench.report().get('c')!
  assert.deepEqual({ status, message, ...metadata }, { status: 3, message: 'last', new: '1' })
})

test('metadata that the manager did not wait for is given also if another manager meets it', (t) => {
  const bench = new Bench()
  const reporter = bench.register(bench.attach(0), 'c')
  reporter.update(1, 'first', { old: '1' })
  bench.drain.run()
  const publish = stalled(bench, 1, 2, { new: '1' })
  reporter.update(3, 'last')
  drainPatiently(t, bench)
  bench.restart()
  publish()
  bench.drain.run()
  assert.deepEqual({ ...bench.report().get('c')?.metadata }, { new: '1' })
})

test('late metadata does not undo metadata that was given after it', () => {
  const bench = new Bench()
  const reporter = bench.register(bench.attach(0), 'c')
  const publish = stalled(bench, 1, 2, { late: '1' })
  reporter.update(3, 'last', { later: '1' })
  bench.drain.run()
  publish()
  bench.drain.run()
  assert.deepEqual({ ...bench.report().get('c')?.metadata }, { later: '1' })
})
