// Worker entry: an attached thread of the lifecycle programs. Does what it is told, one message at a time, and
// answers each with a message.
import { parentPort, threadId, workerData } from 'node:worker_threads'
import { type HealthHandle, HealthManager } from '../../../src/index.js'
import { outcomesOfEverything, useEverything } from './outcomes.js'

const { handle, name } = workerData as { handle: HealthHandle; name: string }
const health = HealthManager.attach(handle)
const reporter = health.register(name)

parentPort!.on('message', async (order: string) => {
  switch (order) {
    case 'report':
      reporter.healthy(`thread ${threadId}`, { name })
      parentPort!.postMessage('reported')
      return
    case 'use everything':
      useEverything(health, reporter)
      parentPort!.postMessage('used')
      return
    case 'detach':
      await health.stop()
      parentPort!.postMessage('detached')
      return
    case 'try everything':
      parentPort!.postMessage(await outcomesOfEverything(health, reporter))
      return
    case 'end':
      parentPort!.close()
      return
    default:
      throw new Error(`order=${order}: unknown`)
  }
})
parentPort!.postMessage('attached')
