// Time as the heartbeat sees it, so that tests can pass a clock of their own.

export interface Clock {
  /** Monotonic. */
  nowMs(): number
  /** Epoch ms, for people. */
  wallMs(): number
  /** Calls `action` once after `delayMs`; gives what takes it back. */
  after(delayMs: number, action: () => void): () => void
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Resolves after `delayMs`, or as soon as the signal aborts. */
export function wait(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(delayMs, done)
    signal.addEventListener('abort', done)
  })
}

/**
 * What `work` gives, or undefined once `timeoutMs` are over or `outer` has aborted: then the signal that `work` was given has
 * aborted, with a `TimeoutError` or with the reason of `outer`, and what it still gives is ignored. Rejects with what it rejects
 * with in time.
 */
export async function within<T>(
  clock: Clock,
  timeoutMs: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  if (outer.aborted) return undefined
  // Not AbortSignal.any(), of which Node.js 20 keeps a trace in `outer` for ever (nodejs/node#54614).
  const ending = new AbortController()
  const end = () => ending.abort(outer.reason)
  const endLate = () =>
    ending.abort(new DOMException(`not done within ${timeoutMs} ms`, 'TimeoutError'))
  const isOver = new Promise<undefined>((resolve) => {
    ending.signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  outer.addEventListener('abort', end)
  const cancel = clock.after(timeoutMs, endLate)
  try {
    const working = work(ending.signal).then((value) => ({ value }))
    // Nobody may be left to hear that it fails.
    working.catch(() => {})
    return await Promise.race([working, isOver])
  } finally {
    cancel()
    outer.removeEventListener('abort', end)
    end()
  }
}
