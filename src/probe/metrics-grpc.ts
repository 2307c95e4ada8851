// The metrics of gRPC, which the probe actor tells of for the gRPC actor. Probe actor's thread.
import type { GrpcCounters } from './grpc-counters.js'
import type { FamilySpec } from './metrics-families.js'

/** There where gRPC is asked for. They count since the start of the server, restarts of its actors included. */
export function grpcFamilies(counters: GrpcCounters): readonly FamilySpec[] {
  return [
    {
      name: 'health_grpc_calls_total',
      help: 'gRPC calls answered, and watches begun, by method and status code.',
      type: 'counter',
      labelNames: ['method', 'code'],
      *samples() {
        for (const { method, code, count } of counters.calls()) {
          yield { labels: { method, code }, value: count }
        }
      },
    },
    {
      name: 'health_grpc_refused_streams_total',
      help: 'gRPC calls refused unread, as there were too many.',
      type: 'counter',
      labelNames: [],
      samples: () => [{ labels: {}, value: counters.refused }],
    },
    {
      name: 'health_grpc_late_streams_total',
      help: 'gRPC calls ended as their request, or a reader of their answer, did not come in time.',
      type: 'counter',
      labelNames: [],
      samples: () => [{ labels: {}, value: counters.late }],
    },
  ]
}
