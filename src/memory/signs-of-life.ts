// What reporters store to show that a component lives, and that it gets on; OverlayLook is the reader. Any thread that reports
// the component.
import {
  PROGRESS_IN,
  PROGRESS_IN_AT_OUTPUT,
  PROGRESS_OUT,
  PROGRESS_PENDING_SINCE,
  type Words,
} from './layout.js'

/** Pairs with the load in OverlayLook.take. `index` is that of the slot's beat. */
export function storeBeat(words: Words, index: number, now: number): void {
  Atomics.store(words, index, now | 0)
}

/**
 * Input and output so far, of which the low words are kept; `first` is the first word of the slot's progress. Pairs with the
 * loads in OverlayLook. Whether input waits is stored first: a thread that is killed behind that leaves counts that the next
 * call finds moved, and so does the same again.
 */
export function storeProgress(
  words: Words,
  first: number,
  inCount: number,
  outCount: number,
  now: number,
): void {
  const input = inCount | 0
  const output = outCount | 0
  const pending = first + PROGRESS_PENDING_SINCE
  if (Atomics.load(words, first + PROGRESS_OUT) !== output) {
    Atomics.store(words, pending, 0)
    Atomics.store(words, first + PROGRESS_IN, input)
    Atomics.store(words, first + PROGRESS_IN_AT_OUTPUT, input)
    Atomics.store(words, first + PROGRESS_OUT, output)
  } else if (Atomics.load(words, first + PROGRESS_IN) !== input) {
    if (Atomics.load(words, pending) === 0) Atomics.store(words, pending, now | 0 || 1)
    Atomics.store(words, first + PROGRESS_IN, input)
  }
}
