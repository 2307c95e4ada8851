// What a runtime tells its program unasked: that an actor was restarted, and that something failed which no call of the
// program could be thrown at. Belongs to the thread that started the runtime.
import { EventEmitter } from 'node:events'
import { argumentError, type HealthError, show } from '../model/errors.js'

/** An actor has died, and runs again. */
export interface RestartEvent {
  actor: string
  /** Restarts of this actor since the start. */
  restarts: number
  /** Of the thread that died. */
  exitCode: number
  /** What it died of, if it was an error that it did not catch. */
  error: Error | undefined
}

export class RuntimeEvents {
  readonly #emitter = new EventEmitter()

  on(event: 'error' | 'restart', listener: (argument: never) => void): void {
    if (event !== 'error' && event !== 'restart') {
      throw argumentError('event', event, "must be 'error' or 'restart'")
    }
    if (typeof listener !== 'function') {
      throw argumentError('listener', listener, 'must be a function')
    }
    this.#emitter.on(event, listener as (argument: unknown) => void)
  }

  restarted(event: RestartEvent): void {
    this.#emit('restart', event)
  }

  /** Without a listener an error becomes a process warning: nothing fails silently. */
  failed(error: HealthError): void {
    if (this.#emitter.listenerCount('error') > 0) this.#emit('error', error)
    else process.emitWarning(error)
  }

  /** Listeners are user code: what one throws is told, and stops nothing. */
  #emit(event: 'error' | 'restart', argument: unknown): void {
    try {
      this.#emitter.emit(event, argument)
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : new Error(show(error)))
    }
  }
}
