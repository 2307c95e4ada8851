// How threads end that have something open which would abort the process: closed first. At the host's own exit all of them are
// asked to, and their gates waited for, bounded. One hook for all, so that many servers are no leak of listeners. Host thread only.
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
    thread.gate.requestExit()
    thread.askToClose()
  }
  for (const { gate, waitMs } of openThreads) gate.waitClosed(waitMs)
}

/** What there is of an ActorHandle to end it, or to leave it alone. */
interface EndableActor {
  unref(): void
  terminate(): Promise<void>
}

/** Ends the thread of an actor that was asked to close. */
export async function endClosed(actor: EndableActor, gate: ExitGate): Promise<void> {
  gate.requestClose()
  if (gate.isOpen) {
    // It did not answer in time and may have something open, so to terminate it would abort the process. It is left to itself:
    // it can still close, and no longer keeps the process alive.
    actor.unref()
  } else {
    await actor.terminate()
  }
}
