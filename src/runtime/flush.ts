// Waits, without blocking its thread, until all that the thread has published is applied.
import { APPLIED_SEQUENCE, APPLY_WAITERS } from '../memory/layout.js'
import { HealthError } from '../model/errors.js'
import type { Attachment } from './attachment.js'

/** Looks again this often, in ms, should the wake be lost with its manager. */
const SLICE_MS = 20

/** @throws HealthError `ERR_HEALTH_UNAVAILABLE` if the manager applies nothing for `timeoutMs`. */
export async function flush(attachment: Attachment, timeoutMs: number): Promise<void> {
  const { words } = attachment
  // A pending waitAsync does not keep the process alive; what was reported must be applied all the same.
  const keepAlive = setInterval(() => {}, 1 << 30)
  try {
    let deadline = performance.now() + timeoutMs
    let backlog = attachment.backlog()
    while (backlog > 0) {
      const sequence = Atomics.load(words, APPLIED_SEQUENCE)
      Atomics.add(words, APPLY_WAITERS, 1)
      // Pairs with Drain.#settle, as in AppliedWait.
      if (attachment.backlog() === 0) return
      const wait = Atomics.waitAsync(words, APPLIED_SEQUENCE, sequence, SLICE_MS)
      if (wait.async) await wait.value
      const left = attachment.backlog()
      const now = performance.now()
      if (left < backlog) deadline = now + timeoutMs
      else if (now > deadline) {
        throw new HealthError(
          'ERR_HEALTH_UNAVAILABLE',
          `publishTimeoutMs=${timeoutMs}: the manager applies nothing, depthBytes=${left}`,
        )
      }
      backlog = left
    }
  } finally {
    clearInterval(keepAlive)
  }
}
