// Worker entry: starts a runtime, gives its handle away, and ends as it is told to, without a stop.
import { parentPort } from 'node:worker_threads'
import { HealthManager } from '../../../src/index.js'

const health = await HealthManager.start()
health.register('collector_manager').healthy('fine')
await health.flush()
parentPort!.once('message', (ending: string) => {
  if (ending === 'throw') throw new Error('the starter dies')
  if (ending === 'exit') process.exit(3)
  // 'end': nothing is left to do.
  parentPort!.close()
})
parentPort!.postMessage(health.handle())
