// Worker entry: follows the journal from its first record while the test runs, and at the end answers how many
// transitions each component made. Throws at the first one that is lost, repeated, torn or out of order.
import { parentPort, workerData } from 'node:worker_threads'
import type { HealthHandle } from '../../../src/index.js'
import { JournalReader } from '../../../src/memory/journal-reader.js'
import { openRegion } from '../../../src/memory/region.js'
import { Board } from './board.js'
import { JournalAudit, type JournalEntry } from './journal-audit.js'

export interface AuditorOrders {
  readonly handle: HealthHandle
  readonly board: SharedArrayBuffer
  readonly prefix: string
}

export interface Audited {
  readonly counts: ReadonlyMap<string, number>
  readonly lastNumber: number
}

const orders = workerData as AuditorOrders
const board = new Board(orders.board)
const reader = new JournalReader(openRegion(orders.handle.region), 1)
const audit = new JournalAudit(orders.prefix)

function readAll(): void {
  for (let entry = reader.next(); entry !== undefined; entry = reader.next()) {
    if ('missed' in entry)
      throw new Error(`lapped: missed=${entry.missed}; the test's journal is too small`)
    audit.add(entry as JournalEntry)
    if (audit.lastNumber % 64 === 0) board.noteAudited(audit.lastNumber)
  }
}

while (!board.isStopped) {
  readAll()
  board.pause(1)
}
// The host asks once everything that was reported is applied.
parentPort!.once('message', () => {
  readAll()
  const answer: Audited = { counts: audit.counts, lastNumber: audit.lastNumber }
  parentPort!.postMessage(answer)
})
