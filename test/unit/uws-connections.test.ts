// Which connection asks, over sockets that behave as those of uWebSockets.js do, in orders that real ones rarely take.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Connections } from '../../src/probe/connections.js'
import type { UwsResponse } from '../../src/probe/uws.js'
import type { UwsConnection } from '../../src/probe/uws-connection.js'
import { UwsConnections } from '../../src/probe/uws-connections.js'

/** As many as are told apart by their offsets, and some more. */
const MANY = 300

/** A socket; it also takes the part of each request's response. */
class FakeSocket implements UwsResponse {
  closes = 0
  offset = 0
  claim: ((chunk: ArrayBuffer, isLast: boolean) => void) | undefined
  onGone: (() => void) | undefined

  writeStatus = () => this
  writeHeader = () => this
  tryEnd = (): [boolean, boolean] => [true, true]
  write = () => true
  end = () => this
  endWithoutBody = () => {}
  getWriteOffset = () => this.offset
  onWritable = () => this
  cork = () => this
  getRemoteAddressAsText = () => new ArrayBuffer(0)
  close = () => this.closes++
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): this {
    this.claim = handler
    return this
  }
  onAborted(handler: () => void): this {
    this.onGone = handler
    return this
  }
}

type Ask = 'get' | 'head' | 'later'

function world(limits = { maxConnections: 1_000, headersTimeoutMs: 1, idleTimeoutMs: 1 }) {
  let nowMs = 0
  let told = 0
  const tracked = new Connections<UwsConnection>(limits, () => nowMs)
  const connections = new UwsConnections(tracked, () => told++)
  const answered = new Map<FakeSocket, UwsConnection>()

  function answer(socket: FakeSocket, connection: UwsConnection, ask: Ask): void {
    // One that was answered before has to be the same again.
    assert.equal(answered.get(socket) ?? connection, connection)
    for (const [other, known] of answered) assert.ok(other === socket || known !== connection)
    answered.set(socket, connection)
    if (ask === 'later') {
      connections.asked(connection)
      return
    }
    const bodyBytes = ask === 'head' ? 0 : 20
    connections.write(connection, bodyBytes, () => {
      socket.onGone = undefined
      socket.offset = bodyBytes
      return true
    })
    assert.ok(socket.onGone, 'nothing would tell that it is gone')
  }

  return {
    connections,
    told: () => told,
    open() {
      const socket = new FakeSocket()
      connections.filter(socket, 1)
      return socket
    },
    /** A request without a body, alone in its packet or behind another one. Says whether it was answered. */
    request(socket: FakeSocket, ask: Ask = 'get'): boolean {
      const before = socket.closes
      let isAnswered = false
      const act = (connection: UwsConnection) => {
        isAnswered = true
        answer(socket, connection, ask)
      }
      socket.offset = 0
      const connection = connections.tryFind(socket)
      if (connection !== undefined) act(connection)
      else connections.waitForClaim({ response: socket, mayLackClaim: false, answer: act })
      const { claim } = socket
      socket.claim = undefined
      claim?.(new ArrayBuffer(0), true)
      return isAnswered && socket.closes === before
    },
    passMs(ms: number) {
      nowMs += ms
      tracked.sweep()
    },
  }
}

/** The loop comes round. */
const round = () => new Promise((resolve) => setImmediate(resolve))

test('knows who asks, first and again, of more than are told apart by their offsets', async () => {
  const { open, request } = world()
  const sockets = Array.from({ length: MANY }, open)
  for (const ask of ['get', 'get', 'head', 'get', 'get'] as const) {
    for (const socket of sockets) assert.equal(request(socket, ask), true)
    await round()
  }
})

test('knows who asks twice in a packet', async () => {
  const { open, request } = world()
  const sockets = Array.from({ length: MANY }, open)
  for (let i = 0; i < 2; i++) {
    for (const socket of sockets) {
      assert.equal(request(socket), true)
      assert.equal(request(socket), true)
    }
    await round()
  }
})

test('takes nobody for one that waits for its answer', async () => {
  const { open, request } = world()
  const sockets = Array.from({ length: MANY }, open)
  for (const socket of sockets) request(socket)
  await round()
  const [waiting, other] = sockets.slice(-2) as [FakeSocket, FakeSocket]
  assert.equal(request(waiting), true)
  assert.equal(request(waiting, 'later'), true)
  assert.equal(waiting.offset, 0)
  // In the same round, so that the first of them is still the last that was claimed.
  assert.equal(request(other), true)
  assert.equal(request(sockets[0]!), true)
})

test('closes who asks in one packet behind a HEAD, and nobody else', async () => {
  const { open, request } = world()
  const [head, other] = [open(), open()]
  assert.equal(request(head, 'head'), true)
  assert.equal(request(head), false)
  await round()
  assert.equal(head.closes, 1)
  assert.equal(request(other), true)
  assert.equal(other.closes, 0)
})

test('takes a body that goes on for no request', async () => {
  const { open, request, connections } = world()
  const [head, body] = [open(), open()]
  // Answered while its body goes on.
  connections.tryFind(body)
  connections.waitForClaim({ response: body, mayLackClaim: true, answer: () => {} })
  body.claim!(new ArrayBuffer(1), false)
  assert.equal(request(head, 'head'), true)
  connections.tryFind(head)
  connections.waitForClaim({
    response: head,
    mayLackClaim: false,
    answer: () => assert.fail('was taken for a request of another one'),
  })
  body.claim!(new ArrayBuffer(1), true)
  await round()
  assert.equal(head.closes, 1)
  assert.equal(body.closes, 0)
})

test('touches no socket that is gone', () => {
  const { open, request, connections, passMs } = world()
  const sockets = [open(), open(), open()]
  request(sockets[1]!)
  request(sockets[2]!, 'later')
  for (const socket of sockets) {
    connections.filter(new FakeSocket(), -1)
    socket.onGone?.()
  }
  passMs(60_000)
  assert.deepEqual(
    sockets.map(({ closes }) => closes),
    [0, 0, 0],
  )
})

test('learns of one that closes in the write of its answer', () => {
  const { open, connections, passMs } = world()
  const socket = open()
  let found: UwsConnection | undefined
  connections.tryFind(socket)
  connections.waitForClaim({
    response: socket,
    mayLackClaim: false,
    answer: (connection) => {
      found = connection
      connections.write(connection, 20, () => {
        socket.onGone = undefined
        connections.filter(new FakeSocket(), -1)
        return true
      })
    },
  })
  socket.claim?.(new ArrayBuffer(0), true)
  assert.equal(found?.isGone, true)
  assert.equal(socket.onGone, undefined)
  passMs(60_000)
  assert.equal(socket.closes, 0)
})

/** A uWebSockets.js whose `onData` is not called. */
class DeafSocket extends FakeSocket {
  override onData(): this {
    return this
  }
}

test('answers all and limits none, where onData does not tell who asks', () => {
  const { connections, request, passMs, told } = world()
  const sockets = [new DeafSocket(), new DeafSocket(), new DeafSocket()]
  for (const socket of sockets) connections.filter(socket, 1)
  const first = new DeafSocket()
  assert.equal(request(first), false)
  assert.equal(told(), 0)
  // Found out by the next thing that happens.
  connections.filter(new DeafSocket(), 1)
  assert.equal(first.closes, 1)
  assert.equal(told(), 1)
  assert.ok(connections.tryFind(new DeafSocket()))
  passMs(60_000)
  assert.deepEqual(
    sockets.map(({ closes }) => closes),
    [0, 0, 0],
  )
})

test('does not take it for such a one where a body may follow', () => {
  const { connections, told } = world()
  const socket = new DeafSocket()
  connections.filter(socket, 1)
  connections.tryFind(socket)
  connections.waitForClaim({
    response: socket,
    mayLackClaim: true,
    answer: () => assert.fail('was answered'),
  })
  connections.filter(new DeafSocket(), 1)
  assert.equal(socket.closes, 1)
  assert.equal(told(), 0)
})
