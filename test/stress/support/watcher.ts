// Worker entry: notes the longest time that any live producer goes without progress. Attached to nothing, so it
// cannot be held up by the runtime that it watches.
import { workerData } from 'node:worker_threads'
import { Board, nowUs } from './board.js'

const { buffer, places } = workerData as { buffer: SharedArrayBuffer; places: number }
const board = new Board(buffer)
const seen = Array.from({ length: places }, () => ({ producer: -1, number: -1, atUs: 0 }))

while (!board.isStopped) {
  for (const [place, last] of seen.entries()) {
    const producer = board.producerAt(place)
    if (producer === undefined) {
      last.producer = -1
      continue
    }
    const number = board.progressOf(producer)
    const now = nowUs()
    const isSame = producer === last.producer
    if (isSame) board.noteGap(now - last.atUs)
    if (!isSame || number !== last.number) Object.assign(last, { producer, number, atUs: now })
  }
  board.pause(2)
}
