import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  MAILBOX_REFUSALS,
  MAILBOX_ROOM_SEQUENCE,
  MAILBOX_ROOM_WAITING,
  MAILBOX_WAITS,
} from '../../src/memory/layout.js'
import { mailboxHeader } from '../../src/memory/mailbox.js'
import { MailboxReader } from '../../src/memory/mailbox-reader.js'
import { MailboxWriter } from '../../src/memory/mailbox-writer.js'
import { encodedOf } from '../../src/memory/text.js'
import { smallRegion } from './core-support.js'

const RECORD = { kind: 1, slot: 7, generation: 3 }
/** With its header and ticket a record of 16 words, so two fill the smallest ring used here. */
const TEXT = encodedOf(32, new Int32Array(8).fill(5))
const noRing = () => assert.fail('rang')

function rig() {
  const region = smallRegion({ mailboxBytes: 32 * 4 })
  const header = mailboxHeader(region, 0)
  const writer = new MailboxWriter(region, 0)
  return {
    writer,
    reader: new MailboxReader(region, 0),
    word: (index: number) => region.words[header + index]!,
    region,
    header,
    send(ticket: number) {
      writer.write(RECORD, TEXT, undefined, 0, noRing)
      writer.publish(ticket, ticket)
    },
  }
}

function receive(reader: MailboxReader): number {
  reader.limit = reader.loadTail()
  assert.ok(reader.load())
  const { ticket } = reader
  reader.advance()
  return ticket
}

test('a full mailbox refuses after the bound, and counts the wait and the refusal', () => {
  const { writer, word, send } = rig()
  send(1)
  send(2)
  assert.throws(() => writer.write(RECORD, TEXT, undefined, 0, noRing), {
    code: 'ERR_HEALTH_BACKPRESSURE',
    message: /publishTimeoutMs=0.*depthBytes=128/,
  })
  assert.equal(word(MAILBOX_WAITS), 1)
  assert.equal(word(MAILBOX_REFUSALS), 1)
  assert.equal(word(MAILBOX_ROOM_WAITING), 0)
})

test('a producer that waits for room shows it, rings, and goes on when there is room', () => {
  const { writer, reader, word, region, header, send } = rig()
  send(1)
  send(2)
  let rings = 0
  // The manager's part, at the moment when the producer is about to sleep.
  const ring = () => {
    rings++
    assert.equal(word(MAILBOX_ROOM_WAITING), 1)
    receive(reader)
    Atomics.add(region.words, header + MAILBOX_ROOM_SEQUENCE, 1)
  }
  writer.write(RECORD, TEXT, undefined, 60_000, ring)
  writer.publish(3, 3)
  assert.equal(rings, 1)
  assert.equal(word(MAILBOX_ROOM_WAITING), 0)
  assert.deepEqual([receive(reader), receive(reader)], [2, 3])
})

test('a producer whose wake-up was lost looks again by itself', () => {
  const { writer, reader, send } = rig()
  send(1)
  send(2)
  // The manager made room and died before it could say so.
  writer.write(RECORD, TEXT, undefined, 60_000, () => receive(reader))
  writer.publish(3, 3)
  assert.equal(receive(reader), 2)
})

test('room that the manager made meanwhile is found without a wait', () => {
  const { reader, word, send } = rig()
  send(1)
  send(2)
  receive(reader)
  send(3)
  assert.equal(word(MAILBOX_WAITS), 0)
})

test('a record is invisible until it is published, and may be written anew instead', () => {
  const { writer, reader } = rig()
  writer.write({ ...RECORD, slot: 99 }, undefined, undefined, 0, noRing)
  assert.equal(reader.loadTail(), 0)
  writer.write(RECORD, undefined, undefined, 0, noRing)
  writer.publish(4, 3)
  reader.limit = reader.loadTail()
  assert.ok(reader.load())
  assert.equal(reader.slot, 7)
  assert.equal(reader.previousTicket, 3)
})

test('a closed mailbox refuses what was written and not published', () => {
  const { writer, reader, send } = rig()
  send(1)
  writer.write(RECORD, TEXT, undefined, 0, noRing)
  const tail = reader.close()
  assert.throws(() => writer.publish(2, 2), { code: 'ERR_HEALTH_STOPPED' })
  assert.equal(reader.loadTail(), tail)
  assert.equal(receive(reader), 1)
})

test('a full mailbox that is closed says that the runtime is stopped, at once', () => {
  const { writer, reader, send } = rig()
  send(1)
  send(2)
  reader.close()
  assert.throws(() => writer.write(RECORD, TEXT, undefined, 60_000, noRing), {
    code: 'ERR_HEALTH_STOPPED',
  })
})
