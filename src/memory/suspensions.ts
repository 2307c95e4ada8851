// When the whole process did not run: stopped by a signal, frozen or starved by its cgroup. That time is nobody's silence.
//
// Watchers are threads that run at least every 250 ms, whatever happens in others: the manager's and the probe actors'. Each moves
// a shared tick. One that finds its own last tick and the shared one more than a second old was not the only one that did not
// run, and records that time; then it moves the tick. A thread that is merely dead or blocked leaves no such gap while another
// watches.
//
// Several watchers may find the same suspension. They record it beside each other, each in a place of its own, and readers take
// the union. So nobody waits for anybody: a watcher that is killed over its record leaves one that readers skip, and a tick that
// has not moved, by which the next watcher finds the suspension as well.

import {
  MAX_SUSPENSIONS,
  SUSPENSION_COUNT,
  SUSPENSION_FROM,
  SUSPENSION_TO,
  SUSPENSION_WORDS,
  SUSPENSIONS,
  WATCHED_TICK,
  type Words,
} from './layout.js'
import { TICK_MS, ticksSince } from './ticks.js'

/** How often a watcher runs, at the least. */
export const WATCH_MS = 250
/** What no watcher has seen for longer was no time in which the process ran. */
const MIN_SUSPENSION_TICKS = 1_000 / TICK_MS
/** Ticks of one watcher closer than this say nothing new. */
const MIN_TICKS = 10
/** How long a reader waits for a watcher that has just been woken like itself. */
const WAIT_MS = 20

/** A watcher's side; belongs to its thread. */
export class SuspensionWatch {
  readonly #words: Words
  #startedAt: number
  #lastTick: number

  /** Watches from `now` on. */
  constructor(words: Words, now: number) {
    this.#words = words
    this.#startedAt = now
    this.#lastTick = now
  }

  /** Watches again from `now` on, after a time in which nobody asked it to. */
  restart(now: number): void {
    this.#startedAt = now
    this.#lastTick = now
  }

  /** To be called at least every `WATCH_MS`, and before any judgement that this thread makes. Costs a comparison mostly. */
  tick(now: number): void {
    const ownTicks = now - this.#lastTick
    if (ownTicks < MIN_TICKS) return
    this.#lastTick = now
    const words = this.#words
    const shared = Atomics.load(words, WATCHED_TICK)
    const sharedTicks = ticksSince(now, shared)
    if (sharedTicks > MIN_SUSPENSION_TICKS) {
      if (ownTicks > MIN_SUSPENSION_TICKS) this.#record(shared, now)
      // Too new to tell: who has watched for longer may be about to record it, by the tick as it is.
      else if (now - this.#startedAt <= MIN_SUSPENSION_TICKS) return
    }
    if (sharedTicks <= 0) return
    // Pairs with the look in SuspensionReader.begin, and its wait: the record comes before. Where another watcher was faster,
    // it has moved the tick behind a record of its own.
    if (Atomics.compareExchange(words, WATCHED_TICK, shared, now | 0) !== shared) return
    Atomics.notify(words, WATCHED_TICK)
  }

  #record(from: number, to: number): void {
    const words = this.#words
    const place = Atomics.add(words, SUSPENSION_COUNT, 1) & (MAX_SUSPENSIONS - 1)
    const at = SUSPENSIONS + place * SUSPENSION_WORDS
    // Pairs with the loads in SuspensionReader.#read, which go the other way around.
    Atomics.store(words, at + SUSPENSION_TO, 0)
    Atomics.store(words, at + SUSPENSION_FROM, from)
    Atomics.store(words, at + SUSPENSION_TO, to | 0 || 1)
  }
}

/** A reader's side, in any thread: how long something is ago, by the time in which the process ran. */
export class SuspensionReader {
  readonly #words: Words
  readonly #watch: SuspensionWatch | undefined
  /** The shared tick that the list is as of. */
  #tick = 0
  #isStale = false
  /** The shared tick that was waited for in vain. */
  #awaited = 0
  #now = 0
  /** From and to by turns, in order and apart. */
  readonly #list: number[] = []

  /** `watch` is that of this thread, where it is a watcher's. */
  constructor(words: Words, watch: SuspensionWatch | undefined) {
    this.#words = words
    this.#watch = watch
  }

  /** Begins judgements as of `now`. */
  begin(now: number): void {
    this.#watch?.tick(now)
    this.#now = now
    const tick = Atomics.load(this.#words, WATCHED_TICK)
    this.#isStale = ticksSince(now, tick) > MIN_SUSPENSION_TICKS
    if (tick === this.#tick) return
    this.#tick = tick
    this.#read()
  }

  /** No watcher has run for so long that one may be about to record a suspension. */
  get isStale(): boolean {
    return this.#isStale
  }

  /** Ticks since one that is given as a word, without those in which the process did not run. */
  activeTicksSince(word: number): number {
    const ticks = ticksSince(this.#now, word)
    // The most of all looks: silence that is shorter than any suspension.
    if (ticks <= MIN_SUSPENSION_TICKS) return ticks
    const list = this.#list
    const since = this.#now - ticks
    let active = ticks
    for (let i = 0; i < list.length; i += 2) {
      const overlap = Math.min(list[i + 1]!, this.#now) - Math.max(list[i]!, since)
      if (overlap > 0) active -= overlap
    }
    return active
  }

  /**
   * For who has found silence: waits for a watcher that may be about to record a suspension, if none has run for long. True if
   * one has run meanwhile: then begin anew. At most once for each tick: if none comes, the watchers are dead, and the clock is
   * right.
   */
  hasToBeginAnew(): boolean {
    if (!this.#isStale || this.#awaited === this.#tick) return false
    this.#awaited = this.#tick
    return Atomics.wait(this.#words, WATCHED_TICK, this.#tick, WAIT_MS) !== 'timed-out'
  }

  #read(): void {
    const spans: [from: number, to: number][] = []
    for (let place = 0; place < MAX_SUSPENSIONS; place++) {
      const at = SUSPENSIONS + place * SUSPENSION_WORDS
      const to = Atomics.load(this.#words, at + SUSPENSION_TO)
      const from = Atomics.load(this.#words, at + SUSPENSION_FROM)
      // Pairs with the stores in SuspensionWatch.#record: of one record if its end was there before and after its beginning.
      if (to === 0 || Atomics.load(this.#words, at + SUSPENSION_TO) !== to) continue
      spans.push([this.#unwrap(from), this.#unwrap(to)])
    }
    spans.sort(([a], [b]) => a - b)
    this.#list.length = 0
    let end = Number.NEGATIVE_INFINITY
    for (const [from, to] of spans) {
      this.#list.push(Math.max(from, end), to)
      end = Math.max(end, to)
    }
  }

  #unwrap(word: number): number {
    return this.#now - ticksSince(this.#now, word)
  }
}
