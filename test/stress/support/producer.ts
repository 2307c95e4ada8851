// Worker entry: reports evidence in a tight loop until it is stopped or killed. Its data component is its own;
// the board learns of each update after it returned, so after a kill at most one update is unknown.
import { workerData } from 'node:worker_threads'
import { type HealthHandle, HealthManager } from '../../../src/index.js'
import { Board } from './board.js'
import { evidenceOf, isTransition } from './evidence.js'

export interface ProducerOrders {
  readonly handle: HealthHandle
  readonly board: SharedArrayBuffer
  readonly producer: number
  readonly place: number
  /** The component of this producer's evidence. */
  readonly component: string
  /** A component that says now and then that the producer lives; the one that it is adopted with. */
  readonly life?: string
}

const MAX_AUDIT_LAG = 8_000

const orders = workerData as ProducerOrders
const { producer, place, component } = orders
const board = new Board(orders.board)
const health = HealthManager.attach(orders.handle)
const reporter = health.register(component)
const life = orders.life === undefined ? undefined : health.register(orders.life)
board.enter(place, producer)
for (let number = 1; !board.isStopped; number++) {
  const { status, message, metadata } = evidenceOf(component, number)
  if (isTransition(number)) board.countTransition()
  reporter.update(status, message, metadata)
  board.advance(producer, number)
  // Saying it again changes nothing, wherever in it the thread is killed.
  if (number % 8 === 0) health.updateStatus(component, status, message, metadata)
  if (number % 64 === 1) life?.healthy(`update ${number}`)
  // The journal keeps so many; an auditor that was lapped could not tell.
  while (board.auditLag > MAX_AUDIT_LAG && !board.isStopped) board.pause(1)
}
