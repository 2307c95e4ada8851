// Entry of the queue worker's thread, run by Piscina: each export is a task. Wiring only; see src/observe/.
import { parentPort } from 'node:worker_threads'
import { type ObserverBoot, type ObserverOrder, QueueWorker } from '../src/observe/queue-worker.js'

if (parentPort === null) throw new Error('an actor entry is not a program: it runs in a worker')
const worker = new QueueWorker(parentPort)

export const load = (boot: ObserverBoot) => worker.load(boot)
export const begin = (order: ObserverOrder) => worker.begin(order)
