// The metrics that name no component: of the runtime, which survive every actor, and of the probe actor's own answers.
// Probe actor's thread.
import { ACTOR_STATES } from '../runtime/stats.js'
import type { FamilySpec, Scene } from './metrics-families.js'
import { BUCKETS } from './metrics-recorder.js'
import type { RuntimeFigures } from './metrics-source.js'

const SUPPRESSIBLE = ['liveness', 'readiness'] as const

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
    *samples({ runtime, grpcState }) {
      const states = runtime.actors.map(({ name, state }) => [name, state] as const)
      if (grpcState !== undefined) states.push(['grpc', grpcState])
      for (const [name, current] of states) {
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
