import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseListener } from '../../src/probe/choose-listener.js'
import { NodeListener } from '../../src/probe/node-listener.js'
import { createProbeHandler } from '../../src/probe/routes.js'
import { type Uws, UwsListener } from '../../src/probe/uws-listener.js'
import { DEFAULT_SETTINGS, FakeReader, OPEN_TO_ALL } from '../fake-reader.js'

const handler = createProbeHandler(new FakeReader(), OPEN_TO_ALL)
const loads = async () => ({}) as Uws
const fails = async () => {
  throw new Error('GLIBC_2.38 not found\nand many more lines')
}

test('auto is uWebSockets.js where it loads', async () => {
  const { transport, listener } = await chooseListener('auto', handler, DEFAULT_SETTINGS, loads)
  assert.equal(transport, 'uws')
  assert.ok(listener instanceof UwsListener)
})

test('auto is node:http where uWebSockets.js does not load, and says so in a line', async () => {
  const said: string[] = []
  const { transport, listener } = await chooseListener(
    'auto',
    handler,
    DEFAULT_SETTINGS,
    fails,
    (text) => said.push(text),
  )
  assert.equal(transport, 'node')
  assert.ok(listener instanceof NodeListener)
  assert.deepEqual(said, [
    'health-actor: probes are answered by node:http, uWebSockets.js cannot be loaded: GLIBC_2.38 not found\n',
  ])
})

test('uws where it does not load is an error', async () => {
  await assert.rejects(chooseListener('uws', handler, DEFAULT_SETTINGS, fails), {
    code: 'ERR_HEALTH_LISTEN',
    message: 'transport=uws: uWebSockets.js cannot be loaded: GLIBC_2.38 not found',
  })
})

test('node does not load uWebSockets.js', async () => {
  const { transport } = await chooseListener('node', handler, DEFAULT_SETTINGS, () =>
    assert.fail('was loaded'),
  )
  assert.equal(transport, 'node')
})
