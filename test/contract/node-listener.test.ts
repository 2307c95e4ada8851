import { NodeListener } from '../../src/probe/node-listener.js'
import { describeListenerContract } from './listener-contract.js'
import { describeProbeContract } from './probe-contract.js'

describeProbeContract('node:http', (handler) => new NodeListener(handler))
describeListenerContract('node:http', (handler) => new NodeListener(handler))
