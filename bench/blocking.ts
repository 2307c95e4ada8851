// Ways in which a program's main loop gets blocked. Each keeps the calling thread busy in one go: no timer, no socket
// and no promise of that thread gets its turn before it returns.

export type Blocking = 'loop' | 'regex'

export const blockings: Readonly<Record<Blocking, (durationMs: number) => void>> = {
  loop: spin,
  regex: backtrack,
}

function spin(durationMs: number): void {
  const end = performance.now() + durationMs
  while (performance.now() < end);
}

/** Each way to share the letters out between the two pluses is tried before it fails: twice as many for each letter. */
const CATASTROPHIC = /^(a+)+$/
const LONG_MS = 200

/** No expression can be told when to end, so one that takes long is matched again until the time is up. */
function backtrack(durationMs: number): void {
  const start = performance.now()
  let letters = 16
  let elapsedMs = 0
  while (elapsedMs < durationMs) {
    const before = performance.now()
    if (CATASTROPHIC.test(`${'a'.repeat(letters)}!`)) throw new Error('the expression matched')
    const now = performance.now()
    if (now - before < LONG_MS) letters += 1
    elapsedMs = now - start
  }
}
