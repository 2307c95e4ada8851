// The file of the protocol says what the public one says, and is where the package ships it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { loadHealthService } from '../../src/probe/grpc-service.js'

test('the calls have the names and kinds of the public protocol', async () => {
  const service = await loadHealthService()
  const calls = Object.entries(service).map(([name, { path, requestStream, responseStream }]) => {
    return [name, path, requestStream, responseStream]
  })
  assert.deepEqual(calls, [
    ['Check', '/grpc.health.v1.Health/Check', false, false],
    ['List', '/grpc.health.v1.Health/List', false, false],
    ['Watch', '/grpc.health.v1.Health/Watch', false, true],
  ])
})

test('the messages have the bytes of the public protocol', async () => {
  const { Check, List } = await loadHealthService()
  const request = Check!.requestSerialize({ service: 'a' })
  assert.deepEqual([...request], [0x0a, 1, 0x61])
  assert.deepEqual([...Check!.responseSerialize({ status: 1 })], [0x08, 1])
  const list = List!.responseSerialize({ statuses: { a: { status: 1 } } })
  assert.deepEqual([...list], [0x0a, 7, 0x0a, 1, 0x61, 0x12, 2, 0x08, 1])
})

test('the statuses have the numbers of the public protocol', async () => {
  const { Check } = await loadHealthService()
  const numbers = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'].map(
    (status) => Check!.responseSerialize({ status })[1],
  )
  assert.deepEqual(numbers, [0, 1, 2, 3])
})

test('the package ships it', () => {
  const { files } = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  )
  assert.ok(files.includes('proto'))
})
