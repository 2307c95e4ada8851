// The queue worker's logic: loads the observer's module, reads the journal from the cursor on, calls the observer. In the
// worker's thread; nothing of it waits for its host, so observers go on while the host's loop is blocked.
import type { MessagePort } from 'node:worker_threads'
import { AppliedListener } from '../memory/applied-listener.js'
import { ObserverCounters } from '../memory/observer-counters.js'
import { openRegion, type Region } from '../memory/region.js'
import { argumentError, HealthError } from '../model/errors.js'
import type { Gap, Transition } from '../model/transition.js'
import type { ActorReply } from '../runtime/actor-protocol.js'
import { type ErrorEnvelope, toEnvelope } from '../runtime/error-envelope.js'
import type { HealthHandle } from '../runtime/health-handle.js'
import { HealthManager } from '../runtime/health-manager.js'
import { CountedBooks } from './delivery-books.js'
import { type CallOutcome, type DeliveryBooks, Dispatcher } from './dispatcher.js'
import { FaultTeller } from './fault-teller.js'
import { looseTimers, observe } from './observe-loop.js'
import type { CallSettings, GapObserver, TransitionObserver } from './observer-options.js'
import { ObserverProgress } from './observer-progress.js'
import { observersOf } from './observers.js'
import { type OwnTerm, TermJournal } from './term-journal.js'

/** What the worker needs to load its observer. */
export interface ObserverBoot {
  readonly handle: HealthHandle
  /** Of the module. */
  readonly url: string
  readonly progress: SharedArrayBuffer
  readonly beatMs: number
}

/** What it is to read, from the cursor in its progress on. */
export interface ObserverOrder extends CallSettings {
  readonly term: OwnTerm
  readonly soloUpTo: number
}

/** What the worker says unasked. */
export type ObserverMessage =
  | { readonly kind: 'ended' }
  | { readonly kind: 'fault'; readonly error: ErrorEnvelope }

interface Loaded {
  readonly region: Region
  readonly health: HealthManager
  readonly progress: ObserverProgress
  readonly observer: TransitionObserver
  readonly onGap: GapObserver | undefined
}

export class QueueWorker {
  readonly #port: MessagePort
  #loaded: Loaded | undefined

  constructor(port: MessagePort) {
    this.#port = port
  }

  /** Imports the module. What fails is a value: an error loses its code on the way. */
  async load(boot: ObserverBoot): Promise<ActorReply> {
    try {
      const { observer, onGap } = await importObserver(boot.url)
      const health = HealthManager.attach(boot.handle)
      const progress = new ObserverProgress(boot.progress)
      this.#loaded = { region: openRegion(boot.handle.region), health, progress, observer, onGap }
      health.on('error', (error) => this.#tell(error))
      progress.beat()
      setInterval(() => progress.beat(), boot.beatMs)
      return { ok: true, value: undefined }
    } catch (error) {
      return { ok: false, error: toEnvelope(error) }
    }
  }

  /** Returns at once; says so when the last transition of the term is done with. */
  begin(order: ObserverOrder): void {
    if (this.#loaded === undefined) throw new Error('no observer is loaded')
    // An error in here must end the thread, so that its host starts another: a rejection nobody handles does.
    void this.#run(this.#loaded, order)
  }

  async #run({ region, health, progress, observer, onGap }: Loaded, order: ObserverOrder) {
    const { term, timeoutMs } = order
    const { cursor } = progress
    const counters = new ObserverCounters(region.words, term.ticket)
    const teller = new FaultTeller(
      (message, cause) => this.#tell(new HealthError('ERR_HEALTH_OBSERVER', message, { cause })),
      () => performance.now(),
    )
    const dispatcher = new Dispatcher(
      new TermJournal(region, term, cursor, () => progress.limit),
      {
        transition: (transition) => observer(transition, health),
        gap: (gap) => onGap?.(gap, health),
      },
      new ProgressBooks(
        progress,
        new CountedBooks(counters, teller, timeoutMs, onGap !== undefined),
      ),
      looseTimers,
      { ...order, cursor },
    )
    await observe(dispatcher, new AppliedListener(region.words), () =>
      counters.doneUpTo(dispatcher.cursor),
    )
    // Observers that this one has set run in this thread.
    await observersOf(health)?.allEnded(() => progress.limit)
    await health.stop()
    this.#say({ kind: 'ended' })
  }

  #tell(error: HealthError): void {
    this.#say({ kind: 'fault', error: toEnvelope(error) })
  }

  #say(message: ObserverMessage): void {
    this.#port.postMessage(message)
  }
}

/** @throws HealthError `ERR_HEALTH_ARGUMENT` if the module can't be loaded, or has no observer. */
async function importObserver(
  url: string,
): Promise<{ observer: TransitionObserver; onGap: GapObserver | undefined }> {
  let module: Record<string, unknown>
  try {
    module = await import(url)
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause)
    throw argumentError('observer', url, `the module can't be loaded: ${what}`, { cause })
  }
  const { default: observer, onGap } = module
  if (typeof observer !== 'function') {
    throw argumentError('observer', url, 'the default export of the module must be a function')
  }
  if (onGap !== undefined && typeof onGap !== 'function') {
    throw argumentError('observer', url, 'onGap of the module must be a function')
  }
  // What is called with too much, or gives too much, is the module's affair.
  return { observer: observer as TransitionObserver, onGap: onGap as GapObserver | undefined }
}

/** Tells the host, too, how far the calls are: before each one and after it. */
class ProgressBooks implements DeliveryBooks {
  readonly #progress: ObserverProgress
  readonly #books: DeliveryBooks

  constructor(progress: ObserverProgress, books: DeliveryBooks) {
    this.#progress = progress
    this.#books = books
  }

  starting(number: number): void {
    this.#progress.started = number
  }

  startingGap(upTo: number): void {
    this.#progress.gapEnd = upTo
  }

  ended(transition: Transition, outcome: CallOutcome): void {
    this.#books.ended(transition, outcome)
  }

  endedGap(gap: Gap, outcome: CallOutcome): void {
    this.#books.endedGap(gap, outcome)
  }

  doneUpTo(number: number): void {
    this.#progress.cursor = number
    this.#books.doneUpTo(number)
  }
}
