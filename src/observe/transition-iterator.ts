// The journal as an async iterator, for whoever wants to pull transitions rather than be called. In the caller's thread.
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { AppliedListener } from '../memory/applied-listener.js'
import { JournalReader } from '../memory/journal.js'
import type { Region } from '../memory/region.js'
import { checkOptions } from '../model/arguments.js'
import { argumentError } from '../model/errors.js'
import type { Gap, Transition } from '../model/transition.js'
import { LOOK_MS, REST_MS } from './observe-loop.js'

export interface TransitionsOptions {
  /**
   * Where to begin: `'now'`, the default, is behind all that was reported before the call; `'oldest'` with the oldest that is
   * kept; a number with the transition of that number, told as missed as far as it is not kept any more.
   */
  from?: 'now' | 'oldest' | number
  /** Ends it: what waits, or is asked for next, rejects with the signal's reason. */
  signal?: AbortSignal
}

/** Transitions in a row, before the loop's other work has its turn. */
const READS_A_TURN = 256

/** @throws HealthError `ERR_HEALTH_ARGUMENT` */
export function checkTransitionsOptions(
  options: TransitionsOptions,
): Required<Pick<TransitionsOptions, 'from'>> & { signal: AbortSignal | undefined } {
  checkOptions(options, 'options', ['from', 'signal'])
  const { from = 'now', signal } = options
  const isNumber = typeof from === 'number' && Number.isSafeInteger(from) && from >= 1
  if (from !== 'now' && from !== 'oldest' && !isNumber) {
    throw argumentError('from', from, "must be 'now', 'oldest' or a transition's number")
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw argumentError('signal', signal, 'must be an AbortSignal')
  }
  return { from, signal }
}

export interface IteratorSource {
  readonly region: Region
  readonly from: 'now' | 'oldest' | number
  readonly signal: AbortSignal | undefined
  /** Whether nothing that concerns this iterator is journaled any more. */
  isOver(): boolean
}

/** Begins where it is called, not where the first transition is asked for. */
export function iterateTransitions(
  source: IteratorSource,
): AsyncIterableIterator<Transition | Gap, undefined> {
  const { region, from, signal } = source
  const listener = new AppliedListener(region.words)
  const state = { isReturned: false }
  const transitions = read(source, new JournalReader(region, from), listener, state)
  const wake = () => listener.wakeAll()
  const finish = () => signal?.removeEventListener('abort', wake)
  signal?.addEventListener('abort', wake, { once: true })
  return {
    async next() {
      try {
        const result = await transitions.next()
        if (result.done === true) finish()
        return result
      } catch (error) {
        finish()
        throw error
      }
    },
    /** Also ends a `next` that is under way: a generator alone would wait for it. */
    async return() {
      state.isReturned = true
      finish()
      listener.wakeAll()
      await transitions.return(undefined)
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

async function* read(
  { signal, isOver }: IteratorSource,
  journal: JournalReader,
  listener: AppliedListener,
  state: { readonly isReturned: boolean },
): AsyncGenerator<Transition | Gap, undefined> {
  let heard: number | undefined
  let readCount = 0
  while (!state.isReturned) {
    signal?.throwIfAborted()
    // Before the look at the journal, which is complete by then.
    const wasOver = isOver()
    const next = journal.next()
    if (next !== undefined) {
      heard = undefined
      if (++readCount % READS_A_TURN === 0) await nextTurn()
      yield next
    } else if (wasOver) {
      return
    } else if (heard === undefined) {
      // Looks once more: what is journaled from here on wakes.
      heard = listener.listen()
    } else {
      await delay(REST_MS, undefined, { ref: false })
      await listener.changed(heard, LOOK_MS)
      heard = undefined
    }
  }
}
