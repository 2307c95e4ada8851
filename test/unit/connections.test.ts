import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANSWER_TIMEOUT_MS, Connections } from '../../src/probe/connections.js'

const limits = { maxConnections: 3, headersTimeoutMs: 5, idleTimeoutMs: 10 }

function world() {
  let nowMs = 1_000
  const closed: string[] = []
  const connections = new Connections<{ name: string; close(): void }>(limits, () => nowMs)
  const open = (name: string) => {
    const connection = { name, close: () => closed.push(name) }
    const isIn = connections.open(connection)
    return { connection, isIn }
  }
  const passMs = (ms: number) => {
    nowMs += ms
    connections.sweep()
  }
  return { connections, closed, open, passMs }
}

test('closes one that has not asked in time, at that time', () => {
  const { closed, open, passMs } = world()
  open('early')
  passMs(2)
  open('late')
  passMs(2)
  assert.deepEqual(closed, [])
  passMs(1)
  assert.deepEqual(closed, ['early'])
  passMs(2)
  assert.deepEqual(closed, ['early', 'late'])
})

test('closes one that is idle since its last answer', () => {
  const { connections, closed, open, passMs } = world()
  const { connection } = open('a')
  connections.answered(connection)
  passMs(9)
  connections.answered(connection)
  passMs(9)
  assert.deepEqual(closed, [])
  passMs(1)
  assert.deepEqual(closed, ['a'])
  assert.equal(connections.count, 0)
})

test('closes one that does not take its answer, late', () => {
  const { connections, closed, open, passMs } = world()
  const { connection } = open('a')
  connections.asked(connection)
  passMs(ANSWER_TIMEOUT_MS - 1)
  // Asking more while it waits gives it no more time.
  connections.asked(connection)
  assert.equal(connections.isAnswering, true)
  assert.deepEqual(closed, [])
  passMs(1)
  assert.deepEqual(closed, ['a'])
})

/** Whatever was opened is read: in the turn of the loop behind this one. */
async function read() {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('lets the one go that is idle or silent for longest, and none that is answered', async () => {
  const { connections, closed, open, passMs } = world()
  const answering = open('answering').connection
  connections.asked(answering)
  passMs(1)
  const idle = open('idle').connection
  passMs(1)
  open('silent')
  passMs(1)
  connections.answered(idle)
  await read()
  assert.equal(open('a').isIn, true)
  assert.deepEqual(closed, ['silent'])
  connections.asked(idle)
  await read()
  passMs(1)
  assert.equal(open('b').isIn, true)
  assert.deepEqual(closed, ['silent', 'a'])
  assert.equal(connections.count, 3)
})

test('lets none go before it could be read, though there are twice as many for a turn', async () => {
  const { connections, closed, open, passMs } = world()
  const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => {
    const { connection, isIn } = open(name)
    assert.equal(isIn, true)
    return connection
  })
  assert.deepEqual(closed, [])
  // Three times as many would be too many.
  open('g')
  assert.deepEqual(closed, ['a'])
  passMs(1)
  // The second has asked when all are read.
  connections.asked(all[1]!)
  await read()
  assert.deepEqual(closed, ['a', 'c', 'd', 'e'])
  assert.equal(connections.count, 3)
  // Those that came since then have had no turn either, and whoever is idle gives way first.
  connections.answered(all[1]!)
  passMs(1)
  open('h')
  assert.deepEqual(closed.slice(4), ['f'])
})

test('refuses a new one where all are answered', () => {
  const { connections, closed, open } = world()
  for (const name of ['a', 'b', 'c']) connections.asked(open(name).connection)
  assert.equal(open('d').isIn, false)
  assert.equal(connections.count, 3)
  assert.deepEqual(closed, [])
})

test('knows nothing of one that is closed, whatever is said of it', () => {
  const { connections, closed, open, passMs } = world()
  const { connection } = open('a')
  connections.closed(connection)
  connections.asked(connection)
  connections.answered(connection)
  connections.closed(connection)
  assert.equal(connections.count, 0)
  passMs(ANSWER_TIMEOUT_MS)
  assert.deepEqual(closed, [])
})

test('closes idle ones, or all', () => {
  const { connections, closed, open } = world()
  connections.asked(open('answering').connection)
  open('silent')
  connections.answered(open('idle').connection)
  connections.closeIdle()
  assert.deepEqual(closed, ['silent', 'idle'])
  connections.closeAll()
  assert.deepEqual(closed, ['silent', 'idle', 'answering'])
})

test('leaves one alone that streams, however long, and does not count it as answering', () => {
  const { connections, closed, open, passMs } = world()
  const { connection } = open('stream')
  connections.asked(connection)
  connections.streams(connection)
  assert.equal(connections.isAnswering, false)
  // Of a second request that was sent behind it.
  connections.asked(connection)
  passMs(10 * ANSWER_TIMEOUT_MS)
  assert.deepEqual(closed, [])
  assert.equal(connections.count, 1)
})

test('counts those that stream, and lets others go for a new one', () => {
  const { connections, closed, open } = world()
  for (const name of ['a', 'b']) connections.streams(open(name).connection)
  connections.answered(open('idle').connection)
  assert.equal(open('new').isIn, true)
  assert.deepEqual(closed, ['idle'])
})

test('closes one that streams only with all others', () => {
  const { connections, closed, open } = world()
  connections.streams(open('stream').connection)
  connections.closeIdle()
  assert.deepEqual(closed, [])
  connections.closeAll()
  assert.deepEqual(closed, ['stream'])
  assert.equal(connections.count, 0)
})

test('limits one that has streamed like any other', () => {
  const { connections, closed, open, passMs } = world()
  const { connection } = open('a')
  connections.streams(connection)
  connections.answered(connection)
  passMs(10)
  assert.deepEqual(closed, ['a'])
})

test('is told who is late by the time at which its timer fires, and closes them when the loop has come round', async (t) => {
  const awake = setInterval(() => {}, 1_000)
  t.after(() => clearInterval(awake))
  let nowMs = 0
  let onLook = () => {}
  const closed: string[] = []
  const connections = new Connections<{ close(): void }>(limits, () => {
    const seenMs = nowMs
    onLook()
    return seenMs
  })
  t.after(() => connections.stop())
  connections.open({ close: () => closed.push('a') })
  const round = () => new Promise((resolve) => setImmediate(resolve))
  const fired = new Promise<void>((resolve) => {
    onLook = () => {
      // The thread stands still from here on.
      nowMs = 1_000
      resolve()
    }
  })
  connections.start()
  await fired
  await round()
  assert.deepEqual(closed, [])
  while (closed.length === 0) await round()
  assert.deepEqual(closed, ['a'])
})
