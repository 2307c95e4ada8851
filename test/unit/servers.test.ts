import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_PROBES } from '../../src/model/probe-stats.js'
import { addServer, removeServer, serversOf, stopServers } from '../../src/runtime/servers.js'

const actor = { name: 'probe', state: 'running', restarts: 0 } as const
const probeStats = async () => NO_PROBES
const serverThat = (stop: () => Promise<void>) => ({ actor, probeStats, stop })

test('a runtime knows the servers that were added, in order', () => {
  const runtime = {}
  const first = serverThat(async () => {})
  const second = serverThat(async () => {})
  addServer(runtime, first)
  addServer(runtime, second)
  addServer(runtime, first)
  assert.deepEqual(serversOf(runtime), [first, second])
})

test('a runtime knows nothing of the servers of another', () => {
  addServer(
    {},
    serverThat(async () => {}),
  )
  assert.deepEqual(serversOf({}), [])
})

test('a server that was removed is forgotten', () => {
  const runtime = {}
  const server = serverThat(async () => {})
  addServer(runtime, server)
  removeServer(runtime, server)
  assert.deepEqual(serversOf(runtime), [])
})

test('a server that was never added can be removed', () => {
  const server = serverThat(async () => {})
  removeServer({}, server)
})

test('stopping the servers stops each, also after one that fails, and tells', async () => {
  const runtime = {}
  const stopped: string[] = []
  addServer(
    runtime,
    serverThat(async () => {
      stopped.push('first')
      throw new Error('stuck')
    }),
  )
  addServer(
    runtime,
    serverThat(async () => {
      stopped.push('second')
    }),
  )
  await assert.rejects(stopServers(runtime), /stuck/)
  assert.deepEqual(stopped, ['first', 'second'])
})

test('servers that stop first have stopped before the others are asked to', async () => {
  const runtime = {}
  const stopped: string[] = []
  const stopAs = (name: string) => async () => {
    await new Promise((resolve) => setImmediate(resolve))
    stopped.push(name)
  }
  addServer(runtime, serverThat(stopAs('probe')))
  addServer(runtime, { actor, stopsFirst: true, stop: stopAs('heartbeat') })
  await stopServers(runtime)
  assert.deepEqual(stopped, ['heartbeat', 'probe'])
})
