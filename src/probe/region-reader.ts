// What the probe actor reads: verdicts from the shared region, without a mailbox of its own. Probe actor's thread.
import {
  MAX_SUPPRESSION_MS,
  PHASE,
  PHASE_STOPPED,
  READINESS_SEEN,
  WORD_BYTES,
} from '../memory/layout.js'
import { Patience } from '../memory/patience.js'
import { openRegion, type Region } from '../memory/region.js'
import type { TransitionCounts } from '../memory/slot-cache.js'
import { readSuppressions } from '../memory/suppressions.js'
import type { SuspensionWatch } from '../memory/suspensions.js'
import { stopped } from '../model/errors.js'
import type { Policy } from '../model/policy.js'
import type { Suppressions } from '../model/suppression.js'
import type { HealthHandle } from '../runtime/health-handle.js'
import { HealthReader, type Look } from '../runtime/health-reader.js'
import { readStats } from '../runtime/stats.js'
import { keepWatch } from '../watch/keep-watch.js'
import type { ExitGate } from './exit-gate.js'
import type { MetricsSource, RuntimeFigures } from './metrics-source.js'
import type { ProbeReader } from './routes.js'

/** How often a thread of its own looks whether the manager lives, in ms. */
const MANAGER_LOOK_MS = 250

export class RegionReader implements ProbeReader, MetricsSource {
  readonly #region: Region
  readonly policy: Policy
  readonly #reader: HealthReader
  readonly #gate: ExitGate
  readonly suspensions: SuspensionWatch | undefined
  #hastyReader: HealthReader | undefined

  /**
   * `readTimeoutMs` bounds how long a read waits for reports that are published but not applied, and its {@link Patience}
   * how long all do; once the host is closing by its `gate`, none waits. With `keepsWatch`, for a thread of its own, this one
   * becomes a watcher for suspensions, and knows of a manager that is silent whether it is asked or not.
   * @throws HealthError `ERR_HEALTH_LAYOUT` if the handle is of another version.
   */
  constructor(handle: HealthHandle, readTimeoutMs: number, gate: ExitGate, keepsWatch = false) {
    this.#region = openRegion(handle.region)
    this.policy = handle.policy
    this.#gate = gate
    this.suspensions = keepsWatch ? keepWatch(this.#region.words) : undefined
    this.#reader = new HealthReader(this.#region, handle.policy, readTimeoutMs, {
      suspensions: this.suspensions,
      patience: new Patience(readTimeoutMs),
    })
    if (keepsWatch) setInterval(() => this.#reader.watchManager(), MANAGER_LOOK_MS).unref()
  }

  look(): Look {
    this.#checkNotStopped()
    return this.#chooseReader().look()
  }

  suppressions(): Suppressions {
    return readSuppressions(this.#region, this.#chooseReader().startUp())
  }

  transitions(name: string): TransitionCounts | undefined {
    return this.#chooseReader().transitions(name)
  }

  runtime(): RuntimeFigures {
    const { mailboxWords, heapWords } = this.#region.layout
    return {
      ...readStats(this.#region, [], this.#chooseReader().startUp()),
      mailboxBytes: mailboxWords * WORD_BYTES,
      heapBytes: heapWords * WORD_BYTES,
    }
  }

  get maxSuppressionMs(): number {
    return this.#region.words[MAX_SUPPRESSION_MS]! || Number.POSITIVE_INFINITY
  }

  /** Whether readiness has passed since the start of the runtime. After a look, of all that this look shows and what came before. */
  hasBeenReady(): boolean {
    // Pairs with ReadinessWatch, which stores it before the next record is applied.
    return Atomics.load(this.#region.words, READINESS_SEEN) === 1
  }

  /**
   * An exiting host waits for this thread's loop, and only for so long. Requests that have arrived before its `close`
   * are answered first, one after another; if each of them waited, two hundred would use that time up.
   */
  #chooseReader(): HealthReader {
    if (!this.#gate.isClosing) return this.#reader
    const { suspensions } = this
    this.#hastyReader ??= new HealthReader(this.#region, this.policy, 0, { suspensions })
    return this.#hastyReader
  }

  /**
   * While the runtime drains, probes are answered as before; what it held when it had stopped is nobody's state any
   * more. A server in another thread than the runtime's own may outlive it.
   */
  #checkNotStopped(): void {
    if (Atomics.load(this.#region.words, PHASE) === PHASE_STOPPED) {
      throw stopped()
    }
  }
}
