// `/metrics`: what the probe actor knows of components, of the runtime and of itself, for Prometheus. Made in the
// probe actor's thread from the shared region alone, so it answers while every other thread is stuck.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { GrpcCounters } from './grpc-counters.js'
import type { ProbeAnswer } from './listener.js'
import type { Exposition } from './metrics-exposition.js'
import { COMPONENT_FAMILIES, type Scene } from './metrics-families.js'
import { grpcFamilies } from './metrics-grpc.js'
import { ProbeRecorder } from './metrics-recorder.js'
import { RUNTIME_FAMILIES } from './metrics-runtime-families.js'
import type { MetricsSource } from './metrics-source.js'
import type { Detail, Scrape } from './routes.js'

interface MetricsOptions {
  /** `never` leaves out whatever names components. */
  readonly detail: Detail
  /** Restarts of the probe actor so far. */
  readonly probeRestarts: number
  /** What the gRPC actor has counted, where there is one. */
  readonly grpc?: GrpcCounters | undefined
}

export interface Metrics {
  readonly recorder: ProbeRecorder
  readonly scrape: Scrape
}

/** Loads prom-client, which is why it is to be called before there are probes to be answered. */
export async function createMetrics(
  source: MetricsSource,
  { detail, probeRestarts, grpc }: MetricsOptions,
): Promise<Metrics> {
  const { Exposition } = await import('./metrics-exposition.js')
  const families = detail === 'never' ? [] : COMPONENT_FAMILIES
  const ofGrpc = grpc === undefined ? [] : grpcFamilies(grpc)
  const exposition = new Exposition([...families, ...RUNTIME_FAMILIES, ...ofGrpc])
  const recorder = new ProbeRecorder(source.policy)
  const actors = () => ({
    restarts: { probe: probeRestarts, ...(grpc && { grpc: grpc.restarts }) },
    grpcState: grpc?.state,
  })
  const scrape = oneAtATime(() => answerScrape(exposition, source, recorder, actors()))
  return { recorder, scrape }
}

async function answerScrape(
  exposition: Exposition,
  source: MetricsSource,
  recorder: ProbeRecorder,
  actors: Pick<Scene, 'restarts' | 'grpcState'>,
): Promise<ProbeAnswer> {
  const scene = { source, look: source.look(), runtime: source.runtime(), recorder, ...actors }
  const body = await exposition.write((family) => family.samples(scene), nextTurn)
  return { status: 200, contentType: exposition.contentType, body }
}

/**
 * Scrapes never run beside each other, and those that wait share the next one: a crowd of scrapers costs what two do,
 * and each gets what was true after it had asked.
 */
function oneAtATime(scrape: Scrape): Scrape {
  let last: Promise<unknown> = Promise.resolve()
  let next: Promise<ProbeAnswer> | undefined
  return () => {
    next ??= last.then(() => {
      next = undefined
      return scrape()
    })
    // One that failed has told those who asked for it, and is no matter to the next.
    last = next.catch(() => {})
    return next
  }
}
