// Whether the manager's thread has fallen silent although nobody has said so: the thread that supervised it was terminated,
// or its loop is blocked. Belongs to one reader, which asks at each of its looks; costs it a few loads.
import {
  MANAGER_BEAT,
  MANAGER_RESTARTING,
  MANAGER_RUNNING,
  MANAGER_STATE,
  PHASE,
  PHASE_RUNNING,
  type Words,
} from './layout.js'

/** A manager beats at least four times a second, parked or not: so much time without a beat is no accident. */
const SILENCE_MS = 5_000
/**
 * What the time between two looks counts for at most. In it the whole process may have been stopped, and the look after it
 * may come before the manager's next beat: one such gap is no evidence, so several looks must meet the same beat.
 */
const MAX_GAP_MS = 1_000
/** The beat of a region in which no manager has run yet, or whose managers have died as soon as they ran. */
const NO_BEAT = 0
const NEVER = -1

export class BeatWatch {
  readonly #words: Words
  #beat = NO_BEAT
  #silentMs = 0
  /** Of the last look that met the same beat as the one before it. */
  #lookedAt = NEVER
  #silentSince: number | undefined

  constructor(words: Words) {
    this.#words = words
  }

  /** Epoch ms of the first look that missed a beat, if so many have missed it since; undefined while the manager lives. */
  look(): number | undefined {
    const beat = Atomics.load(this.#words, MANAGER_BEAT)
    if (beat !== this.#beat || beat === NO_BEAT) {
      this.#beat = beat
      this.#silentMs = 0
      this.#lookedAt = NEVER
      this.#silentSince = undefined
      return undefined
    }
    const now = performance.now()
    if (this.#lookedAt !== NEVER) this.#silentMs += Math.min(now - this.#lookedAt, MAX_GAP_MS)
    this.#lookedAt = now
    this.#silentSince ??= Date.now()
    return this.#silentMs >= SILENCE_MS && this.#isExpected() ? this.#silentSince : undefined
  }

  /** Not of a manager that was stopped, or given up, which is told otherwise. Pairs with Supervisor.#setState and stop. */
  #isExpected(): boolean {
    const state = Atomics.load(this.#words, MANAGER_STATE)
    if (state !== MANAGER_RUNNING && state !== MANAGER_RESTARTING) return false
    return Atomics.load(this.#words, PHASE) === PHASE_RUNNING
  }
}
