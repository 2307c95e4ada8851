// Whether there is still a manager to wait for. Any thread may ask; the supervisor alone writes the word.
import { MANAGER_FAILED, MANAGER_STATE, type Words } from './layout.js'

/** True once the supervisor has given the manager up: nothing is applied any more until the stop. */
export function hasManagerFailed(words: Words): boolean {
  // Pairs with Supervisor.#setState. Stays as it is until the stop, so whoever looks at each turn of a wait sees it at last.
  return Atomics.load(words, MANAGER_STATE) === MANAGER_FAILED
}
