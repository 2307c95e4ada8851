// How threads end that have something open which would abort the process: closed first. At the host's own exit all of them are
// asked to, and their gates waited for, bounded. One hook for all, so that many servers are no leak of listeners. Host thread only.
import type { ActorExit } from '../runtime/actor-handle.js'
import type { ExitGate } from './exit-gate.js'

interface OpenThread {
  readonly gate: ExitGate
  /** How long an exit waits for it to close. */
  readonly waitMs: number
  readonly exited: Promise<ActorExit>
  /** Asks it to close; nobody will see the answer. */
  askToClose(): void
}

const openThreads = new Set<OpenThread>()

/** What there is of an ActorHandle to have it closed, to end it, or to leave it alone. */
interface ClosableActor {
  readonly exited: Promise<ActorExit>
  call(method: 'close', deadlineMs: number): Promise<unknown>
  unref(): void
  terminate(): Promise<void>
}

/**
 * Has an actor listen that is closed when the host exits, from before it listens until it has ended, for which the exit waits
 * `waitMs` at most. Ends it where it can't listen.
 */
export async function listenUntilExit<Bound>(
  actor: ClosableActor,
  gate: ExitGate,
  waitMs: number,
  listen: () => Promise<Bound>,
): Promise<Bound> {
  // Before it listens, since from then on a process that ends without this ends with code 134.
  const askToClose = () => void actor.call('close', waitMs).catch(() => {})
  closeAtExit({ gate, waitMs, exited: actor.exited, askToClose })
  try {
    return await listen()
  } catch (error) {
    await endClosed(actor, gate)
    throw error
  }
}

function closeAtExit(thread: OpenThread): void {
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

/** Ends the thread of an actor that was asked to close. */
export async function endClosed(actor: ClosableActor, gate: ExitGate): Promise<void> {
  gate.requestClose()
  if (gate.isOpen) {
    // It did not answer in time and may have something open, so to terminate it would abort the process. It is left to itself:
    // it can still close, and no longer keeps the process alive.
    actor.unref()
  } else {
    await actor.terminate()
  }
}
