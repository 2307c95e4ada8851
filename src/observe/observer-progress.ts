// How far a queue worker is, in words of its own, so that its host knows that after any death of it, and so that its
// successor goes on from there. One for each observer that is a module; one worker at a time.
//
//   word       writer                      says
//   CURSOR     worker; host between lives  number of the last transition up to which all calls have ended
//   STARTED    worker                      number of the last transition whose call was begun
//   GAP_END    worker                      while a call for a gap is under way: number of the gap's last transition
//   BEAT       worker                      moved by each beat of its event loop
//   LIMIT      host                        behind which transition it is to end, -1 before the stop

const CURSOR = 0
const STARTED = 1
const GAP_END = 2
const BEAT = 3
const LIMIT = 4
const WORDS = 5

export class ObserverProgress {
  /** Handed to the worker, which makes its own instance of it. */
  readonly buffer: SharedArrayBuffer
  readonly #words: BigInt64Array<SharedArrayBuffer>

  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(WORDS * BigInt64Array.BYTES_PER_ELEMENT)
    this.#words = new BigInt64Array(this.buffer)
    if (buffer === undefined) this.#set(LIMIT, -1)
  }

  get cursor(): number {
    return this.#get(CURSOR)
  }

  set cursor(number: number) {
    this.#set(CURSOR, number)
  }

  get started(): number {
    return this.#get(STARTED)
  }

  set started(number: number) {
    this.#set(STARTED, number)
  }

  get gapEnd(): number {
    return this.#get(GAP_END)
  }

  set gapEnd(number: number) {
    this.#set(GAP_END, number)
  }

  get limit(): number | undefined {
    const limit = this.#get(LIMIT)
    return limit === -1 ? undefined : limit
  }

  set limit(number: number) {
    this.#set(LIMIT, number)
  }

  get beats(): number {
    return this.#get(BEAT)
  }

  beat(): void {
    Atomics.add(this.#words, BEAT, 1n)
  }

  #get(index: number): number {
    return Number(Atomics.load(this.#words, index))
  }

  #set(index: number, number: number): void {
    Atomics.store(this.#words, index, BigInt(number))
  }
}
