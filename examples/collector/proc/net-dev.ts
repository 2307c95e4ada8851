// /proc/net/dev: counters of each network interface. Pure.
import { linesOf, ProcParseError, parseCount, wordsOf } from './text.js'

const FILE = 'net/dev'
const HEADER_LINES = 2
const COLUMNS = 16

export interface InterfaceSample {
  readonly name: string
  readonly receivedBytes: number
  readonly receivedPackets: number
  readonly receiveErrors: number
  readonly receiveDrops: number
  readonly sentBytes: number
  readonly sentPackets: number
  readonly sendErrors: number
  readonly sendDrops: number
}

export function parseNetDev(text: string): InterfaceSample[] {
  return linesOf(text)
    .slice(HEADER_LINES)
    .map((line) => {
      // The last colon: an alias such as eth0:1 has one in its name, and wide counters leave no blank behind it.
      const colon = line.lastIndexOf(':')
      if (colon < 0) throw new ProcParseError(FILE, 'no colon', line)
      const columns = wordsOf(line.slice(colon + 1))
      if (columns.length < COLUMNS) throw new ProcParseError(FILE, 'too few columns', line)
      const count = (column: number) => parseCount(columns[column], FILE, line)
      return {
        name: line.slice(0, colon).trim(),
        receivedBytes: count(0),
        receivedPackets: count(1),
        receiveErrors: count(2),
        receiveDrops: count(3),
        sentBytes: count(8),
        sentPackets: count(9),
        sendErrors: count(10),
        sendDrops: count(11),
      }
    })
}
