// What `stats()` returns. All figures live in the shared region, so they outlive every actor.

import { readCutCount } from '../memory/control.js'
import { journalCount } from '../memory/journal.js'
import {
  APPLIED_COUNT,
  CLOSED_BIT,
  COMPONENT_COUNT,
  CUT_COUNT,
  HEAP_USED_BYTES,
  IGNORED_COUNT,
  JOURNAL_GAPS,
  MAILBOX_CUTS,
  MAILBOX_FREE,
  MAILBOX_HEAD,
  MAILBOX_HIGH_WATER,
  MAILBOX_IGNORED,
  MAILBOX_OWNER,
  MAILBOX_REFUSALS,
  MAILBOX_TAIL,
  MAILBOX_WAITS,
  MANAGER_RESTARTS,
  MANAGER_STATE,
  STALE_READS,
  SUPERSEDED_COUNT,
  WORD_BYTES,
} from '../memory/layout.js'
import { mailboxHeader } from '../memory/mailbox.js'
import { type ObserverStats, readObserverStats } from '../memory/observer-counters.js'
import type { Region } from '../memory/region.js'
import { readSuppressions } from '../memory/suppressions.js'
import { NO_PROBES, type ProbeStats } from '../model/probe-stats.js'
import type { StartUp } from '../model/start-up.js'
import type { Suppressions } from '../model/suppression.js'

export type ActorState = 'running' | 'restarting' | 'failed' | 'stopped'

/** One actor thread as the supervisor sees it. */
export interface ActorStats {
  /** `manager`, `probe` for a probe server, `grpc` for its gRPC port, `heartbeat` for a reporter, or `observer` for the queue worker of a module. */
  readonly name: string
  /** `failed`: restarted too often and given up. */
  readonly state: ActorState
  /** Restarts since the start. */
  readonly restarts: number
}

/** One attachment's mailbox; its counters go on when it passes from one thread to the next. */
export interface MailboxStats {
  readonly index: number
  /** `threadId` of the attached thread. */
  readonly threadId: number
  /** Bytes published and not applied yet. */
  readonly depthBytes: number
  /** How often the thread had to wait for room. */
  readonly waits: number
  /** Updates refused with `ERR_HEALTH_BACKPRESSURE`. */
  readonly refusals: number
  /** Updates and deregistrations of names that were not registered. */
  readonly ignored: number
}

/** A snapshot of the runtime's counters. Counters count from the start of the runtime and wrap at 2^32. */
export interface RuntimeStats {
  /** Components registered now. */
  readonly components: number
  /** Transitions journaled. */
  readonly transitions: number
  /** How often a reader of the transitions was lapped and told of a gap, whatever it had missed. */
  readonly journalGaps: number
  /** Records applied, of every kind. */
  readonly applied: number
  /** Updates and deregistrations of components that were not registered, by name or by an outdated reporter. */
  readonly ignored: number
  /** Records that a concurrent one with a later ticket had overwritten before they arrived. */
  readonly superseded: number
  /** Messages and metadata cut to `maxPayloadBytes` or to the room left. */
  readonly truncated: number
  /** Reads that were answered with the last applied state because the manager did not apply in time. */
  readonly staleReads: number
  /** Waits for room in a full mailbox, of all attachments. */
  readonly waits: number
  /** Updates refused with `ERR_HEALTH_BACKPRESSURE`, of all attachments. */
  readonly refusals: number
  /** Bytes of the payload heap in use. */
  readonly heapUsedBytes: number
  readonly observer: ObserverStats
  /** The suppressions that hold now. */
  readonly suppressions: Suppressions
  /** Calls that asked for a longer suppression than `maxSuppressionMs` leaves them. */
  readonly suppressionCuts: number
  /**
   * What the probe servers that were made with this instance have answered. Where a probe actor does not answer within 500 ms,
   * what it said last.
   */
  readonly probes: ProbeStats
  readonly mailboxes: readonly MailboxStats[]
  readonly actors: readonly ActorStats[]
}

/** In the order of the numbers that stand for them in shared memory. */
export const ACTOR_STATES: readonly ActorState[] = ['running', 'restarting', 'failed', 'stopped']

/**
 * Any thread; `others` are the probe actors and queue workers that it knows of, `startUp` how a program gets on that has
 * never been ready, `probes` what the probe actors have told.
 */
export function readStats(
  region: Region,
  others: readonly ActorStats[],
  startUp: StartUp | undefined,
  probes = NO_PROBES,
): RuntimeStats {
  const { words } = region
  const count = (index: number) => Atomics.load(words, index) >>> 0
  const mailboxes: MailboxStats[] = []
  let waits = 0
  let refusals = 0
  let ignored = count(IGNORED_COUNT)
  let truncated = count(CUT_COUNT)
  for (let index = 0; index < count(MAILBOX_HIGH_WATER); index++) {
    const header = mailboxHeader(region, index)
    const owner = Atomics.load(words, header + MAILBOX_OWNER)
    const head = Atomics.load(words, header + MAILBOX_HEAD)
    const tail = Atomics.load(words, header + MAILBOX_TAIL) & ~CLOSED_BIT
    const mailbox = {
      index,
      threadId: owner > 0 ? owner - 1 : -1,
      depthBytes: Math.max(0, (tail - head) | 0) * WORD_BYTES,
      waits: count(header + MAILBOX_WAITS),
      refusals: count(header + MAILBOX_REFUSALS),
      ignored: count(header + MAILBOX_IGNORED),
    }
    waits += mailbox.waits
    refusals += mailbox.refusals
    ignored += mailbox.ignored
    truncated += count(header + MAILBOX_CUTS)
    if (owner !== MAILBOX_FREE) mailboxes.push(mailbox)
  }
  const manager: ActorStats = {
    name: 'manager',
    state: ACTOR_STATES[Atomics.load(words, MANAGER_STATE)] ?? 'failed',
    restarts: count(MANAGER_RESTARTS),
  }
  return {
    components: count(COMPONENT_COUNT),
    transitions: journalCount(words),
    journalGaps: count(JOURNAL_GAPS),
    applied: count(APPLIED_COUNT),
    ignored,
    superseded: count(SUPERSEDED_COUNT),
    truncated,
    staleReads: count(STALE_READS),
    waits,
    refusals,
    heapUsedBytes: count(HEAP_USED_BYTES),
    observer: readObserverStats(region),
    suppressions: readSuppressions(region, startUp),
    suppressionCuts: readCutCount(words) >>> 0,
    probes,
    mailboxes,
    actors: [manager, ...others],
  }
}
