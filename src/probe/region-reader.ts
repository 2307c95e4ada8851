// What the probe actor reads: verdicts from the shared region, without a mailbox of its own. Probe actor's thread.
import { PHASE, PHASE_STOPPED } from '../memory/layout.js'
import { openRegion, type Region } from '../memory/region.js'
import { HealthError } from '../model/errors.js'
import type { HealthHandle } from '../runtime/health-manager.js'
import { HealthReader, type Verdict } from '../runtime/health-reader.js'
import type { ProbeReader } from './routes.js'

export class RegionReader implements ProbeReader {
  readonly #region: Region
  readonly #reader: HealthReader

  /**
   * `readTimeoutMs` bounds how long a read waits for reports that are published but not applied.
   * @throws HealthError `ERR_HEALTH_LAYOUT` if the handle is of another version.
   */
  constructor(handle: HealthHandle, readTimeoutMs: number) {
    this.#region = openRegion(handle.region)
    this.#reader = new HealthReader(this.#region, handle.policy, readTimeoutMs)
  }

  checkLiveness(): Verdict {
    this.#checkNotStopped()
    return this.#reader.checkLiveness()
  }

  checkReadiness(): Verdict {
    this.#checkNotStopped()
    return this.#reader.checkReadiness()
  }

  /**
   * While the runtime drains, probes are answered as before; what it held when it had stopped is nobody's state any
   * more. A server in another thread than the runtime's own may outlive it.
   */
  #checkNotStopped(): void {
    if (Atomics.load(this.#region.words, PHASE) === PHASE_STOPPED) {
      throw new HealthError('ERR_HEALTH_STOPPED', 'the runtime is stopped')
    }
  }
}
