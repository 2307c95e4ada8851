// Entry of the receiver's thread: it goes on receiving while the main thread is stuck, as one elsewhere would.
import { parentPort } from 'node:worker_threads'
import { FleetReceiver } from '../../src/heartbeat/index.js'

const receiver = new FleetReceiver({ intervalMs: 5_000 })
parentPort?.postMessage(await receiver.start())
