// Ways to keep a thread from its event loop for some time, in one go: no timer, no socket and no promise of the calling thread
// gets its turn before they return.
import { pbkdf2Sync } from 'node:crypto'

export const BLOCKINGS: Readonly<
  Record<'block-main' | 'regex' | 'wait' | 'crypto', (durationMs: number) => void>
> = { 'block-main': spin, regex: backtrack, wait: sleep, crypto: derive }

function spin(durationMs: number): void {
  const endMs = performance.now() + durationMs
  while (performance.now() < endMs) {
    // nothing: that is the fault
  }
}

/** Each way to share the letters out between the two pluses is tried before it fails: twice as many for each letter. */
const CATASTROPHIC = /^(a+)+$/
const LONG_MS = 200

/** No expression can be told when to end, so one that takes long is matched again until the time is over. */
function backtrack(durationMs: number): void {
  const endMs = performance.now() + durationMs
  let letterCount = 16
  for (let nowMs = performance.now(); nowMs < endMs; ) {
    const beforeMs = nowMs
    CATASTROPHIC.test(`${'a'.repeat(letterCount)}!`)
    nowMs = performance.now()
    if (nowMs - beforeMs < LONG_MS) letterCount++
  }
}

/** Nobody notifies: that is the fault. */
function sleep(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs)
}

/** In native code, which nothing in JavaScript can interrupt: some hundred ms a call, until the time is over. */
function derive(durationMs: number): void {
  const endMs = performance.now() + durationMs
  while (performance.now() < endMs) pbkdf2Sync('password', 'salt', 200_000, 64, 'sha512')
}
