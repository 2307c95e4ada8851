// /proc/loadavg: the load of the last 1, 5 and 15 minutes. Pure.
import { ProcParseError, parseCount, wordsOf } from './text.js'

const FILE = 'loadavg'
const AVERAGE = /^\d+\.\d+$/

export interface LoadSample {
  readonly load1: number
  readonly load5: number
  readonly load15: number
  /** Threads that run or wait for a CPU, of `threadCount`. */
  readonly runnableCount: number
  readonly threadCount: number
}

export function parseLoadavg(text: string): LoadSample {
  const words = wordsOf(text)
  const average = (column: number) => {
    const word = words[column]
    if (word === undefined) throw new ProcParseError(FILE, 'too few columns', text)
    if (!AVERAGE.test(word)) throw new ProcParseError(FILE, `not an average: ${word}`, text)
    return Number(word)
  }
  const [runnable, threads] = words[3]?.split('/') ?? []
  return {
    load1: average(0),
    load5: average(1),
    load15: average(2),
    runnableCount: parseCount(runnable, FILE, text),
    threadCount: parseCount(threads, FILE, text),
  }
}
