// Whose a mailbox is: who attaches claims one, it or whoever watches over its thread abandons it, and the manager frees it when
// it is drained.
import { ring } from '../memory/applied-wait.js'
import {
  MAILBOX_ABANDONED,
  MAILBOX_FREE,
  MAILBOX_HIGH_WATER,
  MAILBOX_OWNER,
  PHASE,
  PHASE_RUNNING,
  type Words,
} from '../memory/layout.js'
import { mailboxHeader } from '../memory/mailbox.js'
import type { Region } from '../memory/region.js'
import { HealthError, stopped } from '../model/errors.js'

/** What MAILBOX_OWNER holds while this thread has the mailbox. No two threads of a process ever have the same id. */
export function ownerWord(threadId: number): number {
  return threadId + 1
}

/**
 * A free mailbox, which belongs to this thread from now on; gives its index.
 * @throws HealthError `ERR_HEALTH_CAPACITY` if there is none, `ERR_HEALTH_STOPPED` after the stop.
 */
export function claimMailbox(region: Region, threadId: number): number {
  const { words, layout } = region
  // Pairs with Supervisor.stop. If that comes after this look, the mailbox is closed, now or under its first record.
  if (Atomics.load(words, PHASE) !== PHASE_RUNNING) throw stopped()
  for (let index = 0; index < layout.maxThreads; index++) {
    const owner = mailboxHeader(region, index) + MAILBOX_OWNER
    // Pairs with Drain.#reclaim, which frees a mailbox only when it is drained.
    if (Atomics.compareExchange(words, owner, MAILBOX_FREE, ownerWord(threadId)) !== MAILBOX_FREE)
      continue
    // Before the first publication, so that every collect and every noteTails from then on looks at this mailbox.
    raiseHighWater(words, index + 1)
    return index
  }
  throw new HealthError(
    'ERR_HEALTH_CAPACITY',
    `maxThreads=${layout.maxThreads}: every mailbox is taken`,
  )
}

/** Pairs with the looks of Drain.#collect and AppliedWait.note, which go no further. */
function raiseHighWater(words: Words, count: number): void {
  for (;;) {
    const known = Atomics.load(words, MAILBOX_HIGH_WATER)
    if (known >= count) return
    if (Atomics.compareExchange(words, MAILBOX_HIGH_WATER, known, count) === known) return
  }
}

/** Marks a mailbox whose thread is gone, or has let go of it. What it has accepted is still applied. */
export function abandonMailbox(region: Region, index: number, threadId: number): void {
  const { words } = region
  const owner = mailboxHeader(region, index) + MAILBOX_OWNER
  if (Atomics.load(words, owner) !== ownerWord(threadId)) return
  // A thread that was killed while it attached may not have come to this; the manager frees no mailbox beyond.
  raiseHighWater(words, index + 1)
  // Behind the last publication. Pairs with Drain.#reclaim: a mailbox that is empty after this stays so.
  Atomics.compareExchange(words, owner, ownerWord(threadId), MAILBOX_ABANDONED)
}

/** Abandons every mailbox of a thread that has ended. */
export function abandonMailboxesOf(region: Region, threadId: number): void {
  for (let index = 0; index < region.layout.maxThreads; index++) {
    abandonMailbox(region, index, threadId)
  }
  ring(region.words)
}
