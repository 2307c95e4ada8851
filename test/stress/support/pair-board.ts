// The words that the threads of the saturation test share, apart from the runtime under test. Any thread. Word 0 is the
// stop.
import { runInNewContext } from 'node:vm'
import { StopWord } from './stop-word.js'

/** Producer + 1 that is asked to hold still between two pairs; 0: nobody. */
const HOLD = 1
/** Producer + 1 that does. */
const HELD = 2
/** Number of the collection that all threads are asked for; odd while they must rest. */
const REST = 3
/** How many threads rest. */
const RESTING = 4
/** How many snapshots were judged. */
const JUDGED = 5
const BEGUN = 32
const COMPLETED = 64

export class PairBoard extends StopWord {
  constructor(buffer = new SharedArrayBuffer(4 * 96)) {
    super(buffer)
  }

  override stop(): void {
    super.stop()
    this.release()
    this.endRest()
  }

  /** Pair `number` of `producer` begins: its first update is called next. */
  begin(producer: number, number: number): void {
    Atomics.store(this.words, BEGUN + producer, number)
  }

  /** Both updates of pair `number` have returned. */
  complete(producer: number, number: number): void {
    Atomics.store(this.words, COMPLETED + producer, number)
  }

  begunBy(producer: number): number {
    return Atomics.load(this.words, BEGUN + producer)
  }

  completedBy(producer: number): number {
    return Atomics.load(this.words, COMPLETED + producer)
  }

  countJudged(): void {
    Atomics.add(this.words, JUDGED, 1)
  }

  get judged(): number {
    return Atomics.load(this.words, JUDGED)
  }

  /** Called by `producer` between two pairs: holds still while it is asked to. */
  obeyHold(producer: number): void {
    if (Atomics.load(this.words, HOLD) !== producer + 1) return
    Atomics.store(this.words, HELD, producer + 1)
    Atomics.notify(this.words, HELD)
    Atomics.wait(this.words, HOLD, producer + 1)
    Atomics.store(this.words, HELD, 0)
  }

  /** Asks all threads to collect their garbage and to rest. */
  beginRest(): void {
    Atomics.add(this.words, REST, 1)
  }

  get resting(): number {
    return Atomics.load(this.words, RESTING)
  }

  endRest(): void {
    const rest = Atomics.load(this.words, REST)
    if (rest % 2 === 0) return
    Atomics.store(this.words, REST, rest + 1)
    Atomics.notify(this.words, REST)
  }

  /** Called by every thread now and then. */
  obeyRest(): void {
    const rest = Atomics.load(this.words, REST)
    if (rest % 2 === 0) return
    collectGarbage()
    Atomics.add(this.words, RESTING, 1)
    Atomics.wait(this.words, REST, rest)
    Atomics.sub(this.words, RESTING, 1)
  }

  /** Waits until `producer` holds still between two pairs; false if it does not within a second. */
  hold(producer: number): boolean {
    Atomics.store(this.words, HOLD, producer + 1)
    const deadline = performance.now() + 1000
    for (;;) {
      const held = Atomics.load(this.words, HELD)
      if (held === producer + 1) return true
      if (performance.now() > deadline) return false
      Atomics.wait(this.words, HELD, held, 10)
    }
  }

  release(): void {
    Atomics.store(this.words, HOLD, 0)
    Atomics.notify(this.words, HOLD)
  }
}

/** A whole collection in the calling thread; needs the flag `--expose-gc`, which can be set at run time. */
export function collectGarbage(): void {
  runInNewContext('gc')()
}
