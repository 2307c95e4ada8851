// Worker entry: updates its two components in pairs, as fast as it can, until it is stopped.
import { workerData } from 'node:worker_threads'
import { type HealthHandle, HealthManager } from '../../../src/index.js'
import { PairBoard } from './pair-board.js'
import { pairOf, pairUpdate } from './pair-update.js'

export interface PairProducerOrders {
  readonly handle: HealthHandle
  readonly board: SharedArrayBuffer
  readonly producer: number
}

const orders = workerData as PairProducerOrders
const { producer } = orders
const board = new PairBoard(orders.board)
const health = HealthManager.attach(orders.handle)
const [firstName, secondName] = pairOf(producer)
// Registered by the test already, in an order of its own.
const first = health.register(firstName)
const second = health.register(secondName)
for (let number = 1; !board.isStopped; number++) {
  const { status, message, metadata } = pairUpdate(number)
  board.begin(producer, number)
  first.update(status, message, metadata)
  second.update(status, message, metadata)
  board.complete(producer, number)
  board.obeyHold(producer)
  board.obeyRest()
}
