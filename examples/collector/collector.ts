// The work of one collector: read its files in turn, at a fixed rate, and hand the samples over. Collector's thread.
import { DropNotice } from './buffer-queue.js'
import { ProcFile } from './proc/proc-file.js'
import { type Source, sourceOf } from './proc/sources.js'
import type { SampleRingWriter } from './sample-ring.js'
import { Schedule } from './schedule.js'
import type { Voice } from './telling.js'

const COUNTS_INTERVAL_MS = 1_000
/** Several in a deadline, so that one that is late does no harm. */
const BEATS_A_DEADLINE = 5

export interface CollectorSettings {
  readonly name: string
  readonly files: readonly string[]
  readonly procfs: string
  readonly ratePerSecond: number
  readonly queueCapacity: number
  /** How long it may be silent. */
  readonly deadlineMs: number
}

interface Input {
  readonly source: Source
  readonly file: ProcFile
  /** What was wrong at the last reading. */
  problem: string | undefined
}

export class Collector {
  readonly #settings: CollectorSettings
  readonly #ring: SampleRingWriter
  readonly #own: Voice
  readonly #dropNotice: DropNotice
  readonly #inputs: readonly Input[]
  readonly #schedule: Schedule
  #turn = 0
  #errorCount = 0
  #missedCount = 0
  #countsToldMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  /** @param own tells of this collector's component, `queue` of `buffer_queue`. */
  constructor(settings: CollectorSettings, ring: SampleRingWriter, own: Voice, queue: Voice) {
    this.#settings = settings
    this.#ring = ring
    this.#own = own
    this.#dropNotice = new DropNotice(queue, settings.queueCapacity, settings.name)
    this.#inputs = settings.files.map((file) => ({
      source: sourceOf(file),
      file: new ProcFile(`${settings.procfs}/${file}`),
      problem: undefined,
    }))
    this.#schedule = new Schedule(settings.ratePerSecond, performance.now())
  }

  /** Takes the first samples at once, then goes on by itself. */
  start(): void {
    this.#takeDueSamples()
    const beatMs = this.#settings.deadlineMs / BEATS_A_DEADLINE
    const delayMs = Math.min(this.#schedule.delayMs(performance.now()), beatMs)
    this.#timer = setTimeout(() => this.start(), delayMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
    for (const { file } of this.#inputs) file.close()
  }

  #takeDueSamples(): void {
    const nowMs = performance.now()
    let owed = this.#schedule.takeDue(nowMs)
    if (owed === 0) {
      // Between two readings that are far apart, there is nothing new to tell but that it lives.
      this.#own.beat()
      return
    }
    for (; owed > 0; owed--) this.#takeSample(nowMs)
    const { missedCount } = this.#schedule
    if (missedCount !== this.#missedCount) {
      this.#ring.noteMissed(missedCount - this.#missedCount)
      this.#missedCount = missedCount
    }
    this.#tell(nowMs)
  }

  #takeSample(nowMs: number): void {
    const input = this.#inputs[this.#turn++ % this.#inputs.length]
    if (input === undefined) return
    try {
      const sample = this.#encode(input.source, input.file.read())
      if (!this.#ring.tryPush(sample)) this.#dropNotice.noteDrop(nowMs)
      input.problem = undefined
    } catch (error) {
      // The next turn tries again; meanwhile the component says what is wrong.
      input.problem = (error as Error).message
      this.#errorCount++
    }
  }

  // The number counts dropped samples too: a reader sees from the gaps what is missing.
  #encode(source: Source, text: string): string {
    const sample = {
      at: Date.now(),
      collector: this.#settings.name,
      number: this.#ring.offeredCount,
      source: source.file,
      values: source.parse(text),
    }
    return `${JSON.stringify(sample)}\n`
  }

  // Said after every reading: an update that changes nothing costs a few nanoseconds. The counts would make each one
  // different, so they come along once a second.
  #tell(nowMs: number): void {
    const failing = this.#inputs.find((input) => input.problem !== undefined)
    if (failing?.problem !== undefined) {
      this.#own.degraded(failing.problem, { source: failing.source.file })
      this.#countsToldMs = Number.NEGATIVE_INFINITY
    } else if (nowMs - this.#countsToldMs >= COUNTS_INTERVAL_MS) {
      this.#countsToldMs = nowMs
      this.#own.healthy('collecting', this.#counts())
    } else {
      this.#own.healthy('collecting')
    }
  }

  #counts(): Record<string, string> {
    return {
      sources: this.#settings.files.join(' '),
      samples: String(this.#ring.offeredCount),
      dropped: String(this.#ring.droppedCount),
      errors: String(this.#errorCount),
    }
  }
}
