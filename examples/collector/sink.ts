// Takes samples out of the queue in batches, writes them, and tells how that goes as `sample_sink`. Main thread.
//
// One batch is under way at a time: while the destination is slow the samples wait in the queue, which is bounded. A
// write that hangs is never repeated, as it may still come through; after an error only the bytes that were not taken
// are tried again. So a line is written once and whole, whatever happens.

import { CircuitBreaker, transportStatusOf } from '../../src/heartbeat/index.js'
import { type Alarm, RealAlarm } from './alarm.js'
import { type Destination, ReaderGoneError } from './destination.js'
import { MAX_SAMPLE_BYTES } from './sample-ring.js'
import type { Voice } from './telling.js'

const BATCH_BYTES = 4 * MAX_SAMPLE_BYTES
/** How long samples gather before they are written. */
const FLUSH_INTERVAL_MS = 50
/** A write that makes no progress for this long counts as a failure, and again after each further such time. */
const WRITE_TIMEOUT_MS = 500
const PATIENCE_SLICE_MS = 100
const RETRY_DELAY_MS = 500
const NEWLINE = 0x0a

export interface SinkOptions {
  readonly queue: { drain(batch: Buffer): { readonly byteCount: number; readonly count: number } }
  readonly destination: Destination
  readonly voice: Voice
  /** Told of the first failure of a row, of the breaker's opening, and of the recovery. */
  readonly log: (line: string) => void
  /** Nobody reads any more: the program should end. */
  readonly onReaderGone: () => void
}

type Outcome = { readonly takenBytes: number } | { readonly error: Error } | 'hangs' | 'woken'

export class Sink {
  readonly #options: SinkOptions
  readonly #breaker = new CircuitBreaker()
  readonly #alarm: Alarm
  readonly #batch = Buffer.allocUnsafe(BATCH_BYTES)
  #batchStart = 0
  #batchEnd = 0
  #batchCount = 0
  #underWay: Promise<Outcome> | undefined
  #writtenCount = 0
  #writtenBytes = 0
  #stopByMs: number | undefined
  #isReaderGone = false
  #running: Promise<void> = Promise.resolve()

  constructor(options: SinkOptions, alarm: Alarm = new RealAlarm()) {
    this.#options = options
    this.#alarm = alarm
  }

  /** Lines of which the destination has taken the last byte. */
  get writtenCount(): number {
    return this.#writtenCount
  }

  get writtenBytes(): number {
    return this.#writtenBytes
  }

  /** Samples taken out of the queue and not written, yet or for ever. */
  get pendingCount(): number {
    return this.#batchCount
  }

  start(): void {
    this.#options.voice.healthy('Transport starting')
    this.#running = this.#run()
  }

  /** Writes what is left in the queue, for at most `withinMs`. The queue must get nothing new by now. */
  async stop(withinMs: number): Promise<void> {
    this.#stopByMs ??= this.#alarm.nowMs() + withinMs
    this.#alarm.ring()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isGivenUp()) {
      if (this.#batchStart === this.#batchEnd && !this.#refill()) {
        if (this.#stopByMs !== undefined) return
        await this.#alarm.wait(FLUSH_INTERVAL_MS)
        continue
      }
      await this.#attempt()
    }
  }

  #isGivenUp(): boolean {
    return (
      this.#isReaderGone || (this.#stopByMs !== undefined && this.#alarm.nowMs() >= this.#stopByMs)
    )
  }

  #refill(): boolean {
    const { byteCount, count } = this.#options.queue.drain(this.#batch)
    this.#batchStart = 0
    this.#batchEnd = byteCount
    this.#batchCount = count
    this.#tellProgress()
    return count > 0
  }

  async #attempt(): Promise<void> {
    const breakMs = this.#isStopping ? 0 : this.#breaker.waitMs(this.#alarm.nowMs())
    if (breakMs > 0 && this.#underWay === undefined) return this.#alarm.wait(breakMs)
    const outcome = await this.#write(Math.max(breakMs, WRITE_TIMEOUT_MS))
    if (outcome === 'woken') return
    if (outcome === 'hangs') return this.#noteFailure('the destination takes nothing')
    if ('error' in outcome) {
      if (outcome.error instanceof ReaderGoneError) {
        this.#isReaderGone = true
        this.#options.onReaderGone()
      }
      this.#noteFailure(outcome.error.message)
      return this.#alarm.wait(this.#bounded(RETRY_DELAY_MS))
    }
    const isSmall = this.#batchEnd < BATCH_BYTES / 2
    this.#noteProgress(outcome.takenBytes)
    if (isSmall && !this.#isStopping) await this.#alarm.wait(FLUSH_INTERVAL_MS)
  }

  /** Goes on waiting for the write that is under way, or starts one. */
  async #write(patienceMs: number): Promise<Outcome> {
    this.#underWay ??= this.#options.destination
      .write(this.#batch.subarray(this.#batchStart, this.#batchEnd))
      .then(
        (takenBytes) => ({ takenBytes }),
        (error: Error) => ({ error }),
      )
    const outcome = await Promise.race([this.#underWay, this.#wait(this.#bounded(patienceMs))])
    this.#alarm.ring()
    if (typeof outcome === 'object') this.#underWay = undefined
    return outcome
  }

  /** In slices: time in which this thread did not run counts for one, and that the write is done is heard of in the next. */
  async #wait(durationMs: number): Promise<Outcome> {
    let leftMs = durationMs
    do {
      const sliceMs = Math.min(leftMs, PATIENCE_SLICE_MS)
      const startMs = this.#alarm.nowMs()
      await this.#alarm.wait(sliceMs)
      if (this.#alarm.nowMs() - startMs < sliceMs - 1) return 'woken'
      leftMs -= sliceMs
    } while (leftMs > 0)
    return 'hangs'
  }

  get #isStopping(): boolean {
    return this.#stopByMs !== undefined
  }

  #bounded(durationMs: number): number {
    if (this.#stopByMs === undefined) return durationMs
    return Math.max(0, Math.min(durationMs, this.#stopByMs - this.#alarm.nowMs()))
  }

  #noteProgress(takenBytes: number): void {
    const taken = this.#batch.subarray(this.#batchStart, this.#batchStart + takenBytes)
    // Counted in the bytes that were taken, not believed from the queue: so the sums at the end prove something.
    for (let at = taken.indexOf(NEWLINE); at >= 0; at = taken.indexOf(NEWLINE, at + 1)) {
      this.#writtenCount++
      this.#batchCount--
    }
    this.#batchStart += takenBytes
    this.#writtenBytes += takenBytes
    if (this.#breaker.failureCount > 0)
      this.#options.log('sink: the destination takes samples again')
    this.#breaker.succeed()
    this.#tell()
    this.#tellProgress()
  }

  #tellProgress(): void {
    this.#options.voice.progress(this.#writtenCount + this.#batchCount, this.#writtenCount)
  }

  #noteFailure(why: string): void {
    const wasOpen = this.#breaker.isOpen
    this.#breaker.fail(this.#alarm.nowMs())
    if (this.#breaker.failureCount === 1) this.#options.log(`sink: ${why}`)
    if (this.#breaker.isOpen && !wasOpen) {
      this.#options.log(`sink: ${this.#breaker.failureCount} failures in a row: ${why}`)
    }
    this.#tell()
  }

  #tell(): void {
    const reopenAt = new Date(Date.now() + this.#breaker.waitMs(this.#alarm.nowMs()))
    const { status, message, metadata } = transportStatusOf(this.#breaker, reopenAt)
    this.#options.voice.update(status, message, metadata)
  }
}
