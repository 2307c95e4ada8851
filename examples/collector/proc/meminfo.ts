// /proc/meminfo: what the memory is used for. Pure.
import { linesOf, ProcParseError, parseCount } from './text.js'

const FILE = 'meminfo'

/** In bytes. What the kernel does not tell is left out, so that nothing looks like a zero that is none. */
export interface MemorySample {
  readonly totalBytes: number
  readonly freeBytes: number
  readonly availableBytes?: number
  readonly buffersBytes?: number
  readonly cachedBytes?: number
  readonly anonymousBytes?: number
  readonly sharedBytes?: number
  readonly slabBytes?: number
  readonly dirtyBytes?: number
  readonly writebackBytes?: number
  readonly swapTotalBytes?: number
  readonly swapFreeBytes?: number
}

const NAMES: ReadonlyMap<string, keyof MemorySample> = new Map([
  ['MemTotal', 'totalBytes'],
  ['MemFree', 'freeBytes'],
  ['MemAvailable', 'availableBytes'],
  ['Buffers', 'buffersBytes'],
  ['Cached', 'cachedBytes'],
  ['AnonPages', 'anonymousBytes'],
  ['Shmem', 'sharedBytes'],
  ['Slab', 'slabBytes'],
  ['Dirty', 'dirtyBytes'],
  ['Writeback', 'writebackBytes'],
  ['SwapTotal', 'swapTotalBytes'],
  ['SwapFree', 'swapFreeBytes'],
])

export function parseMeminfo(text: string): MemorySample {
  const sample: Partial<Record<keyof MemorySample, number>> = {}
  for (const line of linesOf(text)) {
    const colon = line.indexOf(':')
    if (colon < 0) throw new ProcParseError(FILE, 'no colon', line)
    const field = NAMES.get(line.slice(0, colon).trim())
    if (field !== undefined) sample[field] = parseKibibytes(line.slice(colon + 1).trim(), line)
  }
  const { totalBytes, freeBytes } = sample
  if (totalBytes === undefined) throw new ProcParseError(FILE, 'no MemTotal line', text)
  if (freeBytes === undefined) throw new ProcParseError(FILE, 'no MemFree line', text)
  return { ...sample, totalBytes, freeBytes }
}

// The kernel writes kB and means KiB.
function parseKibibytes(value: string, line: string): number {
  if (!value.endsWith(' kB')) throw new ProcParseError(FILE, 'not in kB', line)
  return parseCount(value.slice(0, -3).trim(), FILE, line) * 1024
}
