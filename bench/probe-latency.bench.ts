// How long a probe takes in an idle program: GET /healthz at a constant rate, each on a new connection, nothing changing.
import type { Bench } from './harness.js'
import { checkAnswers } from './latency-load.js'
import { openLatencies } from './latency-subjects.js'

const TURN_SECONDS = { full: 5, quick: 1 }
const WARM_UP = { perSecond: 200, count: 100 }

function latencyBench(components: number, perSecond: number, turns: number): Bench {
  const shown = components.toLocaleString('en-US')
  return {
    name: `healthz-latency-${components}`,
    title: `GET /healthz, ${shown} components, ${perSecond} probes/s`,
    unit: 'µs',
    isLong: true,
    isOfEvents: true,
    samples: { full: turns, quick: 1 },
    open: (environment) => {
      const seconds = environment.isQuick ? TURN_SECONDS.quick : TURN_SECONDS.full
      return openLatencies(environment, {
        count: components,
        hasPeers: true,
        warmUp: { ...WARM_UP, perSecond: Math.min(WARM_UP.perSecond, perSecond) },
        async sample({ server, probe }) {
          const report = await probe({ perSecond, count: seconds * perSecond })
          checkAnswers(server.name, report)
          return report
        },
      })
    },
  }
}

// The rates are such that the slowest peer is not full: where one is, its latency is that of its queue.
export const probeLatency: readonly Bench[] = [
  latencyBench(10, 200, 2),
  latencyBench(1000, 100, 2),
  latencyBench(10_000, 20, 10),
]
