import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { GrpcConnections } from '../../src/probe/grpc-connections.js'

class FakeSocket extends EventEmitter {
  readonly remoteAddress: string | undefined
  readonly remotePort: number
  isDestroyed = false

  constructor(remotePort: number, remoteAddress: string | undefined = '10.0.0.1') {
    super()
    this.remoteAddress = remoteAddress
    this.remotePort = remotePort
  }

  get peer(): string {
    return `${this.remoteAddress}:${this.remotePort}`
  }

  destroy(): void {
    if (this.isDestroyed) return
    this.isDestroyed = true
    this.emit('close')
  }
}

function admit(connections: GrpcConnections, socket: FakeSocket): boolean {
  return connections.admit(socket as unknown as Socket)
}

function fill(maxCount: number) {
  const clock = { nowMs: 0 }
  const connections = new GrpcConnections(maxCount, () => clock.nowMs)
  const sockets = Array.from({ length: maxCount }, (_, i) => new FakeSocket(i + 1))
  for (const socket of sockets) assert.equal(admit(connections, socket), true)
  return { connections, clock, sockets: sockets as [FakeSocket, FakeSocket, FakeSocket] }
}

test('a connection beyond the bound takes the place of the one longest without a call', () => {
  const { connections, sockets } = fill(3)
  connections.touch(sockets[0].peer)
  assert.equal(admit(connections, new FakeSocket(4)), true)
  assert.deepEqual(
    sockets.map(({ isDestroyed }) => isDestroyed),
    [false, true, false],
  )
  assert.equal(connections.count, 3)
})

test('a connection with an open stream keeps its place while another has been quiet', () => {
  const { connections, sockets, clock } = fill(3)
  for (const { peer } of sockets) connections.hold(peer)
  const release = connections.hold(sockets[2].peer)
  sockets[1].destroy()
  const quiet = new FakeSocket(4)
  assert.equal(admit(connections, quiet), true)
  clock.nowMs += 1_000
  assert.equal(admit(connections, new FakeSocket(5)), true)
  assert.equal(quiet.isDestroyed, true)
  release()
  assert.equal(sockets[0].isDestroyed, false)
  assert.equal(sockets[2].isDestroyed, false)
})

test('where all have streams, the one longest without a new call goes', () => {
  const { connections, sockets } = fill(3)
  for (const { peer } of sockets) connections.hold(peer)
  connections.hold(sockets[0].peer)
  const newcomer = new FakeSocket(4)
  assert.equal(admit(connections, newcomer), true)
  assert.deepEqual(
    sockets.map(({ isDestroyed }) => isDestroyed),
    [false, true, false],
  )
  assert.equal(connections.count, 3)
})

test('watchers that come again at once do not take the place of a probe that is under way', () => {
  const { connections, sockets } = fill(3)
  for (const { peer } of sockets) connections.hold(peer)
  const probe = new FakeSocket(4)
  assert.equal(admit(connections, probe), true)
  for (let port = 5; port < 7; port++) {
    const watcher = new FakeSocket(port)
    assert.equal(admit(connections, watcher), true)
    connections.hold(watcher.peer)
  }
  assert.equal(probe.isDestroyed, false)
  assert.ok(sockets.every(({ isDestroyed }) => isDestroyed))
})

test('a connection that is closed makes room', () => {
  const { connections, sockets } = fill(3)
  sockets[1].destroy()
  assert.equal(connections.count, 2)
  assert.equal(admit(connections, new FakeSocket(4)), true)
  assert.equal(sockets[0].isDestroyed, false)
})

test('a client that is gone before it was accepted is refused', () => {
  const connections = new GrpcConnections(1)
  const socket = new FakeSocket(1)
  Object.defineProperty(socket, 'remoteAddress', { value: undefined })
  assert.equal(admit(connections, socket), false)
  assert.equal(connections.count, 0)
})

test('a call of a connection that is gone is no matter', () => {
  const { connections, sockets } = fill(3)
  const release = connections.hold(sockets[0].peer)
  sockets[0].destroy()
  release()
  connections.touch(sockets[0].peer)
  connections.hold(sockets[0].peer)()
  assert.equal(connections.count, 2)
})

test('whoever waits for those that are served waits for no other', async () => {
  const { connections, sockets } = fill(3)
  const [first, second] = sockets
  await connections.servedClosed()
  for (const socket of [first, second]) connections.serve(socket as unknown as Socket)
  let isOver = false
  const closed = connections.servedClosed().then(() => {
    isOver = true
  })
  first.destroy()
  await new Promise(setImmediate)
  assert.equal(isOver, false)
  second.destroy()
  await closed
})

test('nobody waits any longer when all are closed at once', async () => {
  const { connections, sockets } = fill(3)
  sockets[0].destroy()
  connections.serve(sockets[0] as unknown as Socket)
  const closed = connections.servedClosed()
  connections.destroyAll()
  await closed
})

test('the calls of a connection that stay open are counted', () => {
  const { connections, sockets } = fill(3)
  const { peer } = sockets[0]
  const release = connections.hold(peer)
  connections.hold(peer)
  assert.equal(connections.streamCount(peer), 2)
  release()
  assert.equal(connections.streamCount(peer), 1)
  assert.equal(connections.streamCount(sockets[1].peer), 0)
})

test('all of them are closed at once', () => {
  const { connections, sockets } = fill(3)
  connections.destroyAll()
  assert.ok(sockets.every(({ isDestroyed }) => isDestroyed))
  assert.equal(connections.count, 0)
})
