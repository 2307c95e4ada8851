// What a client of the gRPC port may have open, and for how long: whoever goes beyond is refused by itself, and others are
// answered.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { GrpcClient } from './support/grpc-client.js'
import {
  ACK,
  CHECK,
  END_HEADERS,
  END_STREAM,
  Frame,
  FrameConnection,
  fields,
  frame,
  message,
  request,
  WATCH,
} from './support/grpc-frames.js'
import { startGrpc } from './support/grpc-server.js'

const REFUSED_STREAM = 7
const ENHANCE_YOUR_CALM = 11

async function start(t: TestContext, limits: Record<string, number> = {}) {
  const { health, port, grpcPort } = await startGrpc(t, { limits })
  health.register('collector_manager').healthy()
  const open = () => FrameConnection.open(t, grpcPort)
  const assertAnswers = async () => {
    const client = new GrpcClient(t, grpcPort, { 'grpc.use_local_subchannel_pool': 1 })
    assert.equal(await client.check(''), 'serving')
  }
  const metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return { open, assertAnswers, metrics }
}

test('a call without its request ends in time, and its connection when it has been idle', async (t) => {
  const { open, assertAnswers, metrics } = await start(t, {
    headersTimeoutMs: 100,
    idleTimeoutMs: 100,
  })
  for (const path of [CHECK, WATCH, '/a.B/C']) {
    const connection = await open()
    connection.start(frame(Frame.Headers, END_HEADERS, 1, request(path)))
    const status = await connection.next(Frame.Headers)
    assert.ok(status && (status.flags & END_STREAM) !== 0, path)
    assert.equal((await connection.next(Frame.Reset))?.stream, 1)
    await connection.closed()
  }
  // The last one is not ours to wait for: nobody serves it.
  assert.match(await metrics(), /^health_grpc_late_streams_total 2$/m)
  await assertAnswers()
})

const streams = Array.from({ length: 250 }, (_, i) => 1 + 2 * i)
const beginnings = streams.map((stream) =>
  frame(Frame.Headers, END_HEADERS, stream, request(CHECK)),
)

test('streams beyond two hundred on a connection are refused one by one', async (t) => {
  const { open, assertAnswers } = await start(t)
  const connection = await open()
  // It has not acknowledged the limit, so it may not know of it.
  connection.start(...beginnings)
  for (const stream of streams.slice(200)) {
    const reset = await connection.next(Frame.Reset)
    assert.deepEqual([reset?.stream, reset?.payload.readUInt32BE()], [stream, REFUSED_STREAM])
  }
  await assertAnswers()
  // Those within the limit are served all the same.
  const ends = streams.slice(0, 200).map((it) => frame(Frame.Data, END_STREAM, it, message()))
  connection.send(...ends)
  for (let i = 0; i < ends.length; i++) assert.ok(await connection.next(Frame.Data))
})

test('a client that knows of the limit and does not keep to it loses its connection', async (t) => {
  const { open, assertAnswers } = await start(t)
  const connection = await open()
  connection.start()
  await connection.next(Frame.Settings)
  connection.send(frame(Frame.Settings, ACK, 0), ...beginnings)
  assert.ok(await connection.next(Frame.GoAway))
  await connection.closed()
  await assertAnswers()
})

test('headers of more than 16 KiB are refused, those of less are not', async (t) => {
  const { open, assertAnswers } = await start(t)
  for (const [count, isRefused] of [
    [100, false],
    [150, true],
  ] as const) {
    const more = Array.from({ length: count }, (_, i) => [`x-${i}`, 'v'.repeat(100)] as const)
    const headers = Buffer.concat([request(CHECK), fields(Object.fromEntries(more))])
    const connection = await open()
    connection.start()
    await connection.next(Frame.Settings)
    connection.send(
      frame(Frame.Settings, ACK, 0),
      frame(Frame.Headers, 0, 1, headers.subarray(0, 10_000)),
      frame(Frame.Continuation, END_HEADERS, 1, headers.subarray(10_000)),
      frame(Frame.Data, END_STREAM, 1, message()),
    )
    const answer = await connection.next(Frame.Headers, Frame.Reset)
    assert.equal(answer?.type, isRefused ? Frame.Reset : Frame.Headers, `${count} headers`)
    if (isRefused) assert.equal(answer?.payload.readUInt32BE(), ENHANCE_YOUR_CALM)
  }
  await assertAnswers()
})

test('headers without an end are not waited for longer than an idle connection', async (t) => {
  const { open, assertAnswers } = await start(t, { idleTimeoutMs: 100 })
  const connection = await open()
  connection.start(frame(Frame.Headers, 0, 1, request(CHECK)))
  await connection.closed()
  await assertAnswers()
})
