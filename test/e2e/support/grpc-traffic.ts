// As ProbeTraffic, by gRPC: 20 checks per second of liveness and readiness in turns, each with a kubelet's second.
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import type { TestContext } from 'node:test'
import { GrpcClient } from '../../contract/support/grpc-client.js'
import { PROBES_PER_SECOND, type Saying, sayingsDuring } from './probe-traffic.js'

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

export class GrpcTraffic {
  readonly #client: GrpcClient
  readonly #checks: Promise<Check>[] = []
  readonly #sent = new EventEmitter()
  readonly #timer: NodeJS.Timeout

  /** Begins at once, and ends with the test at the latest. */
  constructor(t: TestContext, port: number) {
    this.#client = new GrpcClient(t, port)
    this.#timer = setInterval(() => this.#send(), 1_000 / PROBES_PER_SECOND)
    t.after(() => this.stop())
  }

  /** Resolves when that many more were sent. */
  async more(count: number): Promise<void> {
    const wanted = this.#checks.length + count
    while (this.#checks.length < wanted) await once(this.#sent, 'sent')
  }

  /** Sends no more, and gives all that were sent. */
  stop(): Promise<readonly Check[]> {
    clearInterval(this.#timer)
    return Promise.all(this.#checks)
  }

  #send(): void {
    this.#checks.push(this.#check(this.#checks.length % 2 === 0 ? 'liveness' : 'readiness'))
    this.#sent.emit('sent')
  }

  async #check(service: Service): Promise<Check> {
    const startedAt = performance.now()
    const outcome = await this.#client.check(service, TIMEOUT_MS)
    return { service, startedAt, endedAt: performance.now(), outcome }
  }
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
