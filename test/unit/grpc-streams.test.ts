// The bounds of gRPC streams, with streams that a test moves by hand.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Http2Session, ServerHttp2Stream } from 'node:http2'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ARRIVED, GrpcStreams } from '../../src/probe/grpc-streams.js'

const CHECK = '/grpc.health.v1.Health/Check'
const WATCH = '/grpc.health.v1.Health/Watch'
const NO_ERROR = 0
const CANCEL = 8

class FakeStream extends EventEmitter {
  readonly session: Http2Session
  destroyed = false
  closed = false
  headersSent = false
  readableEnded = false
  writableEnded = false
  state = { remoteClose: 0 }
  /** What it was answered with. */
  status: unknown
  /** The code that it was ended with. */
  code: number | undefined

  constructor(session: Http2Session) {
    super()
    this.session = session
  }

  respond(headers: Record<string, unknown>): void {
    this.headersSent = true
    this.status = headers['grpc-status']
  }

  close(code: number): void {
    if (this.closed) return
    this.closed = true
    this.code = code
    this.emit('close')
  }
}

function createSession(): Http2Session {
  return new EventEmitter() as unknown as Http2Session
}

function createStreams(
  t: TestContext,
  { maxStreams = 100, isClosing = (): boolean => false } = {},
) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let nowMs = 1_000
  t.mock.method(performance, 'now', () => nowMs)
  const served: { stream: FakeStream; arrived: string }[] = []
  const counts = { refused: 0, late: 0 }
  const streams = new GrpcStreams(
    (stream, headers) => {
      served.push({ stream: stream as unknown as FakeStream, arrived: String(headers[ARRIVED]) })
    },
    { requestTimeoutMs: 5_000, answerTimeoutMs: 30_000, maxStreams },
    { countRefused: () => counts.refused++, countLate: () => counts.late++ },
    isClosing,
  )
  t.after(() => streams.close())
  const open = (session: Http2Session, path = CHECK) => {
    const stream = new FakeStream(session)
    streams.admit(stream as unknown as ServerHttp2Stream, { ':path': path }, 4)
    return stream
  }
  /** Time in which the thread stands still, and what its timers do then. */
  const stand = (ms: number) => {
    nowMs += ms
    t.mock.timers.tick(ms)
  }
  const pass = async (ms: number) => {
    stand(ms)
    await turn()
  }
  return { streams, served, counts, open, pass, stand }
}

test('eight streams are served each turn of the loop', async (t) => {
  const { served, open } = createStreams(t)
  const session = createSession()
  for (let i = 0; i < 20; i++) open(session)
  const seen = [served.length]
  for (let i = 0; i < 3; i++) {
    await turn()
    seen.push(served.length)
  }
  assert.deepEqual(seen, [0, 8, 16, 20])
})

test('whoever comes with one stream is not behind all of those of another', async (t) => {
  const { served, open } = createStreams(t)
  const flooding = createSession()
  for (let i = 0; i < 90; i++) open(flooding)
  const single = open(createSession())
  await turn()
  assert.ok(served.some(({ stream }) => stream === single))
  assert.equal(served.length, 8)
})

test('a stream that its client gives up while it waits costs grpc-js nothing', async (t) => {
  const { served, streams, open } = createStreams(t)
  const session = createSession()
  const opened = Array.from({ length: 90 }, () => open(session))
  for (const stream of opened.slice(3)) stream.close(CANCEL)
  await turn()
  assert.equal(served.length, 3)
  assert.equal(streams.openCount, 3)
})

test('a request that ends without a message is answered at once', async (t) => {
  const { served, open } = createStreams(t)
  const empty = open(createSession())
  empty.readableEnded = true
  await turn()
  assert.equal(served.length, 0)
  assert.deepEqual([empty.status, empty.code], [12, NO_ERROR])
})

test('beyond the bound of all streams only a connection without another is served', (t) => {
  const { counts, streams, open } = createStreams(t, { maxStreams: 10 })
  const flooding = createSession()
  for (let i = 0; i < 10; i++) open(flooding)
  const refused = open(flooding)
  assert.deepEqual([refused.status, refused.code], [8, NO_ERROR])
  assert.equal(counts.refused, 1)
  const other = createSession()
  assert.equal(open(other).closed, false)
  assert.equal(open(other).status, 8)
  assert.equal(streams.openCount, 11)
})

test('a request that is not whole in time ends with DEADLINE_EXCEEDED', async (t) => {
  const { counts, streams, open, pass } = createStreams(t)
  const session = createSession()
  const halfOpen = open(session)
  const whole = open(session)
  whole.state.remoteClose = 1
  await pass(4_750)
  assert.equal(halfOpen.closed, false)
  await pass(500)
  assert.deepEqual([halfOpen.status, halfOpen.code], [4, NO_ERROR])
  assert.equal(whole.closed, false)
  assert.equal(counts.late, 1)
  assert.equal(streams.openCount, 1)
})

test('a request whose rest has come while the thread stood still is not late', async (t) => {
  const { counts, open, stand } = createStreams(t)
  const stream = open(createSession())
  stand(6_000)
  // The loop has read it by the end of its turn.
  stream.state.remoteClose = 1
  await turn()
  assert.equal(stream.closed, false)
  assert.equal(counts.late, 0)
})

test('an answer that nobody reads ends its stream, a watch goes on', async (t) => {
  const { open, pass } = createStreams(t)
  const session = createSession()
  const streams = [open(session), open(session, WATCH)]
  for (const stream of streams) {
    stream.state.remoteClose = 1
    stream.headersSent = true
  }
  for (let i = 0; i < 200; i++) await pass(250)
  assert.deepEqual(
    streams.map(({ code }) => code),
    [CANCEL, undefined],
  )
})

test('a watch that was ended, but whose client does not read, is ended for good', async (t) => {
  const { open, pass } = createStreams(t)
  const watch = open(createSession(), WATCH)
  watch.state.remoteClose = 1
  watch.headersSent = true
  for (let i = 0; i < 100; i++) await pass(250)
  watch.writableEnded = true
  for (let i = 0; i < 100; i++) await pass(250)
  assert.equal(watch.closed, false)
  for (let i = 0; i < 22; i++) await pass(250)
  assert.equal(watch.code, CANCEL)
})

test('when the server stops, those that wait and those that come are told so unserved', async (t) => {
  let isClosing = false
  const { served, open } = createStreams(t, { isClosing: () => isClosing })
  const session = createSession()
  const opened = Array.from({ length: 20 }, () => open(session))
  await turn()
  isClosing = true
  await turn()
  assert.deepEqual(
    opened.slice(8).map(({ status }) => status),
    Array(12).fill(14),
  )
  assert.equal(open(createSession()).status, 14)
  assert.equal(served.length, 8)
})

test('a stream says when it came, whatever its client says', async (t) => {
  const { served, open, pass } = createStreams(t)
  const session = createSession()
  open(session)
  await pass(250)
  await turn()
  assert.deepEqual(
    served.map(({ arrived }) => arrived),
    ['1000'],
  )
})
