// Worker entry: one of the threads of a random history. Waits for the gate, so that all begin together.
import { parentPort, workerData } from 'node:worker_threads'
import { type HealthHandle, HealthManager } from '../../../src/index.js'
import { type DriveOrders, drive } from './history-driver.js'

const { handle, gate, orders } = workerData as {
  handle: HealthHandle
  /** One Int32: 0 until all threads may begin. */
  gate: SharedArrayBuffer
  orders: DriveOrders
}
const health = HealthManager.attach(handle)
parentPort!.postMessage('ready')
Atomics.wait(new Int32Array(gate), 0, 0, 30_000)
parentPort!.postMessage(drive(health, orders))
