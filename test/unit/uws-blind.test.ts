// A uWebSockets.js that does not tell which connection asks: its probes are answered, and never a socket is touched that
// may be gone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Connections } from '../../src/probe/connections.js'
import type { UwsResponse } from '../../src/probe/uws.js'
import { type UwsConnection, UwsConnections } from '../../src/probe/uws-connections.js'

/** Counts what is done to it. */
class FakeSocket implements UwsResponse {
  closes = 0
  onGone = () => {}

  writeStatus = () => this
  writeHeader = () => this
  tryEnd = (): [boolean, boolean] => [true, true]
  endWithoutBody = () => {}
  getWriteOffset = () => 0
  onWritable = () => this
  onData = () => this
  cork = () => this
  getRemoteAddressAsText = () => new ArrayBuffer(0)
  close = () => this.closes++
  onAborted(handler: () => void): this {
    this.onGone = handler
    return this
  }
}

const limits = { maxConnections: 1, headersTimeoutMs: 1, idleTimeoutMs: 1 }

function world() {
  let nowMs = 0
  let told = 0
  const tracked = new Connections<UwsConnection>(limits, () => nowMs)
  const connections = new UwsConnections(tracked, () => told++)
  const ask = (response: FakeSocket, hasBody = false): boolean => {
    let isAnswered = false
    const answer = () => {
      isAnswered = true
    }
    const connection = connections.tryFind(response)
    if (connection === undefined) connections.waitForClaim({ response, hasBody, answer })
    else answer()
    return isAnswered
  }
  const passMs = (ms: number) => {
    nowMs += ms
    tracked.sweep()
  }
  return { connections, ask, passMs, told: () => told }
}

test('is found out by its first request, and from then on answered and not limited', () => {
  const { connections, ask, passMs, told } = world()
  const sockets = [new FakeSocket(), new FakeSocket(), new FakeSocket()]
  connections.filter(sockets[0]!, 1)
  const first = new FakeSocket()
  assert.equal(ask(first), false)
  assert.equal(told(), 0)
  const second = new FakeSocket()
  assert.equal(ask(second), true)
  assert.equal(first.closes, 1)
  assert.equal(told(), 1)
  for (const socket of sockets) connections.filter(socket, 1)
  passMs(60_000)
  assert.equal(ask(new FakeSocket()), true)
  assert.deepEqual(
    sockets.map(({ closes }) => closes),
    [0, 0, 0],
  )
})

test('is not taken for one where a body may follow', () => {
  const { connections, ask, told } = world()
  connections.filter(new FakeSocket(), 1)
  const first = new FakeSocket()
  assert.equal(ask(first, true), false)
  assert.equal(ask(new FakeSocket(), true), false)
  assert.equal(first.closes, 1)
  assert.equal(told(), 0)
})
