// Notices that the process is about to end badly: an exception that nobody catches, an exit with another code than 0. For
// the main thread. Never changes how the process ends: whatever goes wrong in here stays in here.
import type { Cause } from './incident.js'

/** Is told before the process ends. */
export type Witness = (cause: Cause) => void

/** So long a program may take to end in order over an exception: one that it has survived for longer is not what it ends of. */
const SHUTDOWN_MS = 30_000

// All witnesses behind one pair of hooks, so that many servers are no leak of listeners.
const witnesses = new Set<Witness>()
/** The last exception that nobody has caught, as somebody who listens for it may end the process over it. */
let uncaught: { readonly cause: Cause; readonly atMs: number } | undefined
let isTold = false

/** Has it told until the function is called that it gives back. */
export function witnessFatalExit(witness: Witness): () => void {
  if (witnesses.size === 0) {
    process.on('uncaughtExceptionMonitor', onUncaught)
    process.on('exit', onExit)
  }
  witnesses.add(witness)
  return () => {
    if (!witnesses.delete(witness) || witnesses.size > 0) return
    process.off('uncaughtExceptionMonitor', onUncaught)
    process.off('exit', onExit)
    uncaught = undefined
    isTold = false
  }
}

function onUncaught(error: unknown, origin: string): void {
  const cause = causeOf(error, origin)
  uncaught = { cause, atMs: performance.now() }
  // With a listener the process goes on, unless that ends it.
  if (process.listenerCount('uncaughtException') === 0) tell(cause)
}

function onExit(code: number): void {
  if (code === 0 || isTold) return
  const last = uncaught
  const isRecent = last !== undefined && performance.now() - last.atMs < SHUTDOWN_MS
  const exit: Cause = { kind: 'exit', culprit: `exit with code ${code}` }
  tell({ ...(isRecent ? last.cause : exit), exitCode: code })
}

function tell(cause: Cause): void {
  isTold = true
  for (const witness of witnesses) {
    try {
      witness(cause)
    } catch {
      // The process ends with a code of its own, and there is nobody left to tell.
    }
  }
}

function causeOf(error: unknown, origin: string): Cause {
  const what = origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception'
  try {
    const stack =
      error instanceof Error && typeof error.stack === 'string' ? error.stack : undefined
    const culprit = `${what}: ${String(error)}`
    return { kind: 'uncaught-exception', culprit, ...(stack !== undefined && { stack }) }
  } catch {
    // What was thrown can be anything, also what throws when it is looked at.
    return { kind: 'uncaught-exception', culprit: what }
  }
}
