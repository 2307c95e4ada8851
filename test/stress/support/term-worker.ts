// Worker entry: sets observers of its own without pause, and counts what each was told of, until it is stopped.
import { parentPort, workerData } from 'node:worker_threads'
import { type HealthHandle, HealthManager } from '../../../src/index.js'

export interface TermOrders {
  readonly handle: HealthHandle
  /** 1 once it is to stop. */
  readonly stop: SharedArrayBuffer
}

export interface TermResult {
  /** Numbers of the transitions that its observers were told of. */
  readonly told: readonly number[]
  readonly missed: number
  readonly sets: number
}

const orders = workerData as TermOrders
const stop = new Int32Array(orders.stop)
const health = HealthManager.attach(orders.handle)
const told: number[] = []
let missed = 0
let sets = 0
while (Atomics.load(stop, 0) === 0) {
  await health.setTransitionObserver(
    ({ number }) => {
      told.push(number)
    },
    {
      onGap: (gap) => {
        missed += gap.missed
      },
    },
  )
  sets++
}
// Detaches, and waits for what its observers have still to be told.
await health.stop()
const result: TermResult = { told, missed, sets }
parentPort?.postMessage(result)
