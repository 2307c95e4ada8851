import { NodeListener } from '../../src/probe/node-listener.js'
import { describeListenerContract } from './listener-contract.js'
import { describeProbeContract } from './probe-contract.js'
import { describeKnownDifferences } from './probe-differences.js'

describeProbeContract('node:http', (handler) => new NodeListener(handler))
describeKnownDifferences('node:http', (handler) => new NodeListener(handler), {
  http10: 200,
  unknownMethod: 400,
  largeHeader: 200,
  headWithCloseInList: 'closes',
})
describeListenerContract('node:http', (handler) => new NodeListener(handler))
