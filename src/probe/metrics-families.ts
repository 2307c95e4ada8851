// What a metric is: its name, what it means, and its samples; and those that name components. Samples are made one by one as
// they are asked for, so that whoever writes ten thousand components down can pause among them. Probe actor's thread.
import { HealthStatus, healthStatusName } from '../model/health-status.js'
import type { Look } from '../runtime/health-reader.js'
import type { ActorState } from '../runtime/stats.js'
import { judgeAll } from './metrics-judgements.js'
import type { ProbeRecorder } from './metrics-recorder.js'
import type { MetricsSource, RuntimeFigures } from './metrics-source.js'

/** All that one scrape tells of. */
export interface Scene {
  readonly source: MetricsSource
  readonly look: Look
  readonly runtime: RuntimeFigures
  readonly recorder: ProbeRecorder
  /** Restarts of the server's own actors by name, of which their host knows. */
  readonly restarts: Readonly<Record<string, number>>
  /** Of the gRPC actor, where there is one. */
  readonly grpcState?: ActorState | undefined
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
