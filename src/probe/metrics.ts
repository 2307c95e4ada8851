// `/metrics`: what the probe actor knows of components, of the runtime and of itself, for Prometheus. Made in the
// probe actor's thread from the shared region alone, so it answers while every other thread is stuck.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ProbeAnswer } from './listener.js'
import type { Exposition } from './metrics-exposition.js'
import { COMPONENT_FAMILIES } from './metrics-families.js'
import { ProbeRecorder } from './metrics-recorder.js'
import { RUNTIME_FAMILIES } from './metrics-runtime-families.js'
import type { MetricsSource } from './metrics-source.js'
import type { Detail, Scrape } from './routes.js'

interface MetricsOptions {
  /** `never` leaves out whatever names components. */
  readonly detail: Detail
  /** Restarts of the probe actor so far. */
  readonly probeRestarts: number
}

export interface Metrics {
  readonly recorder: ProbeRecorder
  readonly scrape: Scrape
}

/** Loads prom-client, which is why it is to be called before there are probes to be answered. */
export async function createMetrics(
  source: MetricsSource,
  { detail, probeRestarts }: MetricsOptions,
): Promise<Metrics> {
  const { Exposition } = await import('./metrics-exposition.js')
  const families = detail === 'never' ? [] : COMPONENT_FAMILIES
  const exposition = new Exposition([...families, ...RUNTIME_FAMILIES])
  const recorder = new ProbeRecorder(source.policy)
  const scrape = oneAtATime(() => answerScrape(exposition, source, recorder, probeRestarts))
  return { recorder, scrape }
}

async function answerScrape(
  exposition: Exposition,
  source: MetricsSource,
  recorder: ProbeRecorder,
  probeRestarts: number,
): Promise<ProbeAnswer> {
  const scene = { source, look: source.look(), runtime: source.runtime(), recorder, probeRestarts }
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
