// Worker entry: takes snapshots while the pair producers saturate the runtime, and throws at the first one that
// no instant explains. Reports how long its reads took.
import { parentPort, workerData } from 'node:worker_threads'
import { type HealthHandle, HealthManager } from '../../../src/index.js'
import { nowUs } from './board.js'
import { PairBoard } from './pair-board.js'
import { numbersOf, pairOf, pairUpdate } from './pair-update.js'

export interface PairReaderOrders {
  readonly handle: HealthHandle
  readonly board: SharedArrayBuffer
  readonly producers: number
}

export interface PairReadings {
  readonly snapshots: number
  /** Snapshots taken while a producer held still between two pairs. */
  readonly held: number
  /** Snapshots that fell between the two updates of some pair. */
  readonly between: number
  /** Sorted. */
  readonly durationsUs: readonly number[]
}

const HOLD_EVERY = 16

const orders = workerData as PairReaderOrders
const { producers } = orders
const board = new PairBoard(orders.board)
const health = HealthManager.attach(orders.handle)
// The reader's own pair, as one producer more.
const own = producers
const [ownFirst, ownSecond] = pairOf(own).map((name) => health.register(name))
const durationsUs: number[] = []
const readings = { snapshots: 0, held: 0, between: 0 }

function fail(what: string, facts: Record<string, unknown>): never {
  throw new Error(`${what}: ${JSON.stringify(facts)}`)
}

while (!board.isStopped) {
  board.obeyRest()
  const turn = ++readings.snapshots
  const { status, message, metadata } = pairUpdate(turn)
  ownFirst!.update(status, message, metadata)
  ownSecond!.update(status, message, metadata)
  const heldProducer = turn % HOLD_EVERY === 0 ? (turn / HOLD_EVERY) % producers : undefined
  const isHeld = heldProducer !== undefined && board.hold(heldProducer)

  const completed = Array.from({ length: producers }, (_, producer) => board.completedBy(producer))
  const from = nowUs()
  const report = health.buildReport()
  durationsUs.push(nowUs() - from)

  for (let producer = 0; producer < producers; producer++) {
    const [first, second] = numbersOf(report, producer)
    const before = completed[producer]!
    const after = board.begunBy(producer)
    const facts = { producer, first, second, before, after, turn }
    // Program order: the first of pair n is applied after the second of pair n - 1 and before that of pair n.
    // So an instant shows the same number, or the first one ahead by one; nothing else.
    if (first !== second && first !== second + 1) fail('no instant shows this', facts)
    // Real time: what had returned before the read is in it, and nothing that was not begun.
    if (second < before || first > after) fail('not of the time of the read', facts)
    if (first !== second) readings.between++
    if (isHeld && producer === heldProducer) {
      readings.held++
      if (first !== before || second !== before) fail('a pair at rest is not seen equal', facts)
    }
  }
  const [first, second] = numbersOf(report, own)
  if (first !== turn || second !== turn) fail('own pair is not seen equal', { turn, first, second })
  if (isHeld || heldProducer !== undefined) board.release()
  board.countJudged()
}
durationsUs.sort((a, b) => a - b)
parentPort!.postMessage({ ...readings, durationsUs } satisfies PairReadings)
