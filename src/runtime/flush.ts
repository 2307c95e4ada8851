// Waits, without blocking its thread, until all that the thread has published is applied.
import { AppliedListener } from '../memory/applied-listener.js'
import { hasManagerFailed } from '../memory/manager-state.js'
import { HealthError } from '../model/errors.js'
import type { Attachment } from './attachment.js'

/** Looks again this often, in ms, should the wake be lost with its manager. */
const SLICE_MS = 20

/** @throws HealthError `ERR_HEALTH_UNAVAILABLE` if the manager applies nothing for `timeoutMs`, or was given up. */
export async function flush(attachment: Attachment, timeoutMs: number): Promise<void> {
  const { words } = attachment
  const listener = new AppliedListener(words)
  // A pending waitAsync does not keep the process alive; what was reported must be applied all the same.
  const keepAlive = setInterval(() => {}, 1 << 30)
  try {
    let deadline = performance.now() + timeoutMs
    let backlog = attachment.backlog()
    while (backlog > 0) {
      const heard = listener.listen()
      if (attachment.backlog() === 0) return
      if (hasManagerFailed(words)) {
        throw new HealthError(
          'ERR_HEALTH_UNAVAILABLE',
          `the manager actor was given up: only the stop applies what is left, depthBytes=${attachment.backlog()}`,
        )
      }
      await listener.changed(heard, SLICE_MS)
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
