// Which connections of node:http are followed. In-process; sockets that are connected to nothing.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { Connections } from '../../src/probe/connections.js'
import { limitNodeConnections, type NodeLimits } from '../../src/probe/node-connections.js'

const limits = { maxConnections: 10, headersTimeoutMs: 1_000, idleTimeoutMs: 1_000 }

test('a connection whose client is gone before it is looked at is refused, and no other is taken for it', () => {
  const server = createServer()
  const connections: NodeLimits = new Connections(limits)
  limitNodeConnections(
    server,
    connections,
    () => assert.fail('nobody asks'),
    () => assert.fail('nobody asks'),
  )
  const [first, second] = [new Socket(), new Socket()]
  assert.equal(first.remoteAddress, undefined)
  for (const socket of [first, second]) server.emit('connection', socket)
  assert.deepEqual([first.destroyed, second.destroyed], [true, true])
  assert.equal(connections.count, 0)
})
