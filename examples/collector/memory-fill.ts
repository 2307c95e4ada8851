// The fault fill-memory: takes memory until the usage of this process's cgroup is just above the threshold of memory pressure,
// keeps it there for a time, and lets go. Main thread, and in steps, as the loop has to go on: memory is short, not the processor.
import type { CgroupMemory } from '../../src/watch/cgroup.js'
import type { Alarm } from './alarm.js'
import type { Ballast } from './ballast.js'

export interface MemoryFillParts {
  /** From which usage on memory pressure is reported, in percent of the limit; at most 97. */
  readonly thresholdPercent: number
  /** Throws where there is nothing to be read. */
  readonly read: () => Pick<CgroupMemory, 'usageBytes' | 'limitBytes'>
  readonly ballast: Pick<Ballast, 'heldBytes' | 'take' | 'giveBack'>
  /** What the machine has left: a limit may be far beyond it. */
  readonly freeBytes: () => number
  readonly alarm: Alarm
  log(line: string): void
}

/**
 * Percents of the limit above the threshold: filled up again from below the first to the second, and shrunk to it from above the third.
 * Nothing is taken beyond the second, so what goes further is what the rest of the program adds between two looks.
 */
const LEAST_PERCENT = 0.5
const AIM_PERCENT = 1
const MOST_PERCENT = 1.5
/** Some milliseconds of writing. */
const STEP_BYTES = 8 * 2 ** 20
/** The kernel counts in batches of pages, so that less can't be seen in what it says. */
const LEAST_STEP_BYTES = 64 * 2 ** 10
/** Left to the machine, whoever takes from it meanwhile. */
const RESERVE_BYTES = 256 * 2 ** 20
const HOLD_INTERVAL_MS = 100

interface Levels {
  readonly usage: number
  readonly limit: number
  readonly least: number
  readonly aim: number
  readonly most: number
}

export class MemoryFill {
  readonly #parts: MemoryFillParts
  #isFilling = false
  #isStopped = false

  constructor(parts: MemoryFillParts) {
    this.#parts = parts
  }

  /** Resolves when all is given back, and never rejects: what goes wrong is said. The duration counts from the threshold on. */
  async fill(durationMs: number): Promise<void> {
    const { ballast, log } = this.#parts
    if (this.#isFilling) {
      log('fault: filled no memory (it is filled already)')
      return
    }
    this.#isFilling = true
    try {
      const obstacle = this.#findObstacle()
      if (obstacle === undefined) await this.#fillAndHold(durationMs)
      else log(`fault: filled no memory (${obstacle})`)
    } catch (error) {
      log(`fault: can't fill the memory: ${(error as Error).message}`)
    } finally {
      const bytes = ballast.heldBytes
      ballast.giveBack(bytes)
      if (bytes > 0) log(`fault: let go of ${mebibytes(bytes)}`)
      this.#isFilling = false
    }
  }

  /** Lets go at once, and takes nothing any more. */
  stop(): void {
    this.#isStopped = true
    this.#parts.alarm.ring()
  }

  async #fillAndHold(durationMs: number): Promise<void> {
    const { alarm, log } = this.#parts
    let endMs: number | undefined
    while (!this.#isStopped) {
      const levels = this.#levels()
      const nowMs = alarm.nowMs()
      if (endMs === undefined && levels.usage >= levels.aim) {
        const percent = ((levels.usage / levels.limit) * 100).toFixed(1)
        const usage = `${percent} % of ${mebibytes(levels.limit)}`
        log(`fault: memory usage is at ${usage}, and is kept there for ${durationMs / 1000} s`)
        endMs = nowMs + durationMs
      }
      if (endMs !== undefined && nowMs >= endMs) return
      this.#adjust(levels, endMs !== undefined)
      await alarm.wait(endMs === undefined ? 0 : Math.min(HOLD_INTERVAL_MS, endMs - nowMs))
    }
  }

  /** One step. The rest of the program takes memory and gives it back meanwhile, too. */
  #adjust({ usage, aim, least, most }: Levels, isHolding: boolean): void {
    const { ballast } = this.#parts
    if (usage > most) ballast.giveBack(usage - aim)
    if (usage >= (isHolding ? least : aim)) return
    // As when it goes to swap space as fast as it is taken.
    if (ballast.heldBytes >= aim) throw new Error('usage does not grow with what is taken')
    if (this.#parts.freeBytes() < RESERVE_BYTES) throw new Error('the machine has too little left')
    ballast.take(Math.max(LEAST_STEP_BYTES, Math.min(STEP_BYTES, aim - usage)))
  }

  #findObstacle(): string | undefined {
    let limitBytes: bigint | undefined
    try {
      limitBytes = this.#parts.read().limitBytes
    } catch (error) {
      return `memory usage can't be read: ${(error as Error).message}`
    }
    if (limitBytes === undefined) return 'no memory limit is set'
    const { usage, aim } = this.#levels()
    const free = this.#parts.freeBytes()
    if (aim - usage < free) return undefined
    return `${mebibytes(aim - usage)} are missing to the threshold, and the machine has ${mebibytes(free)} left`
  }

  #levels(): Levels {
    const { read, thresholdPercent } = this.#parts
    const { usageBytes, limitBytes } = read()
    if (limitBytes === undefined) throw new Error('the memory limit was lifted')
    const limit = Number(limitBytes)
    const above = (percent: number) => Math.floor((limit * (thresholdPercent + percent)) / 100)
    return {
      usage: Number(usageBytes),
      limit,
      least: above(LEAST_PERCENT),
      aim: above(AIM_PERCENT),
      most: above(MOST_PERCENT),
    }
  }
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}
