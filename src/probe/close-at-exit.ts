// What the host's own exit does with threads that have something open: asks all of them to close and waits, bounded, for their
// gates. One hook for all, so that many servers are no leak of listeners. Host thread only.
import type { ActorExit } from '../runtime/actor-handle.js'
import type { ExitGate } from './exit-gate.js'

export interface OpenThread {
  readonly gate: ExitGate
  /** How long an exit waits for it to close. */
  readonly waitMs: number
  readonly exited: Promise<ActorExit>
  /** Asks it to close; nobody will see the answer. */
  askToClose(): void
}

const openThreads = new Set<OpenThread>()

/** Has a thread closed when the host exits, until it has ended. */
export function closeAtExit(thread: OpenThread): void {
  if (openThreads.size === 0) process.on('exit', closeAll)
  openThreads.add(thread)
  void thread.exited.then(() => {
    openThreads.delete(thread)
    if (openThreads.size === 0) process.off('exit', closeAll)
  })
}

function closeAll(): void {
  for (const thread of openThreads) {
    thread.gate.requestClose()
    thread.askToClose()
  }
  for (const { gate, waitMs } of openThreads) gate.waitClosed(waitMs)
}
