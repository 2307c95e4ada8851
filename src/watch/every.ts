// A watch's rhythm.
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Calls `check` at once, and then `intervalMs` after each time it is done, until the signal aborts or `check` says that it
 * is not to go on. The timer does not keep the process alive. Rejects with what `check` throws.
 */
export async function checkEvery(
  intervalMs: number,
  signal: AbortSignal | undefined,
  check: () => boolean | Promise<boolean>,
): Promise<void> {
  while (!signal?.aborted && (await check())) {
    try {
      await delay(intervalMs, undefined, { ref: false, ...(signal && { signal }) })
    } catch {
      // Aborted: the only way for a wait to fail.
    }
  }
}
