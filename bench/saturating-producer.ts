// Entry of a producer's worker: updates without pause until the board says stop. The loop of this thread never turns.
import { parentPort, workerData } from 'node:worker_threads'
import { HealthManager, HealthStatus } from '../src/index.js'
import { MESSAGE, OTHER_MESSAGE } from './fixtures.js'
import type { ProducerSeat } from './producers.js'

const BATCH = 100

const { handle, component, board } = workerData as ProducerSeat
const words = new Int32Array(board)
const health = HealthManager.attach(handle)
const reporter = health.register(component)
parentPort?.postMessage('reporting')
while (Atomics.load(words, 0) === 0) {
  for (let i = 0; i < BATCH; i += 2) {
    reporter.update(HealthStatus.Degraded, OTHER_MESSAGE)
    reporter.update(HealthStatus.Healthy, MESSAGE)
  }
  Atomics.add(words, 1, BATCH)
}
await health.stop()
