// Stand-ins for what the parts of the sample collector speak to.

import type { Alarm } from '../examples/collector/alarm.js'
import { type Destination, ReaderGoneError } from '../examples/collector/destination.js'
import type { Voice } from '../examples/collector/telling.js'
import { healthStatusName } from '../src/model/health-status.js'

/** Remembers everything that was said, in order. */
export class RecordingVoice implements Voice {
  readonly said: unknown[][] = []
  lastProgress: readonly [inCount: number, outCount: number] | undefined

  update: Voice['update'] = (status, message, metadata) => {
    this.said.push([healthStatusName(status), message, metadata])
  }
  healthy: Voice['healthy'] = (message, metadata) => {
    this.said.push(['healthy', message, metadata])
  }
  degraded: Voice['degraded'] = (message, metadata) => {
    this.said.push(['degraded', message, metadata])
  }
  unhealthy: Voice['unhealthy'] = (message, metadata) => {
    this.said.push(['unhealthy', message, metadata])
  }
  beat: Voice['beat'] = () => {}
  progress: Voice['progress'] = (inCount, outCount) => {
    this.lastProgress = [inCount, outCount]
  }
}

/** Time that moves only when the test says so. */
export class ManualAlarm implements Alarm {
  #nowMs = 1_000
  #dueMs = Number.POSITIVE_INFINITY
  #resolve: () => void = () => {}

  nowMs(): number {
    return this.#nowMs
  }

  wait(durationMs: number): Promise<void> {
    this.#dueMs = this.#nowMs + durationMs
    return new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  ring(): void {
    this.#dueMs = Number.POSITIVE_INFINITY
    this.#resolve()
  }

  /** Time passes in which nothing can happen; then what is due does, once. */
  async oversleep(durationMs: number): Promise<void> {
    this.#nowMs += durationMs
    if (this.#dueMs <= this.#nowMs) this.ring()
    await settle()
  }

  /** Lets everything that is due by then happen, in order. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs
    await settle()
    while (this.#dueMs <= endMs) {
      this.#nowMs = this.#dueMs
      this.ring()
      await settle()
    }
    this.#nowMs = endMs
  }
}

/** Until all promises that can settle by themselves have. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A destination that does what the test says: takes all, takes some, fails, or hangs until it is told. */
export class ScriptedDestination implements Destination {
  text = ''
  writeCount = 0
  /** How to take the next writes; the last one stays. */
  behaviour: 'take' | 'take-half' | 'fail' | 'hang' | 'reader-gone' = 'take'
  #release: () => void = () => {}

  async write(bytes: Uint8Array): Promise<number> {
    this.writeCount++
    switch (this.behaviour) {
      case 'fail':
        throw new Error('ENOSPC: no space left on device')
      case 'reader-gone':
        throw new ReaderGoneError()
      case 'hang':
        await new Promise<void>((resolve) => {
          this.#release = resolve
        })
        break
      default:
        break
    }
    const takenBytes = this.behaviour === 'take-half' ? Math.ceil(bytes.length / 2) : bytes.length
    this.text += Buffer.from(bytes.subarray(0, takenBytes)).toString()
    return takenBytes
  }

  /** Lets a write that hangs come through. */
  release(): void {
    this.behaviour = 'take'
    this.#release()
  }

  async close(): Promise<void> {}
}

/** A queue that hands out the lines it was given. */
export class LineQueue {
  readonly #lines: string[] = []

  push(...lines: string[]): void {
    this.#lines.push(...lines)
  }

  drain(batch: Buffer): { byteCount: number; count: number } {
    const lines = this.#lines.splice(0)
    return {
      byteCount: batch.write(lines.map((line) => `${line}\n`).join('')),
      count: lines.length,
    }
  }
}
