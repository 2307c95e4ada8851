// /proc/diskstats: counters of each block device. Pure.
import { linesOf, ProcParseError, parseCount, wordsOf } from './text.js'

const FILE = 'diskstats'
/** Since Linux 2.6.25; later kernels appended columns (18, then 20), which are not read. */
const COLUMNS = 14
/** A sector of this file has 512 bytes whatever the device has. */
const SECTOR_BYTES = 512

export interface DiskSample {
  readonly name: string
  readonly reads: number
  readonly readBytes: number
  readonly readMs: number
  readonly writes: number
  readonly writtenBytes: number
  readonly writeMs: number
  readonly inFlightCount: number
  readonly busyMs: number
}

/** Devices that were never used are left out: a machine has dozens of idle loop devices. */
export function parseDiskstats(text: string): DiskSample[] {
  return linesOf(text)
    .map((line) => {
      const columns = wordsOf(line)
      if (columns.length < COLUMNS) throw new ProcParseError(FILE, 'too few columns', line)
      const count = (column: number) => parseCount(columns[column], FILE, line)
      return {
        name: columns[2] ?? '',
        reads: count(3),
        readBytes: count(5) * SECTOR_BYTES,
        readMs: count(6),
        writes: count(7),
        writtenBytes: count(9) * SECTOR_BYTES,
        writeMs: count(10),
        inFlightCount: count(11),
        busyMs: count(12),
      }
    })
    .filter((disk) => disk.reads > 0 || disk.writes > 0)
}
