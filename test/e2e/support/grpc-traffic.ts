// As ProbeTraffic, by gRPC: 20 checks per second of liveness and readiness in turns, each with a kubelet's second.
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { GrpcClient } from '../../contract/support/grpc-client.js'
import { type Saying, sayingsDuring, Traffic } from './probe-traffic.js'

const TIMEOUT_MS = 1_000
const PATHS = { liveness: '/healthz', readiness: '/readyz' } as const
type Service = keyof typeof PATHS

interface Check {
  readonly service: Service
  readonly startedAt: number
  readonly endedAt: number
  /** The status, or the name of the code that the call ended with. */
  readonly outcome: string
}

export class GrpcTraffic extends Traffic<Check> {
  constructor(t: TestContext, port: number) {
    const client = new GrpcClient(t, port)
    super(t, (number) => check(client, number % 2 === 0 ? 'liveness' : 'readiness'))
  }
}

async function check(client: GrpcClient, service: Service): Promise<Check> {
  const startedAt = performance.now()
  const outcome = await client.check(service, TIMEOUT_MS)
  return { service, startedAt, endedAt: performance.now(), outcome }
}

/** Each check must be answered in time, with what the program had said last when it was sent, as for the probes. */
export function assertServed(checks: readonly Check[], sayings: readonly Saying[]): void {
  for (const { service, startedAt, endedAt, outcome } of checks) {
    const possible: string[] = sayingsDuring(sayings, startedAt, endedAt).map(({ answers }) =>
      answers[PATHS[service]].code === 200 ? 'serving' : 'not serving',
    )
    assert.ok(possible.includes(outcome), `${service}: ${outcome}, not ${possible.join(' or ')}`)
  }
}
