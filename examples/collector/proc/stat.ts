// /proc/stat: CPU time and the kernel's counters since boot. Pure.
import { linesOf, ProcParseError, parseCount, wordsOf } from './text.js'

const FILE = 'stat'

/** All times in clock ticks (`getconf CLK_TCK`, usually 100 a second), summed over all CPUs. */
export interface CpuSample {
  readonly user: number
  readonly nice: number
  readonly system: number
  readonly idle: number
  readonly iowait: number
  readonly irq: number
  readonly softirq: number
  readonly steal: number
  /** CPUs online. */
  readonly cpuCount: number
  readonly contextSwitches: number
  readonly interrupts: number
  readonly forks: number
  readonly runningCount: number
  readonly blockedCount: number
}

/** Lines of names that it does not know are skipped: kernels keep adding some. */
export function parseStat(text: string): CpuSample {
  let cpu: string[] | undefined
  let cpuLine = ''
  let cpuCount = 0
  const single = new Map<string, string>()
  for (const line of linesOf(text)) {
    // The interrupt line has a column for each interrupt of the machine, thousands on a large one: take the sum alone.
    const words = line.startsWith('intr ') ? line.slice(0, 32).split(' ') : wordsOf(line)
    const name = words[0] ?? ''
    if (name === 'cpu') {
      cpu = words
      cpuLine = line
    } else if (/^cpu\d+$/.test(name)) {
      cpuCount++
    } else if (words[1] !== undefined) {
      single.set(name, words[1])
    }
  }
  if (cpu === undefined) throw new ProcParseError(FILE, 'no line of all CPUs', text)
  const time = (column: number) => parseCount(cpu[column], FILE, cpuLine)
  // Kernels before 2.6.11 had no steal column, and some sandboxes still leave the last ones out.
  const optional = (column: number) => (cpu[column] === undefined ? 0 : time(column))
  const count = (name: string) => {
    const word = single.get(name)
    if (word === undefined) throw new ProcParseError(FILE, `no ${name} line`, text)
    return parseCount(word, FILE, `${name} ${word}`)
  }
  return {
    user: time(1),
    nice: time(2),
    system: time(3),
    idle: time(4),
    iowait: optional(5),
    irq: optional(6),
    softirq: optional(7),
    steal: optional(8),
    cpuCount,
    contextSwitches: count('ctxt'),
    interrupts: count('intr'),
    forks: count('processes'),
    runningCount: count('procs_running'),
    blockedCount: count('procs_blocked'),
  }
}
