// Keeps a dispatcher going on an event loop, from the first transition of its observer to the last. In the observer's thread.
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import type { AppliedListener } from '../memory/applied-listener.js'
import type { Dispatcher, Timers } from './dispatcher.js'

/** Calls before the loop's other work has its turn. */
const CALLS_A_TURN = 64
/** Looks this often at least, in ms, should a wake be lost with its manager. */
export const LOOK_MS = 250
/** Between two wakes, in ms: not everything that is applied is a transition. */
export const REST_MS = 1

/** Timers that do not keep the process alive. */
export const looseTimers: Timers = {
  start(ms, callback) {
    const timer = setTimeout(callback, ms).unref()
    return () => clearTimeout(timer)
  },
}

/** Resolves when the dispatcher has come to its end. `onIdle` is called where there is nothing to do for now. */
export async function observe(
  dispatcher: Dispatcher,
  listener: AppliedListener,
  onIdle: () => void,
): Promise<void> {
  let heard: number | undefined
  for (;;) {
    const outcome = await dispatcher.run(CALLS_A_TURN)
    if (outcome === 'ended') return
    if (outcome === 'more') {
      heard = undefined
      await nextTurn()
    } else if (heard === undefined) {
      // Looks once more: what is journaled from here on wakes.
      heard = listener.listen()
    } else {
      onIdle()
      await delay(REST_MS, undefined, { ref: false })
      await listener.changed(heard, LOOK_MS)
      heard = undefined
    }
  }
}
