import { test } from 'node:test'
import { DEFAULT_LIMITS } from '../../src/probe/listener.js'
import { loadUws, UwsListener } from '../../src/probe/uws-listener.js'
import { DEFAULT_SETTINGS } from '../fake-reader.js'
import { describeClientContract } from './client-contract.js'
import { describeListenerContract } from './listener-contract.js'
import { describeProbeContract } from './probe-contract.js'
import { describeKnownDifferences } from './probe-differences.js'

const loaded = await loadUws().catch((error: unknown) => String(error))

if (typeof loaded === 'string') {
  test('uWebSockets.js cannot load on this platform', { skip: loaded.split('\n', 1)[0] }, () => {})
} else {
  describeProbeContract(
    'uWebSockets.js',
    (handler) => new UwsListener(loaded, handler, DEFAULT_SETTINGS),
  )
  describeKnownDifferences(
    'uWebSockets.js',
    (handler, settings) => new UwsListener(loaded, handler, settings),
    {
      http10: 505,
      unknownMethod: 405,
      targetWithoutSlash: 505,
      maxInPacket: 256,
      pipelining: 'closes',
      bodiesAhead: 'closes',
      ownTimeoutMs: 10_000,
    },
  )
  describeListenerContract(
    'uWebSockets.js',
    (handler, limits = DEFAULT_LIMITS) =>
      new UwsListener(loaded, handler, { limits, tls: undefined }),
  )
  describeClientContract(
    'uWebSockets.js',
    (handler, limits) => new UwsListener(loaded, handler, { limits, tls: undefined }),
  )
}
