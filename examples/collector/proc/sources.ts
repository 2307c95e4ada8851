// The table of what can be read, and how it is dealt out to the collectors. Pure.
import { parseDiskstats } from './diskstats.js'
import { parseLoadavg } from './loadavg.js'
import { parseMeminfo } from './meminfo.js'
import { parseNetDev } from './net-dev.js'
import { parseSelfIo } from './self-io.js'
import { parseSelfStat } from './self-stat.js'
import { parseStat } from './stat.js'

/** One file below /proc and what becomes of it. */
export interface Source {
  /** Path below the root of procfs, and the `source` of its samples. */
  readonly file: string
  /** What a collector is called whose first source this is. */
  readonly topic: string
  readonly parse: (text: string) => object
}

export const SOURCES: readonly Source[] = [
  { file: 'stat', topic: 'cpu', parse: parseStat },
  { file: 'meminfo', topic: 'memory', parse: parseMeminfo },
  { file: 'net/dev', topic: 'network', parse: parseNetDev },
  { file: 'diskstats', topic: 'disk', parse: parseDiskstats },
  { file: 'loadavg', topic: 'load', parse: parseLoadavg },
  { file: 'self/stat', topic: 'process', parse: parseSelfStat },
  { file: 'self/io', topic: 'io', parse: parseSelfIo },
]

/** One collector and the files that it reads in turn. Structured-cloneable. */
export interface CollectorPlan {
  readonly name: string
  readonly files: readonly string[]
}

/** The component that a collector reports. */
export function componentOf(name: string): string {
  return `collector_${name}`
}

/**
 * Deals the sources out to `count` collectors like cards. A collector is named after its first source; with more
 * collectors than sources, several read the same file and are numbered.
 */
export function planCollectors(count: number): CollectorPlan[] {
  return Array.from({ length: count }, (_, index) => {
    const first = SOURCES[index % SOURCES.length] as Source
    const round = Math.floor(index / SOURCES.length)
    const files = SOURCES.filter((_source, place) => place % count === index).map((s) => s.file)
    return {
      name: round === 0 ? first.topic : `${first.topic}_${round + 1}`,
      files: files.length > 0 ? files : [first.file],
    }
  })
}

/** @throws Error for a file that is not in the table. */
export function sourceOf(file: string): Source {
  const source = SOURCES.find((candidate) => candidate.file === file)
  if (source === undefined) throw new Error(`no such source: file=${file}`)
  return source
}
