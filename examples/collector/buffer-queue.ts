// The bounded queue between the collectors and the sink: one ring a collector, and the component `buffer_queue`.
//
// When the queue is full the newest sample is dropped and counted. The thread that drops says so itself (`DropNotice`):
// if the main thread is what hangs, it could not. Only the main thread says that all is well again, once the queue has
// drained and nothing was dropped for a while, so that the status does not flicker under steady overload.
import { createSampleRing, SampleRingReader } from './sample-ring.js'
import type { Voice } from './telling.js'

const SETTLE_INTERVAL_MS = 100
/** Without a drop for this long, and drained to this share, the queue is operational again. */
const CALM_MS = 1_000
const CALM_SHARE = 0.25
/** While samples are dropped, how often that is said again. */
const NOTICE_INTERVAL_MS = 200

const FULL = 'Buffer full, dropping resources'

/** Samples of all collectors since the start. `accepted + dropped` is all that was ever produced. */
export interface QueueCounts {
  readonly accepted: number
  readonly dropped: number
  readonly missed: number
  readonly depth: number
}

/** Main thread. */
export class BufferQueue {
  readonly capacity: number
  readonly #rings: ReadonlyMap<string, SharedArrayBuffer>
  readonly #readers: readonly SampleRingReader[]
  readonly #voice: Voice
  readonly #metadata: Readonly<Record<string, string>>
  #firstReader = 0
  #takenCount = 0
  #droppedCount = 0
  #lastDropMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(collectorNames: readonly string[], capacityOfEach: number, voice: Voice) {
    this.#rings = new Map(collectorNames.map((name) => [name, createSampleRing(capacityOfEach)]))
    this.#readers = [...this.#rings.values()].map((ring) => new SampleRingReader(ring))
    this.capacity = this.#readers.reduce((sum, reader) => sum + reader.capacity, 0)
    this.#metadata = { capacity: String(this.capacity) }
    this.#voice = voice
  }

  start(): void {
    this.#voice.healthy('Buffer is operational', this.#metadata)
    this.#timer = setInterval(() => this.settle(performance.now()), SETTLE_INTERVAL_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#voice.unhealthy('Buffer stopped')
  }

  /** The ring of one collector. It outlives the collector's threads. */
  ringOf(collectorName: string): SharedArrayBuffer {
    const ring = this.#rings.get(collectorName)
    if (ring === undefined) throw new Error(`no such collector: name=${collectorName}`)
    return ring
  }

  /** Moves waiting samples to `batch`, as many as fit whole. The collectors take turns in being first. */
  drain(batch: Buffer): { readonly byteCount: number; readonly count: number } {
    let byteCount = 0
    let count = 0
    for (let turn = 0; turn < this.#readers.length; turn++) {
      const reader = this.#readers[(this.#firstReader + turn) % this.#readers.length]
      const drained = reader?.drain(batch, byteCount)
      byteCount = drained?.endOffset ?? byteCount
      count += drained?.count ?? 0
    }
    this.#takenCount += count
    this.#firstReader = (this.#firstReader + 1) % this.#readers.length
    return { byteCount, count }
  }

  counts(): QueueCounts {
    const sum = (pick: (reader: SampleRingReader) => number) =>
      this.#readers.reduce((total, reader) => total + pick(reader), 0)
    return {
      accepted: sum((reader) => reader.acceptedCount),
      dropped: sum((reader) => reader.droppedCount),
      missed: sum((reader) => reader.missedCount),
      depth: sum((reader) => reader.depth),
    }
  }

  /** Tells what came in and went out, and that the queue is operational, if it is. Saying it again costs next to nothing. */
  settle(nowMs: number): void {
    const { accepted, dropped, depth } = this.counts()
    this.#voice.progress(accepted, this.#takenCount)
    if (dropped !== this.#droppedCount) {
      this.#droppedCount = dropped
      this.#lastDropMs = nowMs
    }
    const isCalm = nowMs - this.#lastDropMs >= CALM_MS && depth <= this.capacity * CALM_SHARE
    if (isCalm) this.#voice.healthy('Buffer is operational', this.#metadata)
  }
}

/** The collector's side: says that the queue is full, not oftener than needed. */
export class DropNotice {
  readonly #voice: Voice
  readonly #metadata: Readonly<Record<string, string>>
  #lastMs = Number.NEGATIVE_INFINITY

  constructor(voice: Voice, capacity: number, collectorName: string) {
    this.#voice = voice
    this.#metadata = { capacity: String(capacity), resource_type: collectorName }
  }

  noteDrop(nowMs: number): void {
    if (nowMs - this.#lastMs < NOTICE_INTERVAL_MS) return
    this.#lastMs = nowMs
    this.#voice.degraded(FULL, this.#metadata)
  }
}
