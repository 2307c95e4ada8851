// The score board that the threads of a kill test share: one Int32 word a fact, apart from the runtime under test,
// so that what a killed thread had achieved can still be read. Any thread. Word 0 is the stop.
import { StopWord } from './stop-word.js'

const READS = 1
const MAX_READ_US = 2
const MAX_GAP_US = 3
const REPORTED = 4
const AUDITED = 5
const LIVE = 16
const MAX_PLACES = 16
const PROGRESS = LIVE + MAX_PLACES
const MAX_PRODUCERS = 1024

export class Board extends StopWord {
  constructor(buffer = new SharedArrayBuffer(4 * (PROGRESS + MAX_PRODUCERS))) {
    super(buffer)
  }

  countRead(durationUs: number): void {
    Atomics.add(this.words, READS, 1)
    this.#raise(MAX_READ_US, durationUs)
  }

  get reads(): number {
    return Atomics.load(this.words, READS)
  }

  get longestReadMs(): number {
    return Atomics.load(this.words, MAX_READ_US) / 1000
  }

  /** `producer` reports from `place` from now on, and is expected to make progress. */
  enter(place: number, producer: number): void {
    Atomics.store(this.words, LIVE + place, producer + 1)
  }

  leave(place: number): void {
    Atomics.store(this.words, LIVE + place, 0)
  }

  /** Who reports from `place` now. */
  producerAt(place: number): number | undefined {
    const producer = Atomics.load(this.words, LIVE + place) - 1
    return producer < 0 ? undefined : producer
  }

  /** `producer`'s update `number` has returned. Written by that producer only. */
  advance(producer: number, number: number): void {
    Atomics.store(this.words, PROGRESS + producer, number)
  }

  progressOf(producer: number): number {
    return Atomics.load(this.words, PROGRESS + producer)
  }

  /** A producer is about to make a transition. */
  countTransition(): void {
    Atomics.add(this.words, REPORTED, 1)
  }

  /** The auditor has followed the journal up to this transition. */
  noteAudited(number: number): void {
    Atomics.store(this.words, AUDITED, number)
  }

  /** How many transitions the auditor is behind, or a little more: of the killed, some were never made. */
  get auditLag(): number {
    return Atomics.load(this.words, REPORTED) - Atomics.load(this.words, AUDITED)
  }

  noteGap(gapUs: number): void {
    this.#raise(MAX_GAP_US, gapUs)
  }

  /** The longest time that a live producer was seen without progress. */
  get longestGapMs(): number {
    return Atomics.load(this.words, MAX_GAP_US) / 1000
  }

  #raise(word: number, value: number): void {
    let now = Atomics.load(this.words, word)
    while (value > now) {
      const met = Atomics.compareExchange(this.words, word, now, Math.round(value))
      if (met === now) return
      now = met
    }
  }
}

/** Microseconds of the process-wide monotonic clock. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

/** Lets a random instant fall between the ticks of a timer. */
export function spinUs(us: number): void {
  const until = nowUs() + us
  while (nowUs() < until) {}
}
