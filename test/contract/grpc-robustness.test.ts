// Clients of the gRPC port that are not libraries: the kubelet byte by byte, and those that mean harm. After each of the
// latter the same probe actor must answer, never one that was started again.
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { HealthManager, HealthServer } from '../../src/index.js'
import { GrpcClient } from './support/grpc-client.js'
import {
  ACK,
  CHECK,
  END_HEADERS,
  END_STREAM,
  Frame,
  FrameConnection,
  frame,
  message,
  PREFACE,
  request,
  WATCH,
} from './support/grpc-frames.js'
import { startGrpc } from './support/grpc-server.js'

test('a kubelet is answered, and its PING and its goodbye as well', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  health.register('collector_manager').healthy()
  const connection = await FrameConnection.open(t, grpcPort)
  const headers = request(CHECK, {
    'user-agent': 'kube-probe/1.31 grpc-go/1.65.0',
    'grpc-timeout': '999888u',
  })
  connection.start(
    frame(Frame.Headers, END_HEADERS, 1, headers),
    frame(Frame.Data, END_STREAM, 1, message()),
  )
  const data = await connection.next(Frame.Data)
  // Field 1, varint, SERVING.
  assert.deepEqual(data?.payload, message(Buffer.from([0x08, 0x01])))
  const trailers = await connection.next(Frame.Headers)
  assert.ok(trailers && (trailers.flags & END_STREAM) !== 0)
  const payload = Buffer.from('12345678')
  connection.send(frame(Frame.Ping, 0, 0, payload))
  const pong = await connection.next(Frame.Ping)
  assert.deepEqual([pong?.flags, pong?.payload], [ACK, payload])
  connection.send(frame(Frame.GoAway, 0, 0, Buffer.alloc(8)))
  connection.socket.end()
  await connection.closed()
})

test('a client that cancels all of its watches and opens as many anew in one packet is served', async (t) => {
  const { health, grpcPort } = await startGrpc(t)
  health.register('collector_manager').healthy()
  const connection = await FrameConnection.open(t, grpcPort)
  connection.start()
  await connection.next(Frame.Settings)
  // From here on the server holds the client to its limits.
  connection.send(frame(Frame.Settings, ACK, 0))
  const count = 100
  const streamsFrom = (first: number) => Array.from({ length: count }, (_, i) => first + 2 * i)
  const headers = request(WATCH)
  const watch = (stream: number) => [
    frame(Frame.Headers, END_HEADERS, stream, headers),
    frame(Frame.Data, END_STREAM, stream, message()),
  ]
  const assertServed = async () => {
    for (let i = 0; i < count; i++) {
      const answer = await connection.next(Frame.Headers, Frame.Reset)
      assert.equal(answer?.type, Frame.Headers)
      // It would end a stream that is refused.
      assert.equal(answer.flags & END_STREAM, 0)
    }
  }
  const former = streamsFrom(1)
  connection.send(...former.flatMap(watch))
  await assertServed()
  const cancel = Buffer.from([0, 0, 0, 8])
  connection.send(
    ...former.map((stream) => frame(Frame.Reset, 0, stream, cancel)),
    ...streamsFrom(1 + 2 * count).flatMap(watch),
  )
  await assertServed()
})

describe('the probe actor survives', async () => {
  const health = await HealthManager.start()
  health.register('collector_manager').healthy()
  let restarts = 0
  const server = new HealthServer(health, {
    host: '127.0.0.1',
    port: 0,
    readTimeoutMs: 1_000,
    limits: { maxConnections: 64, idleTimeoutMs: 1_000 },
    grpc: { port: 0 },
    onRestart: () => restarts++,
  })
  const grpcPort = (await server.start()).grpcPort!
  after(() => health.stop())

  async function assertAnswers(t: TestContext): Promise<void> {
    assert.equal(await new GrpcClient(t, grpcPort).check(''), 'serving')
    assert.equal(restarts, 0)
  }

  for (const path of [CHECK, '/grpc.health.v1.Health/Nope', '/']) {
    for (const contentType of ['application/grpc', 'text/plain']) {
      test(`a flood of resets on ${path} as ${contentType}`, async (t) => {
        const connection = await FrameConnection.open(t, grpcPort)
        const headers = request(path, { 'content-type': contentType })
        const cancel = Buffer.from([0, 0, 0, 8])
        connection.start()
        for (let stream = 1; stream < 4_000; stream += 2) {
          connection.send(
            frame(Frame.Headers, END_HEADERS, stream, headers),
            frame(Frame.Reset, 0, stream, cancel),
          )
        }
        connection.socket.end()
        await connection.closed()
        await assertAnswers(t)
      })
    }
  }

  test('an unknown method, which is UNIMPLEMENTED', async (t) => {
    const connection = await FrameConnection.open(t, grpcPort)
    connection.start(frame(Frame.Headers, END_HEADERS | END_STREAM, 1, request('/a.B/C')))
    const answer = await connection.next(Frame.Headers)
    assert.ok(answer && (answer.flags & END_STREAM) !== 0)
    await assertAnswers(t)
  })

  test('a message that is too long, compressed, no Protobuf, or none at all', async (t) => {
    const tooLong = Buffer.concat([Buffer.from([0, 0, 0x10, 0, 0]), Buffer.alloc(4_096)])
    const compressed = Buffer.concat([Buffer.from([1, 0, 0, 0, 4]), Buffer.from('zip!')])
    const noProtobuf = message(Buffer.from([0x0a, 0xff, 0xff]))
    const twoMessages = Buffer.concat([message(), message()])
    for (const content of [tooLong, compressed, noProtobuf, twoMessages, Buffer.alloc(0)]) {
      const connection = await FrameConnection.open(t, grpcPort)
      connection.start(
        frame(Frame.Headers, END_HEADERS, 1, request(CHECK, { 'grpc-encoding': 'gzip' })),
        frame(Frame.Data, END_STREAM, 1, content),
      )
      assert.equal((await connection.next(Frame.Headers, Frame.Reset))?.type, Frame.Headers)
      connection.socket.destroy()
    }
    await assertAnswers(t)
  })

  test('no message at all, which has a status at once', async (t) => {
    for (const frames of [
      [frame(Frame.Headers, END_HEADERS | END_STREAM, 1, request(CHECK))],
      [
        frame(Frame.Headers, END_HEADERS, 1, request(CHECK)),
        frame(Frame.Data, END_STREAM, 1, Buffer.alloc(0)),
      ],
    ]) {
      const connection = await FrameConnection.open(t, grpcPort)
      connection.start(...frames)
      const answer = await connection.next(Frame.Headers, Frame.Reset)
      assert.equal(answer?.type, Frame.Headers)
      assert.ok((answer.flags & END_STREAM) !== 0)
    }
    await assertAnswers(t)
  })

  test('a deadline that is none, or over at once', async (t) => {
    for (const timeout of ['never', '1n', '99999999H', '-1S']) {
      const connection = await FrameConnection.open(t, grpcPort)
      connection.start(
        frame(Frame.Headers, END_HEADERS, 1, request(CHECK, { 'grpc-timeout': timeout })),
        frame(Frame.Data, END_STREAM, 1, message()),
      )
      assert.ok(await connection.next(Frame.Headers))
      connection.socket.destroy()
    }
    await assertAnswers(t)
  })

  test('HTTP/1.1, and bytes that are nothing', async (t) => {
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
      Buffer.from([0x16, 3, 1]),
    ]) {
      const connection = await FrameConnection.open(t, grpcPort)
      connection.send(bytes)
      connection.socket.end()
      await connection.closed()
    }
    await assertAnswers(t)
  })

  test('a hundred half-open connections beyond its bound', async (t) => {
    const connections = await Promise.all(
      Array.from({ length: 164 }, () => FrameConnection.open(t, grpcPort)),
    )
    await assertAnswers(t)
    // The rest goes when it has been idle for a second.
    await Promise.all(connections.map((connection) => connection.closed()))
  })

  test('frames of every kind with anything in them', async (t) => {
    const anyFrame = fc
      .tuple(
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom(0, 1, 1, 2, 3, 5, 0x7fffffff),
        fc.oneof(
          fc.uint8Array({ maxLength: 64 }),
          fc.constant(new Uint8Array(request(CHECK))),
          fc.constant(new Uint8Array(message())),
        ),
      )
      .map(([type, flags, stream, payload]) => frame(type, flags, stream, payload))
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyFrame, { minLength: 1, maxLength: 12 }),
        fc.boolean(),
        async (frames, isAbrupt) => {
          const connection = await FrameConnection.open(t, grpcPort)
          connection.start(frame(Frame.Headers, END_HEADERS, 1, request(CHECK)), ...frames)
          // By then it has read the frames. Some of them leave a connection that node:http2 neither reads nor closes;
          // those go when there is no room for them, or at a ping that is not answered.
          await connection.next(Frame.Settings)
          if (isAbrupt) connection.socket.resetAndDestroy()
          else connection.socket.destroy()
        },
      ),
      { numRuns: 200 },
    )
    await assertAnswers(t)
  })

  test('a preface and no more', async (t) => {
    const connection = await FrameConnection.open(t, grpcPort)
    connection.send(PREFACE.subarray(0, 10))
    await connection.closed()
    await assertAnswers(t)
  })
})
