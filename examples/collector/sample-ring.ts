// How samples pass from one collector thread to the main thread: a bounded single-producer single-consumer ring in
// shared memory. The writer belongs to the collector's thread, the reader to the main thread, and each word has one of
// them as its only writer, so a collector can be killed at any instruction: what it had handed over is whole and stays,
// what it was still writing was never there, and the next thread of that collector goes on with the same ring.
//
//  word 0          32        48        64                  64 + 2 * capacity
//  +---------------+---------+---------+-------------------+----------------------------+
//  | tail, dropped | head    | sizes   | entries           | text, as UTF-8             |
//  | (collector)   | (main)  | (fixed) | start, byte count | (collector; any byte size) |
//  +---------------+---------+---------+-------------------+----------------------------+
//
// Entries and text are plain memory: the writer's store of the tail publishes them, the reader's store of the head
// gives them back. Positions count bytes for ever, modulo 2^32, and fall into the text area modulo its size.

/** Samples handed over. Collector; pairs with `drain`: entry and text happen-before the tail that covers them. */
const TAIL = 0
/** Samples refused because the ring was full. Collector. */
const DROPPED = 1
/** Ticks that the collector had to give up. Collector. */
const MISSED = 2
/** Samples taken out. Main; pairs with `tryPush`: the copy happens-before the head that frees its room. */
const HEAD = 32
const CAPACITY = 48
const TEXT_BYTES = 49
const ENTRIES = 64

/** Longest sample, as UTF-8. A reader's batch must have room for one. */
export const MAX_SAMPLE_BYTES = 256 * 1024
/** Room in the text area for each sample that may wait; longer ones fill the ring before its entries run out. */
const TYPICAL_SAMPLE_BYTES = 512

/** A ring for `capacity` samples, rounded up to a power of two. So is the text area, or its positions could not wrap. */
export function createSampleRing(capacity: number): SharedArrayBuffer {
  const entryCount = 2 ** Math.ceil(Math.log2(capacity))
  const textBytes = Math.max(entryCount * TYPICAL_SAMPLE_BYTES, 2 * MAX_SAMPLE_BYTES)
  const buffer = new SharedArrayBuffer((ENTRIES + 2 * entryCount) * 4 + textBytes)
  const words = new Int32Array(buffer, 0, ENTRIES)
  words[CAPACITY] = entryCount
  words[TEXT_BYTES] = textBytes
  return buffer
}

class RingView {
  readonly words: Int32Array<SharedArrayBuffer>
  readonly text: Buffer
  readonly capacity: number

  constructor(buffer: SharedArrayBuffer) {
    const header = new Int32Array(buffer, 0, ENTRIES)
    this.capacity = header[CAPACITY] as number
    this.words = new Int32Array(buffer, 0, ENTRIES + 2 * this.capacity)
    this.text = Buffer.from(buffer, this.words.byteLength, header[TEXT_BYTES] as number)
  }

  /** Index of the word that holds the start of the entry; the byte count follows. */
  entryWord(place: number): number {
    return ENTRIES + 2 * (place & (this.capacity - 1))
  }
}

/** The collector's side. One at a time: a new thread may take over only after the old one has exited. */
export class SampleRingWriter {
  readonly #ring: RingView
  #tail: number
  #dropped: number
  #position: number

  constructor(buffer: SharedArrayBuffer) {
    this.#ring = new RingView(buffer)
    const { words } = this.#ring
    this.#tail = Atomics.load(words, TAIL)
    this.#dropped = Atomics.load(words, DROPPED)
    // Go on behind the last sample handed over; in a new ring its entry is all zeroes.
    const last = this.#ring.entryWord(this.#tail - 1)
    this.#position = ((words[last] as number) + (words[last + 1] as number)) | 0
  }

  /** Samples offered so far, refused ones included, by earlier threads of this collector too; modulo 2^32. */
  get offeredCount(): number {
    return (this.#tail + this.#dropped) >>> 0
  }

  get droppedCount(): number {
    return this.#dropped >>> 0
  }

  /**
   * Hands one sample over; false if the ring was full, in which case it is counted as dropped. Every sample ends in
   * exactly one of the two counters with one store, so killing this thread can't make the sums wrong.
   * @throws Error for a sample of more than `MAX_SAMPLE_BYTES`, which is in neither.
   */
  tryPush(sample: string): boolean {
    const { words, text, capacity } = this.#ring
    const byteCount = Buffer.byteLength(sample)
    if (byteCount > MAX_SAMPLE_BYTES) {
      throw new Error(`sample is too long: bytes=${byteCount} max=${MAX_SAMPLE_BYTES}`)
    }
    const start = this.#startFor(byteCount)
    // Pairs with `drain`: what the head has passed is not read any more.
    const head = Atomics.load(words, HEAD)
    const waitingCount = (this.#tail - head) | 0
    const oldest = waitingCount === 0 ? start : (words[this.#ring.entryWord(head)] as number)
    if (waitingCount >= capacity || ((start + byteCount - oldest) | 0) > text.length) {
      this.#dropped = (this.#dropped + 1) | 0
      Atomics.store(words, DROPPED, this.#dropped)
      return false
    }
    text.write(sample, (start >>> 0) % text.length, byteCount, 'utf8')
    const entry = this.#ring.entryWord(this.#tail)
    words[entry] = start
    words[entry + 1] = byteCount
    this.#position = (start + byteCount) | 0
    this.#tail = (this.#tail + 1) | 0
    Atomics.store(words, TAIL, this.#tail)
    return true
  }

  noteMissed(missedCount: number): void {
    Atomics.add(this.#ring.words, MISSED, missedCount)
  }

  // A sample lies in one piece, so one that would cross the end of the text area starts at its beginning.
  #startFor(byteCount: number): number {
    const { text } = this.#ring
    const offset = (this.#position >>> 0) % text.length
    return offset + byteCount > text.length
      ? (this.#position + text.length - offset) | 0
      : this.#position
  }
}

/** The main thread's side. */
export class SampleRingReader {
  readonly #ring: RingView
  readonly #accepted = new WideCount()
  readonly #dropped = new WideCount()
  readonly #missed = new WideCount()

  constructor(buffer: SharedArrayBuffer) {
    this.#ring = new RingView(buffer)
  }

  get capacity(): number {
    return this.#ring.capacity
  }

  get depth(): number {
    return (Atomics.load(this.#ring.words, TAIL) - Atomics.load(this.#ring.words, HEAD)) | 0
  }

  /** Samples handed over by the collector. */
  get acceptedCount(): number {
    return this.#accepted.widen(Atomics.load(this.#ring.words, TAIL))
  }

  get droppedCount(): number {
    return this.#dropped.widen(Atomics.load(this.#ring.words, DROPPED))
  }

  get missedCount(): number {
    return this.#missed.widen(Atomics.load(this.#ring.words, MISSED))
  }

  /** Copies waiting samples, oldest first, to `target` from `offset` on, as many as fit whole. */
  drain(target: Buffer, offset: number): { readonly endOffset: number; readonly count: number } {
    const { words, text } = this.#ring
    const head = Atomics.load(words, HEAD)
    // Pairs with `tryPush`: entries and text before the tail are written.
    const tail = Atomics.load(words, TAIL)
    let endOffset = offset
    let place = head
    while (place !== tail) {
      const entry = this.#ring.entryWord(place)
      const start = ((words[entry] as number) >>> 0) % text.length
      const byteCount = words[entry + 1] as number
      if (endOffset + byteCount > target.length) break
      text.copy(target, endOffset, start, start + byteCount)
      endOffset += byteCount
      place = (place + 1) | 0
    }
    Atomics.store(words, HEAD, place)
    return { endOffset, count: (place - head) | 0 }
  }
}

/** Makes a count of a word that wraps at 2^32, as long as it is read now and then: 20,000 a second wrap in 2.5 days. */
class WideCount {
  #last = 0
  #total = 0

  widen(word: number): number {
    this.#total += (word - this.#last) >>> 0
    this.#last = word
    return this.#total
  }
}
