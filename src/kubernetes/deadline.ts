// Bounds what waits for the network: by a time of its own and by the caller's signal. In any thread.

/** What a bounded wait ends with when its time is over. Never leaves this folder. */
export class DeadlineError extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`)
    this.name = 'TimeoutError'
  }
}

/**
 * The result of `work`, whose signal aborts when `timeoutMs` are over, when the caller's signal does, and in the end, to
 * release what is still open. It settles in time even if `work` does not heed its signal.
 * @throws DeadlineError, the reason of the caller's signal, or what `work` throws.
 */
export async function withDeadline<T>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let onAbort: (() => void) | undefined
  const end = new Promise<never>((_, reject) => {
    const endWith = (reason: unknown) => {
      reject(reason)
      controller.abort(reason)
    }
    timer = setTimeout(() => endWith(new DeadlineError(timeoutMs)), timeoutMs)
    onAbort = () => endWith(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work(controller.signal), end])
  } finally {
    clearTimeout(timer)
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort)
    controller.abort()
  }
}
