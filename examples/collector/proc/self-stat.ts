// /proc/self/stat: this process as the scheduler sees it. Pure.
import { ProcParseError, parseCount, wordsOf } from './text.js'

const FILE = 'self/stat'

/** Times in clock ticks, memory as the kernel counts it: address space in bytes, resident set in pages. */
export interface ProcessSample {
  readonly pid: number
  readonly state: string
  readonly minorFaults: number
  readonly majorFaults: number
  readonly userTime: number
  readonly systemTime: number
  readonly threadCount: number
  readonly virtualBytes: number
  readonly residentPages: number
}

export function parseSelfStat(text: string): ProcessSample {
  // The name stands in brackets and may hold blanks and brackets itself, so count from the last one.
  const nameEnd = text.lastIndexOf(')')
  if (nameEnd < 0) throw new ProcParseError(FILE, 'no process name', text)
  const columns = wordsOf(text.slice(nameEnd + 1))
  // The manual page counts from 1 and from the pid; the first column behind the name is its field 3.
  const count = (field: number) => parseCount(columns[field - 3], FILE, text)
  return {
    pid: parseCount(text.slice(0, text.indexOf('(')).trim(), FILE, text),
    state: columns[0] ?? '',
    minorFaults: count(10),
    majorFaults: count(12),
    userTime: count(14),
    systemTime: count(15),
    threadCount: count(20),
    virtualBytes: count(23),
    residentPages: count(24),
  }
}
