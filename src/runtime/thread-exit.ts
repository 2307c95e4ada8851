// What a worker thread does last, when it ends by itself: by its end, an uncaught error or process.exit(). One that is
// terminated from outside runs none of it.
import { isMainThread } from 'node:worker_threads'

const actions = new Set<() => void>()
let isListening = false

/**
 * Has `action` run when this thread ends; gives what takes it back. In the main thread nothing: all others end with it.
 * One listener for all, as a thread may attach often, and Node.js warns of many.
 */
export function onThreadExit(action: () => void): () => void {
  if (isMainThread) return () => {}
  if (!isListening) process.once('exit', runAll)
  isListening = true
  actions.add(action)
  return () => actions.delete(action)
}

function runAll(): void {
  for (const action of actions) action()
}
