// The metrics by name: what each means, and its samples. Samples are made one by one as they are asked for, so that
// whoever writes ten thousand components down can pause among them. Probe actor's thread.
import { HealthStatus, healthStatusName } from '../model/health-status.js'
import type { Look } from '../runtime/health-reader.js'
import { judgeAll } from './metrics-judgements.js'
import { BUCKETS, type ProbeRecorder } from './metrics-recorder.js'
import type { MetricsSource, RuntimeFigures } from './metrics-source.js'

/** All that one scrape tells of. */
export interface Scene {
  readonly source: MetricsSource
  readonly look: Look
  readonly runtime: RuntimeFigures
  readonly recorder: ProbeRecorder
  /** Restarts of the server's own actors by name, of which their host knows. */
  readonly restarts: Readonly<Record<string, number>>
}

export interface Sample {
  /** The family's own, except for the parts of a histogram. */
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

export interface FamilySpec {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter' | 'histogram'
  readonly labelNames: readonly string[]
  samples(scene: Scene): Iterable<Sample>
}

const STATUSES = Object.values(HealthStatus)
const SUPPRESSIBLE = ['liveness', 'readiness'] as const
const ACTOR_STATES = ['running', 'restarting', 'failed', 'stopped'] as const

const LONE_SURROGATE = /[\ud800-\udfff]/gu

/** Half a surrogate pair has no bytes in UTF-8. It is spelled out, so that names which differ in one stay apart. */
function labelOf(name: string): string {
  if (name.isWellFormed()) return name
  return name.replace(LONE_SURROGATE, (half) => `\\u${half.charCodeAt(0).toString(16)}`)
}

/** Those that name components. */
export const COMPONENT_FAMILIES: readonly FamilySpec[] = [
  {
    name: 'kubernetes_healthcheck',
    help: 'Whether a component passes (1) or fails (0) the check that it decides.',
    type: 'gauge',
    labelNames: ['name', 'type'],
    *samples({ source, look }) {
      for (const { name, check, isPassing } of judgeAll(source.policy, look)) {
        yield { labels: { name: labelOf(name), type: check }, value: isPassing ? 1 : 0 }
      }
    },
  },
  {
    name: 'kubernetes_healthchecks_total',
    help: 'Judgements of a component that answered probes rested on, since the start of the probe actor.',
    type: 'counter',
    labelNames: ['name', 'type', 'status'],
    *samples({ recorder }) {
      for (const { name, check, successes, errors } of recorder.judgements.counts()) {
        const labels = { name: labelOf(name), type: check }
        yield { labels: { ...labels, status: 'success' }, value: successes }
        yield { labels: { ...labels, status: 'error' }, value: errors }
      }
    },
  },
  {
    name: 'health_component_status',
    help: 'The status of a component: 1 for the one it has, 0 for the others.',
    type: 'gauge',
    labelNames: ['component', 'status'],
    *samples({ look }) {
      for (const [name, { status: current }] of look.report) {
        const component = labelOf(name)
        for (const status of STATUSES) {
          const labels = { component, status: healthStatusName(status) }
          yield { labels, value: status === current ? 1 : 0 }
        }
      }
    },
  },
  {
    name: 'health_component_last_transition_timestamp_seconds',
    help: 'When a component got the status it has, in seconds since the epoch.',
    type: 'gauge',
    labelNames: ['component'],
    *samples({ look }) {
      for (const [name, { since }] of look.report) {
        yield { labels: { component: labelOf(name) }, value: since / 1e3 }
      }
    },
  },
  {
    name: 'health_transitions_total',
    help: 'How often a component has turned to a status since it was registered.',
    type: 'counter',
    labelNames: ['component', 'to'],
    *samples({ source, look }) {
      for (const name of look.report.keys()) {
        const counts = source.transitions(name)
        if (counts === undefined) continue
        const component = labelOf(name)
        for (const status of STATUSES) {
          yield { labels: { component, to: healthStatusName(status) }, value: counts[status] }
        }
      }
    },
  },
]

/** One number of the runtime, without labels. */
function single(
  type: 'gauge' | 'counter',
  name: string,
  help: string,
  figure: (runtime: RuntimeFigures) => number,
): FamilySpec {
  const samples = ({ runtime }: Scene) => [{ labels: {}, value: figure(runtime) }]
  return { name, help, type, labelNames: [], samples }
}

const depths = ({ mailboxes }: RuntimeFigures) => mailboxes.map(({ depthBytes }) => depthBytes)

/** Those of the runtime and of the probe actor itself. */
export const RUNTIME_FAMILIES: readonly FamilySpec[] = [
  single('gauge', 'health_components', 'Components registered.', (it) => it.components),
  single(
    'counter',
    'health_journal_transitions_total',
    'Transitions of all components, those deregistered since included.',
    (it) => it.transitions,
  ),
  single(
    'counter',
    'health_journal_gaps_total',
    'Times that a reader of the transitions was too slow and has missed some.',
    (it) => it.journalGaps,
  ),
  single(
    'counter',
    'health_records_applied_total',
    'Reports and orders of threads that were applied.',
    (it) => it.applied,
  ),
  single(
    'counter',
    'health_records_ignored_total',
    'Updates and deregistrations of components that were not registered.',
    (it) => it.ignored,
  ),
  single(
    'counter',
    'health_records_superseded_total',
    'Reports and orders that a concurrent, later one had overtaken.',
    (it) => it.superseded,
  ),
  single(
    'counter',
    'health_payloads_truncated_total',
    'Messages and metadata that were cut for want of room.',
    (it) => it.truncated,
  ),
  single(
    'counter',
    'health_stale_reads_total',
    'Reads answered with the last applied state, as the manager was late.',
    (it) => it.staleReads,
  ),
  single(
    'counter',
    'health_observer_transitions_total',
    'Transitions that an observer was told of, whatever came of it.',
    (it) => it.observer.delivered,
  ),
  single(
    'counter',
    'health_observer_errors_total',
    'Transitions over which an observer failed.',
    (it) => it.observer.errors,
  ),
  single(
    'counter',
    'health_observer_timeouts_total',
    'Transitions over which an observer took too long.',
    (it) => it.observer.timeouts,
  ),
  single(
    'counter',
    'health_observer_missed_total',
    'Transitions that were gone before an observer got to them.',
    (it) => it.observer.missed,
  ),
  single('gauge', 'health_observer_lag', 'Transitions that the observer is behind.', (it) => {
    return it.observer.lag
  }),
  {
    name: 'health_suppression_active',
    help: 'Whether a suppression makes a check pass (1) or not (0).',
    type: 'gauge',
    labelNames: ['probe'],
    *samples({ runtime: { suppressions } }) {
      for (const probe of SUPPRESSIBLE) {
        yield { labels: { probe }, value: suppressions[probe] === undefined ? 0 : 1 }
      }
    },
  },
  {
    name: 'health_suppression_remaining_seconds',
    help: 'How long the suppression of a check still holds; 0 where there is none.',
    type: 'gauge',
    labelNames: ['probe'],
    *samples({ runtime: { suppressions } }) {
      for (const probe of SUPPRESSIBLE) {
        yield { labels: { probe }, value: (suppressions[probe]?.remainingMs ?? 0) / 1e3 }
      }
    },
  },
  single(
    'counter',
    'health_suppression_cuts_total',
    'Calls that asked for a longer suppression than they got.',
    (it) => it.suppressionCuts,
  ),
  single('gauge', 'health_mailboxes', 'Mailboxes in use, one an attached thread.', (it) => {
    return it.mailboxes.length
  }),
  single(
    'gauge',
    'health_mailbox_depth_bytes',
    'Bytes that wait in all mailboxes to be applied.',
    (it) => depths(it).reduce((sum, depth) => sum + depth, 0),
  ),
  single(
    'gauge',
    'health_mailbox_deepest_bytes',
    'Bytes that wait in the mailbox with the most of them.',
    (it) => Math.max(0, ...depths(it)),
  ),
  single('gauge', 'health_mailbox_capacity_bytes', 'The size of each mailbox.', (it) => {
    return it.mailboxBytes
  }),
  single(
    'counter',
    'health_mailbox_waits_total',
    'Times that a thread had to wait for room in its mailbox.',
    (it) => it.waits,
  ),
  single(
    'counter',
    'health_mailbox_refusals_total',
    'Updates that threw, as there was no room in time.',
    (it) => it.refusals,
  ),
  single(
    'gauge',
    'health_heap_used_bytes',
    'Bytes of the shared heap in use by names, messages and metadata.',
    (it) => it.heapUsedBytes,
  ),
  single('gauge', 'health_heap_capacity_bytes', 'The size of the shared heap.', (it) => {
    return it.heapBytes
  }),
  {
    name: 'health_actor_restarts_total',
    help: 'Restarts of an actor after its thread had died.',
    type: 'counter',
    labelNames: ['actor'],
    *samples({ runtime, restarts: ofServer }) {
      for (const { name, restarts } of runtime.actors) {
        yield { labels: { actor: name }, value: restarts }
      }
      for (const [actor, value] of Object.entries(ofServer)) yield { labels: { actor }, value }
    },
  },
  {
    name: 'health_actor_state',
    help: 'The state of an actor: 1 for the one it is in, 0 for the others.',
    type: 'gauge',
    labelNames: ['actor', 'state'],
    *samples({ runtime }) {
      for (const { name, state: current } of runtime.actors) {
        for (const state of ACTOR_STATES) {
          yield { labels: { actor: name, state }, value: state === current ? 1 : 0 }
        }
      }
    },
  },
  {
    name: 'health_probe_requests_total',
    help: 'HTTP requests answered by the probe actor since its start; gRPC calls are counted by health_grpc_calls_total.',
    type: 'counter',
    labelNames: ['path', 'code'],
    *samples({ recorder }) {
      for (const { path, code, count } of recorder.answers()) {
        yield { labels: { path, code }, value: count }
      }
    },
  },
  {
    name: 'health_probe_duration_seconds',
    help: 'Time from an HTTP request to its answer within the probe actor; gRPC calls are not timed.',
    type: 'histogram',
    labelNames: ['path'],
    *samples({ recorder }) {
      for (const { path, upTo, count, sumSeconds } of recorder.durations()) {
        const bucketName = `${this.name}_bucket`
        for (const [i, le] of BUCKETS.entries()) {
          yield { metricName: bucketName, labels: { path, le }, value: upTo[i]! }
        }
        yield { metricName: bucketName, labels: { path, le: '+Inf' }, value: count }
        yield { metricName: `${this.name}_sum`, labels: { path }, value: sumSeconds }
        yield { metricName: `${this.name}_count`, labels: { path }, value: count }
      }
    },
  },
]
