// What the metrics are made of, besides what the probe actor counts itself: the shared region, read without asking
// another thread. Probe actor's thread.
import type { TransitionCounts } from '../memory/slot-cache.js'
import type { Policy } from '../model/policy.js'
import type { Look } from '../runtime/health-reader.js'
import type { RuntimeStats } from '../runtime/stats.js'

/** The runtime's counters, and the sizes that some of them are to be held against. */
export interface RuntimeFigures extends RuntimeStats {
  /** Size of each mailbox. */
  readonly mailboxBytes: number
  /** Size of the payload heap. */
  readonly heapBytes: number
}

export interface MetricsSource {
  readonly policy: Policy
  /** Report and gates of one instant. @throws HealthError as ProbeReader.look */
  look(): Look
  /** How often a component of the last look has turned to each status; undefined if it is gone by now, or has no slot. */
  transitions(name: string): TransitionCounts | undefined
  runtime(): RuntimeFigures
}
