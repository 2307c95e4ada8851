// Worker entry: reads until it is stopped and verifies every answer: whole evidence, never an older one than
// before, in a time that it notes. Throws, and so fails the test, at the first answer that is wrong.
import { workerData } from 'node:worker_threads'
import { type ComponentStatus, type HealthHandle, HealthManager } from '../../../src/index.js'
import { Board, nowUs } from './board.js'
import { verifyEvidence } from './evidence.js'

export interface ReaderOrders {
  readonly handle: HealthHandle
  readonly board: SharedArrayBuffer
  /** What the names of components with evidence begin with. */
  readonly prefix: string
}

const orders = workerData as ReaderOrders
const board = new Board(orders.board)
const health = HealthManager.attach(orders.handle)
const lastNumbers = new Map<string, number>()

function verify(name: string, seen: ComponentStatus): void {
  if (!name.startsWith(orders.prefix)) return
  const number = verifyEvidence(name, seen)
  const last = lastNumbers.get(name) ?? 0
  if (number < last)
    throw new Error(`back in time: component=${name} number=${number} last=${last}`)
  lastNumbers.set(name, number)
}

for (let turn = 0; !board.isStopped; turn++) {
  // A thousand reads a second at most: the cores are for those who report.
  board.pause(1)
  const from = nowUs()
  if (turn % 2 === 0) {
    const { report } = turn % 4 === 0 ? health.checkReadiness() : health.checkLiveness()
    board.countRead(nowUs() - from)
    for (const [name, seen] of report) verify(name, seen)
  } else {
    const names = [...lastNumbers.keys()]
    const name = names[turn % Math.max(1, names.length)] ?? 'none'
    const seen = health.getStatus(name)
    board.countRead(nowUs() - from)
    if (seen !== undefined) verify(name, seen)
  }
}
