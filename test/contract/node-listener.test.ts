import { NodeListener } from '../../src/probe/node-listener.js'
import { DEFAULT_SETTINGS } from '../fake-reader.js'
import { describeLimitsContract } from './limits-contract.js'
import { describeListenerContract } from './listener-contract.js'
import { describeProbeContract } from './probe-contract.js'
import { describeKnownDifferences } from './probe-differences.js'
import { describeStreamContract } from './stream-contract.js'

describeProbeContract('node:http', (handler) => new NodeListener(handler, DEFAULT_SETTINGS))
describeKnownDifferences('node:http', (handler, settings) => new NodeListener(handler, settings), {
  http10: 200,
  unknownMethod: 400,
  targetWithoutSlash: 405,
  maxInPacket: undefined,
  pipelining: 'answers',
  bodiesAhead: 'answers',
  ownTimeoutMs: undefined,
})
describeListenerContract('node:http', (handler) => new NodeListener(handler, DEFAULT_SETTINGS))
describeLimitsContract(
  'node:http',
  (handler, limits) => new NodeListener(handler, { limits, tls: undefined }),
)
describeStreamContract(
  'node:http',
  (handler, limits) => new NodeListener(handler, { limits, tls: undefined }),
)
