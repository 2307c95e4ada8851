// Which requests of a connection are answered at once, which wait for a turn, and when its socket is read. In-process;
// sockets that are connected to nothing.
import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { Pipeline, Turns } from '../../src/probe/node-pipeline.js'

/** A pipeline and what it has answered. */
function pipelineOf(turns: Turns) {
  const socket = new Socket()
  const pipeline = new Pipeline(turns)
  const answered: number[] = []
  let asked = 0
  const ask = (count: number) => {
    for (let i = 0; i < count; i++) {
      const number = asked++
      pipeline.ask(socket, () => answered.push(number))
    }
  }
  return { socket, pipeline, answered, ask }
}

/** The next turn of the loop: what was set before it has run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

test('the first four are answered at once, and their socket goes on being read', () => {
  const { socket, pipeline, answered, ask } = pipelineOf(new Turns())
  ask(4)
  assert.deepEqual(answered, [0, 1, 2, 3])
  assert.equal(socket.isPaused(), false)
  assert.equal(pipeline.isEmpty, false)
  for (let i = 0; i < 4; i++) pipeline.answered()
  assert.equal(pipeline.isEmpty, true)
})

test('others wait until those before them have gone, and then take a turn each', async () => {
  const { pipeline, answered, ask } = pipelineOf(new Turns())
  ask(7)
  await turn()
  assert.equal(answered.length, 4)
  for (let i = 0; i < 3; i++) pipeline.answered()
  await turn()
  assert.equal(answered.length, 4)
  for (let count = 5; count <= 7; count++) {
    pipeline.answered()
    assert.equal(answered.length, count - 1)
    await turn()
    assert.equal(answered.length, count)
  }
  pipeline.answered()
  assert.deepEqual(answered, [0, 1, 2, 3, 4, 5, 6])
  assert.equal(pipeline.isEmpty, true)
})

test('a socket is not read from the fifth on, whoever resumes it, until all are answered', async () => {
  const { socket, pipeline, ask } = pipelineOf(new Turns())
  ask(6)
  assert.equal(socket.isPaused(), true)
  // As node does after each request and each answer.
  socket.resume()
  await turn()
  assert.equal(socket.isPaused(), true)
  for (let i = 0; i < 4; i++) pipeline.answered()
  await turn()
  pipeline.answered()
  await turn()
  assert.equal(socket.isPaused(), true)
  pipeline.answered()
  assert.equal(socket.isPaused(), false)
  await turn()
  assert.equal(socket.isPaused(), false)
  // And once more.
  ask(5)
  assert.equal(socket.isPaused(), true)
  assert.equal(socket.listenerCount('resume'), 1)
})

test('all connections together take one turn at a time, in the order in which they came', async () => {
  const turns = new Turns()
  const pipelines = [pipelineOf(turns), pipelineOf(turns), pipelineOf(turns)]
  for (const { ask, pipeline } of pipelines) {
    ask(6)
    for (let i = 0; i < 4; i++) pipeline.answered()
  }
  const counts = () => pipelines.map(({ answered }) => answered.length)
  await turn()
  assert.deepEqual(counts(), [5, 4, 4])
  pipelines[0]!.pipeline.answered()
  await turn()
  assert.deepEqual(counts(), [5, 5, 4])
  await turn()
  assert.deepEqual(counts(), [5, 5, 5])
  await turn()
  assert.deepEqual(counts(), [6, 5, 5])
})

test('a connection that is gone takes no turn, and nothing of it is answered', async () => {
  const turns = new Turns()
  const [gone, other] = [pipelineOf(turns), pipelineOf(turns)]
  for (const { ask, pipeline } of [gone, other]) {
    ask(6)
    for (let i = 0; i < 4; i++) pipeline.answered()
  }
  gone.pipeline.close()
  await turn()
  assert.equal(other.answered.length, 5)
  // An answer that was on its way is told of in any case.
  gone.pipeline.answered()
  await turn()
  assert.equal(gone.answered.length, 4)
})

test('the last is answered when all others are', async () => {
  const { pipeline, answered, ask } = pipelineOf(new Turns())
  ask(5)
  pipeline.askLast(() => answered.push(99))
  for (let i = 0; i < 4; i++) pipeline.answered()
  await turn()
  assert.deepEqual(answered, [0, 1, 2, 3, 4])
  pipeline.answered()
  assert.deepEqual(answered, [0, 1, 2, 3, 4, 99])
})

test('so many wait in all, and the next one is refused, whosever it is', async () => {
  const turns = new Turns(3)
  const [first, second] = [pipelineOf(turns), pipelineOf(turns)]
  const ask = ({ pipeline, socket }: typeof first) => pipeline.ask(socket, () => {})
  first.ask(4)
  second.ask(4)
  assert.deepEqual([ask(first), ask(second), ask(second)], [true, true, true])
  assert.deepEqual([ask(first), ask(second)], [false, false])
  // One that has had its turn makes room, and so do all of one that is gone.
  for (let i = 0; i < 4; i++) first.pipeline.answered()
  await turn()
  assert.deepEqual([ask(second), ask(second)], [true, false])
  second.pipeline.close()
  second.pipeline.close()
  // Three of these are answered at once.
  const heard = Array.from({ length: 7 }, () => ask(first))
  assert.deepEqual(heard, [true, true, true, true, true, true, false])
})

test('what comes of a connection that is closed is dropped, and takes no room', () => {
  const turns = new Turns(1)
  const [closed, other] = [pipelineOf(turns), pipelineOf(turns)]
  closed.ask(4)
  closed.pipeline.close()
  closed.ask(10)
  assert.equal(closed.answered.length, 4)
  other.ask(4)
  assert.equal(
    other.pipeline.ask(other.socket, () => {}),
    true,
  )
})
