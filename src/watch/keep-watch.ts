// Makes this thread a watcher for suspensions of the process. For threads that never block for long.
import type { Words } from '../memory/layout.js'
import { SuspensionWatch, WATCH_MS } from '../memory/suspensions.js'
import { nowTicks } from '../memory/ticks.js'

/** Watches as long as the thread lives, and does not keep it alive. */
export function keepWatch(words: Words): SuspensionWatch {
  const watch = new SuspensionWatch(words, nowTicks())
  setInterval(() => watch.tick(nowTicks()), WATCH_MS).unref()
  return watch
}
