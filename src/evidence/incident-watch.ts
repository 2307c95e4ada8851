// Notices from the outside that an event loop is stuck, or that the manager was given up or gives no sign of life, and writes
// last words, once an incident. Runs in the probe actor's thread: the one that goes on when the others do not.
import { BeatWatch } from '../memory/beat-watch.js'
import { PHASE, PHASE_RUNNING } from '../memory/layout.js'
import { hasManagerFailed } from '../memory/manager-state.js'
import type { Region } from '../memory/region.js'
import type { SuspensionWatch } from '../memory/suspensions.js'
import { TableReader, type Watched, watch } from '../memory/table-reader.js'
import { HealthStatus } from '../model/health-status.js'
import type { Policy } from '../model/policy.js'
import type { ProbeStats } from '../model/probe-stats.js'
import { HealthReader } from '../runtime/health-reader.js'
import { type Cause, describeIncident, type Incident } from './incident.js'

/** How often it looks, in ms. */
const LOOK_MS = 250

const MANAGER_LOST: Cause = {
  kind: 'manager-lost',
  culprit:
    'health_runtime is degraded: the manager actor failed too often and was given up; statuses are the last that were applied',
}

const MANAGER_SILENT: Cause = {
  kind: 'manager-lost',
  culprit:
    'health_runtime is degraded: the manager actor gives no sign of life; statuses are the last that were applied',
}

export interface IncidentWatchOptions {
  readonly region: Region
  readonly policy: Policy
  readonly wedgeComponents: readonly string[]
  readonly suspensions?: SuspensionWatch | undefined
  readonly probes: () => ProbeStats
  /** Must not throw. */
  readonly write: (incident: Incident) => void
}

/** A component whose being unhealthy is an incident. */
interface Suspect {
  readonly component: Watched
  isWedged: boolean
}

export class IncidentWatch {
  readonly #options: IncidentWatchOptions
  readonly #reader: TableReader
  readonly #suspects: readonly Suspect[]
  /** Whoever was to say that the manager is lost may have been terminated, too. */
  readonly #beats: BeatWatch
  #isManagerLost = false

  constructor(options: IncidentWatchOptions) {
    const { region, wedgeComponents, suspensions } = options
    this.#options = options
    this.#reader = new TableReader(region, 0, { suspensions })
    this.#beats = new BeatWatch(region.words)
    this.#suspects = wedgeComponents.map((name) => ({ component: watch(name), isWedged: false }))
  }

  /** Looks from now on, as long as the thread lives, and does not keep it alive. */
  start(): void {
    setInterval(() => {
      try {
        this.look()
      } catch {
        // A thread that answers probes must not die of a look. There is another one soon.
      }
    }, LOOK_MS).unref()
  }

  /** Writes last words if something has happened since the last look. Costs next to nothing if not. */
  look(): void {
    const { words } = this.#options.region
    // Who stops is not stuck, and loses its manager on purpose.
    if (Atomics.load(words, PHASE) !== PHASE_RUNNING) return
    for (const suspect of this.#suspects) this.#lookAt(suspect)
    // Asked at each look, as it counts them.
    const isSilent = this.#beats.look() !== undefined
    const hasFailed = hasManagerFailed(words)
    const isManagerLost = isSilent || hasFailed
    if (isManagerLost && !this.#isManagerLost) this.#tell(hasFailed ? MANAGER_LOST : MANAGER_SILENT)
    this.#isManagerLost = isManagerLost
  }

  #lookAt(suspect: Suspect): void {
    const { component } = suspect
    const found = this.#reader.peek(component)
    // Not found beside a writing manager: the next look will tell.
    if (found === undefined) return
    const { status, message } = found
    const isWedged = status === HealthStatus.Unhealthy
    if (isWedged && !suspect.isWedged) {
      this.#tell({ kind: 'wedge', culprit: `${component.name} is unhealthy: ${message}` })
    }
    suspect.isWedged = isWedged
  }

  #tell(cause: Cause): void {
    const { region, policy, suspensions, probes, write } = this.#options
    // Of its own, and let go again: its copy of a large table is needed once.
    const reader = new HealthReader(region, policy, 0, { suspensions })
    write(describeIncident(cause, { region, policy, reader, probes: probes() }))
  }
}
