import { DEFAULT_LIMITS } from '../../src/probe/listener.js'
import { NodeListener } from '../../src/probe/node-listener.js'
import { DEFAULT_SETTINGS } from '../fake-reader.js'
import { describeClientContract } from './client-contract.js'
import { describeListenerContract } from './listener-contract.js'
import { describeProbeContract } from './probe-contract.js'
import { describeKnownDifferences } from './probe-differences.js'

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
describeListenerContract(
  'node:http',
  (handler, limits = DEFAULT_LIMITS) => new NodeListener(handler, { limits, tls: undefined }),
)
describeClientContract(
  'node:http',
  (handler, limits) => new NodeListener(handler, { limits, tls: undefined }),
)
