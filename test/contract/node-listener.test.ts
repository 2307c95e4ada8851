import { NodeListener } from '../../src/probe/node-listener.js'
import { DEFAULT_SETTINGS } from '../fake-reader.js'
import { describeListenerContract } from './listener-contract.js'
import { describeProbeContract } from './probe-contract.js'
import { describeKnownDifferences } from './probe-differences.js'

describeProbeContract('node:http', (handler) => new NodeListener(handler, DEFAULT_SETTINGS))
describeKnownDifferences('node:http', (handler) => new NodeListener(handler, DEFAULT_SETTINGS), {
  http10: 200,
  unknownMethod: 400,
  largeHeader: 200,
  headWithCloseInList: 'closes',
})
describeListenerContract('node:http', (handler) => new NodeListener(handler, DEFAULT_SETTINGS))
