// A source of metrics made by hand, and ways to look at what comes of it.
import type { TransitionCounts } from '../../src/memory/slot-cache.js'
import { NO_PROBES } from '../../src/model/probe-stats.js'
import type { ProbeAnswer, ProbeRequest } from '../../src/probe/listener.js'
import { createMetrics } from '../../src/probe/metrics.js'
import { measured } from '../../src/probe/metrics-recorder.js'
import type { MetricsSource, RuntimeFigures } from '../../src/probe/metrics-source.js'
import { createProbeHandler, type Detail } from '../../src/probe/routes.js'
import { FakeReader, type Given, OPEN_TO_ALL, reportOf } from '../fake-reader.js'

const mailbox = { threadId: 1, waits: 0, refusals: 0, ignored: 0 }

export class FakeSource extends FakeReader implements MetricsSource {
  counts: Record<string, TransitionCounts> = {}
  figures: RuntimeFigures = {
    components: 2,
    transitions: 3,
    journalGaps: 4,
    applied: 5,
    ignored: 6,
    superseded: 7,
    truncated: 8,
    staleReads: 9,
    waits: 10,
    refusals: 11,
    heapUsedBytes: 12,
    observer: {
      kind: 'function',
      delivered: 14,
      errors: 15,
      timeouts: 16,
      gaps: 17,
      missed: 18,
      restarts: 19,
      cursor: 20,
      lag: 21,
    },
    suppressions: { readiness: { owner: 'a', reason: 'b', until: 0, remainingMs: 1_500 } },
    suppressionCuts: 14,
    probes: NO_PROBES,
    mailboxes: [
      { ...mailbox, index: 0, depthBytes: 64 },
      { ...mailbox, index: 1, depthBytes: 32 },
    ],
    actors: [{ name: 'manager', state: 'restarting', restarts: 13 }],
    mailboxBytes: 4096,
    heapBytes: 65_536,
  }

  static override of(components: Record<string, Given>): FakeSource {
    return Object.assign(new FakeSource(), { report: reportOf(components) })
  }

  transitions(name: string): TransitionCounts | undefined {
    return this.counts[name]
  }

  runtime(): RuntimeFigures {
    return this.figures
  }
}

export function requestOf(target: string, method = 'GET'): ProbeRequest {
  return { method, target, header: () => '', isFromLoopback: () => false, remoteAddress: () => '' }
}

/** Metrics of a source, and the probe handler whose answers they count. */
export async function metricsOf(source: FakeSource, detail: Detail = 'always', probeRestarts = 0) {
  const { recorder, scrape } = await createMetrics(source, { detail, probeRestarts })
  const { onJudged } = recorder
  const answering = createProbeHandler(source, { ...OPEN_TO_ALL, scrape, onJudged })
  const handler = measured(answering, recorder)
  const text = async () => textOf(await scrape())
  /** The lines of one family without its head. */
  const samples = async (family: string) => samplesOf(await text(), family)
  const probe = (target: string, method?: string) => handler(requestOf(target, method))
  return { recorder, scrape, handler, text, samples, probe }
}

export function textOf({ body }: ProbeAnswer): string {
  return new TextDecoder().decode(body)
}

export function samplesOf(text: string, family: string): string[] {
  return text.split('\n').filter((line) => new RegExp(`^${family}(\\{| )`).test(line))
}
