import { test } from 'node:test'
import { NodeListener } from '../../src/probe/node-listener.js'
import { loadUws, UwsListener } from '../../src/probe/uws-listener.js'
import { describeEventsContract } from './events-contract.js'

const loaded = await loadUws().catch((error: unknown) => String(error))

describeEventsContract(
  'node:http',
  (handler, limits) => new NodeListener(handler, { limits, tls: undefined }),
)
if (typeof loaded === 'string') {
  test('uWebSockets.js cannot load on this platform', { skip: loaded.split('\n', 1)[0] }, () => {})
} else {
  describeEventsContract(
    'uWebSockets.js',
    (handler, limits) => new UwsListener(loaded, handler, { limits, tls: undefined }),
  )
}
