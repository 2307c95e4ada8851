import { test } from 'node:test'
import { NodeListener } from '../../src/probe/node-listener.js'
import { loadUws, UwsListener } from '../../src/probe/uws-listener.js'
import { DEFAULT_SETTINGS } from '../fake-reader.js'
import { describeMetricsContract } from './metrics-contract.js'

const loaded = await loadUws().catch((error: unknown) => String(error))

describeMetricsContract('node:http', (handler) => new NodeListener(handler, DEFAULT_SETTINGS))
if (typeof loaded === 'string') {
  test('uWebSockets.js cannot load on this platform', { skip: loaded.split('\n', 1)[0] }, () => {})
} else {
  describeMetricsContract(
    'uWebSockets.js',
    (handler) => new UwsListener(loaded, handler, DEFAULT_SETTINGS),
  )
}
