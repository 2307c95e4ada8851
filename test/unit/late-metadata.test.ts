// Updates that stall between raising the slot's latest ticket and publishing, as their threads are kept from running.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KIND_UPDATE, STATUS_SHIFT } from '../../src/memory/layout.js'
import { MailboxWriter } from '../../src/memory/mailbox.js'
import { SlotMap } from '../../src/memory/slot-latch.js'
import { encodeMetadata, encodeText } from '../../src/memory/text.js'
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
  const encoded = metadata && encodeMetadata(metadata, 500)
  mailbox.write(record, encodeText(`by ${threadId}`, 500), encoded, 0, () => {})
  const ticket = mailbox.drawTicket()
  const latest = new SlotMap(bench.region).latestTicket(0)
  const previous = Atomics.exchange(words, latest, ticket)
  return () => mailbox.publish(ticket, previous)
}

/** Its patience is some ms, but a busy machine may keep this thread from running for longer than that. */
const PATIENCE_DEADLINE_MS = 10_000

/** Drains until the manager has run out of patience with what does not come, and applies what came after it. */
function drainPatiently(bench: Bench): void {
  const end = performance.now() + PATIENCE_DEADLINE_MS
  const isLastApplied = () => bench.report().get('c')?.message === 'last'
  while (!isLastApplied() && performance.now() < end) bench.drain.run()
  assert.ok(isLastApplied(), 'the manager waits for what does not come')
}

test('metadata of an update that two later ones did not wait for is still given', () => {
  const bench = new Bench()
  const reporter = bench.register(bench.attach(0), 'c')
  reporter.update(1, 'first', { old: '1' })
  bench.drain.run()
  const publishFirst = stalled(bench, 1, 2, { new: '1' })
  const publishSecond = stalled(bench, 2, 1)
  reporter.update(3, 'last')
  drainPatiently(bench)
  publishFirst()
  publishSecond()
  bench.drain.run()
  const { status, message, metadata } = bench.report().get('c')!
  assert.deepEqual({ status, message, ...metadata }, { status: 3, message: 'last', new: '1' })
})

test('metadata that the manager did not wait for is given also if another manager meets it', () => {
  const bench = new Bench()
  const reporter = bench.register(bench.attach(0), 'c')
  reporter.update(1, 'first', { old: '1' })
  bench.drain.run()
  const publish = stalled(bench, 1, 2, { new: '1' })
  reporter.update(3, 'last')
  drainPatiently(bench)
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
