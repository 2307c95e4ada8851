// The load of the latency rows: probes at a constant rate, whether earlier ones were answered or not, each on a connection
// of its own as a kubelet sends them. They come from a process of their own, so that nothing in this one delays them. For
// the bench's main thread; `latency-client.ts` is the other half.
import { check } from './fixtures.js'
import { LineProcess } from './line-process.js'
import { type Latencies, PROBE_TIMEOUT_MS } from './series.js'
import { ascending, quantile } from './statistics.js'

/** What the client is asked, as a line of JSON. */
export interface ProbeOrder {
  readonly port: number
  readonly path: string
  readonly perSecond: number
  readonly count: number
  readonly timeoutMs: number
}

export interface ProbeReport {
  /** Of the probes that were answered in time: from when each was due until the last byte of its answer, in µs. */
  readonly microseconds: readonly number[]
  readonly timeouts: number
  /** Status codes, and lengths of whole answers in bytes, that were seen, each once. */
  readonly codes: readonly number[]
  readonly answerBytes: readonly number[]
  /** What has failed otherwise, each kind once. */
  readonly failures: readonly string[]
  /** How late the client itself was: from when each probe was due until it was sent, in µs. Part of the latency. */
  readonly lateUs: readonly number[]
}

export interface Rate {
  readonly perSecond: number
  readonly count: number
}

/** As many probes as are settled, answered or not, when `durationMs` is over, with `spareMs` left. */
export function probesWithin(durationMs: number, spareMs: number, perSecond: number): Rate {
  const sendingMs = durationMs - PROBE_TIMEOUT_MS - spareMs
  return { perSecond, count: Math.max(1, Math.floor((sendingMs * perSecond) / 1000)) }
}

export class ProbeLoad {
  #client: LineProcess<ProbeReport> | undefined

  /** Sends `count` probes. @throws where one of them failed by anything but time. */
  async run(target: Pick<ProbeOrder, 'port' | 'path'>, rate: Rate): Promise<ProbeReport> {
    this.#client ??= LineProcess.ofEntry<ProbeReport>('the latency client', './latency-client.js')
    const { port, path } = target
    const order: ProbeOrder = { port, path, ...rate, timeoutMs: PROBE_TIMEOUT_MS }
    const report = await this.#client.ask(JSON.stringify(order))
    check(report.failures.length === 0, `probes failed: ${report.failures.join(', ')}`)
    const settled = report.microseconds.length + report.timeouts
    check(settled === rate.count, `${settled} of ${rate.count} probes were accounted for`)
    return report
  }

  async close(): Promise<void> {
    await this.#client?.close()
  }
}

/** @throws where an answer was no success. */
export function checkCodes(name: string, { codes }: Pick<ProbeReport, 'codes'>): void {
  check(
    codes.every((code) => code === 200),
    `${name} answered with codes=${codes}`,
  )
}

/** @throws where an answer was no success, or as long as no other. */
export function checkAnswers(
  name: string,
  report: Pick<ProbeReport, 'codes' | 'answerBytes'>,
): void {
  checkCodes(name, report)
  const { answerBytes } = report
  check(answerBytes.length <= 1, `${name} sent answers of bytes=${answerBytes}`)
}

export function latenciesOf({ microseconds, timeouts }: ProbeReport): Latencies {
  return { microseconds, timeouts }
}

/** For the remarks: how much of a subject's latencies was the client's own. */
export function describeLateness(name: string, lateUs: readonly number[]): string {
  if (lateUs.length === 0) return `${name} -`
  const sorted = ascending(lateUs)
  const [p50, p999] = [0.5, 0.999].map((share) => quantile(sorted, share).toFixed(0))
  return `${name} ${p50}, ${p999}`
}
