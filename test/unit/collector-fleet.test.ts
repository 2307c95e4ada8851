// The receiver that the sample collector has in a thread of its own: what becomes of the program when that thread dies.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startFleet } from '../../examples/collector/fleet.js'

const thread = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`)
const SAY = `import { parentPort } from 'node:worker_threads'
parentPort.postMessage({ url: 'http://127.0.0.1:1', port: 1, pageUrl: 'http://127.0.0.1:2/' })`

test('a receiver that dies is told of, and does not end the program', async (t) => {
  // Not by itself: of a message and an error that are there at once, either may be heard first.
  const order = new BroadcastChannel('collector-fleet: die')
  t.after(() => order.close())
  const code = `new BroadcastChannel('collector-fleet: die').onmessage = () => { throw new Error('out of order') }
    ${SAY}`
  let told = (_line: string) => {}
  const line = new Promise<string>((resolve) => {
    told = resolve
  })
  const fleet = await startFleet(undefined, (text) => told(text), thread(code))
  t.after(() => fleet.stop())
  assert.equal(fleet.line, 'http://127.0.0.1:2/  (http://127.0.0.1:1)')
  order.postMessage('now')
  assert.equal(await line, 'fleet: the receiver has died: out of order')
})

test('a receiver that does not start is an error', async () => {
  const code = `throw new Error('no port')`
  await assert.rejects(
    startFleet(undefined, () => {}, thread(code)),
    { message: 'no port' },
  )
})

test('with a control plane there is no receiver', async () => {
  const fleet = await startFleet('https://127.0.0.1:1', () => {}, thread('throw 1'))
  assert.deepEqual(fleet.options, {})
  await fleet.stop()
})
