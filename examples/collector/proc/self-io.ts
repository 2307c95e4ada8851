// /proc/self/io: what this process has read and written. Pure.
import { linesOf, ProcParseError, parseCount } from './text.js'

const FILE = 'self/io'

export interface IoSample {
  /** Bytes that passed through read and write calls, caches and pipes included. */
  readonly readBytes: number
  readonly writtenBytes: number
  readonly readCalls: number
  readonly writeCalls: number
  /** Bytes that a device had to fetch or take. */
  readonly deviceReadBytes: number
  readonly deviceWrittenBytes: number
}

export function parseSelfIo(text: string): IoSample {
  const values = new Map<string, string>()
  for (const line of linesOf(text)) {
    const colon = line.indexOf(':')
    if (colon < 0) throw new ProcParseError(FILE, 'no colon', line)
    values.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim())
  }
  const count = (name: string) => {
    const value = values.get(name)
    if (value === undefined) throw new ProcParseError(FILE, `no ${name} line`, text)
    return parseCount(value, FILE, `${name}: ${value}`)
  }
  return {
    readBytes: count('rchar'),
    writtenBytes: count('wchar'),
    readCalls: count('syscr'),
    writeCalls: count('syscw'),
    deviceReadBytes: count('read_bytes'),
    deviceWrittenBytes: count('write_bytes'),
  }
}
