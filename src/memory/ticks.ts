// The clock of signs of life, coarse enough to fit a word: ticks of 10 ms on the monotonic clock that all threads of the
// process share. As a word it wraps after 497 days, so ages are told apart up to 248.
import { monotonicMs } from './monotonic-clock.js'

export const TICK_MS = 10
const TICKS_A_SECOND = 100
const NANOSECONDS_A_TICK = 10_000_000

/** Ticks up to now, a whole number that does not wrap; as a word of the region it does. */
export function nowTicks(): number {
  // Small enough to become part of whoever calls it, so that the array is never made.
  const time = process.hrtime()
  return time[0] * TICKS_A_SECOND + Math.floor(time[1] / NANOSECONDS_A_TICK)
}

/** How many ticks before `now` a tick was that is given as a word; below 0 for one that is later than `now`. */
export function ticksSince(now: number, word: number): number {
  return (now - word) | 0
}

/** A duration in ticks, rounded up: what is longer than this has lasted for longer than `ms`, wherever in a tick it began. */
export function toTicks(ms: number): number {
  return Math.ceil(ms / TICK_MS)
}

/** A tenth of a second: what texts tell apart. */
export const TEXT_TICKS = 10

/** `12.3 s`, rounded down. */
export function secondsText(ticks: number): string {
  const tenths = Math.floor(ticks / TEXT_TICKS)
  return `${(tenths / 10).toFixed(1)} s`
}

/** Epoch ms of a tick, by the wall clock as it is now. */
export function epochOf(tick: number): number {
  return Math.round(Date.now() - monotonicMs() + tick * TICK_MS)
}

/** On `monotonicMs`, the begin of a tick that is given as a word and is no more than 248 days from now. */
export function msOfTick(word: number): number {
  const now = nowTicks()
  return (now - ticksSince(now, word)) * TICK_MS
}

/** The first tick that begins after now, as a word. */
export function nextTick(): number {
  return (nowTicks() + 1) | 0
}
