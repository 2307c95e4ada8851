import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { ServingStatus } from '../../src/probe/grpc-service-names.js'
import {
  FEW_QUEUED,
  MAX_QUEUED,
  MAX_QUEUED_IN_ALL,
  QueuedMessages,
  WatchStream,
} from '../../src/probe/grpc-watch-stream.js'

const RESOURCE_EXHAUSTED = 8

/** A stream over which the client reads nothing until the test says so. */
function createStream(t: TestContext, all: QueuedMessages) {
  let readNext: () => void = () => {}
  let isReading = false
  const call = new Writable({
    objectMode: true,
    write(_message, _encoding, done) {
      if (isReading) done()
      else readNext = done
    },
  })
  t.after(() => call.destroy())
  const ends: unknown[] = []
  call.on('error', (end: { code?: number }) => ends.push(end.code))
  const stream = new WatchStream(call, all)
  const send = (count: number) => {
    let sent = 0
    while (sent < count && stream.send(ServingStatus.Serving)) sent++
    return sent
  }
  const read = async () => {
    const drained = once(call, 'drain')
    isReading = true
    readNext()
    await drained
  }
  return { call, ends, send, read }
}

test('a client that does not read loses its stream after so many messages', (t) => {
  const all = new QueuedMessages()
  const { send, ends } = createStream(t, all)
  assert.equal(send(MAX_QUEUED + 1), MAX_QUEUED)
  assert.deepEqual(ends, [RESOURCE_EXHAUSTED])
  assert.equal(all.count, MAX_QUEUED)
})

test('where much waits for all together, only few messages may wait for each', (t) => {
  const all = new QueuedMessages()
  const before = createStream(t, all)
  assert.equal(before.send(FEW_QUEUED + 1), FEW_QUEUED + 1)
  for (let i = 0; i < MAX_QUEUED_IN_ALL / MAX_QUEUED; i++) createStream(t, all).send(MAX_QUEUED)
  assert.ok(all.count >= MAX_QUEUED_IN_ALL)
  const late = createStream(t, all)
  assert.equal(late.send(MAX_QUEUED), FEW_QUEUED)
  assert.deepEqual(late.ends, [RESOURCE_EXHAUSTED])
  assert.equal(before.send(1), 0)
  assert.deepEqual(before.ends, [RESOURCE_EXHAUSTED])
})

test('what is read, or never will be, does not wait any more', async (t) => {
  const all = new QueuedMessages()
  const reading = createStream(t, all)
  const leaving = createStream(t, all)
  reading.send(100)
  leaving.send(100)
  assert.equal(all.count, 200)
  await reading.read()
  assert.equal(all.count, 100)
  const closed = once(leaving.call, 'close')
  leaving.call.destroy()
  await closed
  assert.equal(all.count, 0)
})
