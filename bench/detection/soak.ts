// A collector that keeps its cores as busy as it can, for long, with nothing wrong in it: whatever is said to be wrong is a false
// alarm, unless something else tells that it was so. At the end the process is stopped for a while, which is nobody's fault.
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { type Answer, Subject, type Transition, verdictIn } from './subject.js'

/** Twice as many collectors as cores, each of which would have one for itself. */
const COLLECTORS = Math.max(4, 2 * cpus().length)
const ARGS = ['--rate', '20000', '--queue', '65536', '--collectors', `${COLLECTORS}`]
const PROBE_INTERVAL_MS = 100
const HISTORY_INTERVAL_MS = 1_000
/** More than there are between two looks. */
const TRANSITIONS = 1_000
export const STOPPED_MS = 20_000
/** The signals take a while to come through. */
const STOP_TOLERANCE_MS = 1_000
/** Two reports of the gauge, the first of which has the stop in it. */
const AFTERWARDS_MS = 12_000
const KUBELET_TIMEOUT_MS = 1_000
const LATE_MS = 500
/** The gauge of the loop takes a sample each 20 ms, and gives its figures every 5 s, when the loop gets to it. */
const GAUGE_MS = 20
const GAUGE_INTERVAL_MS = 5_000
/** Of Linux, for all of userland. */
const TICKS_A_SECOND = 100

export interface Alarm {
  readonly at: string
  readonly what: string
  /** What shows that it was so; undefined where nothing does, which makes it a false alarm. */
  readonly because: string | undefined
}

export interface SoakReport {
  readonly ranMs: number
  readonly cores: number
  readonly probes: number
  readonly slowestProbeMs: number
  /** Those that a kubelet would not have waited for; the time includes that of the client, which shares the cores. */
  readonly slowProbes: number
  /** The longest that the watched loop was late by its own gauge, in ms. */
  readonly worstLagMs: number
  readonly alarms: readonly Alarm[]
}

interface Lag {
  readonly seenAt: number
  readonly maxMs: number
}

class Soak {
  readonly #subject: Subject
  readonly #alarms: Alarm[] = []
  readonly #lags: Lag[] = []
  readonly #transitions = new Map<number, Transition>()
  #lastGauge = ''
  #probes = 0
  #slowestProbeMs = 0
  #slowProbes = 0

  constructor(subject: Subject) {
    this.#subject = subject
  }

  async run(durationMs: number): Promise<SoakReport> {
    // What is journaled up to here is of the start.
    const startedAt = Date.now()
    const startSeconds = cpuSecondsOf(this.#subject.pid)
    await this.#probe(startedAt + durationMs)
    const ranMs = Date.now() - startedAt
    const cores = ((cpuSecondsOf(this.#subject.pid) - startSeconds) * 1_000) / ranMs
    const worstLagMs = Math.max(0, ...this.#lags.map(({ maxMs }) => maxMs))
    this.#subject.signal('SIGSTOP')
    await wait(STOPPED_MS)
    this.#subject.signal('SIGCONT')
    await this.#probe(Date.now() + AFTERWARDS_MS)
    for (const transition of this.#transitions.values()) {
      if (Date.parse(transition.at) >= startedAt) this.#judge(transition)
    }
    return {
      ranMs,
      cores,
      probes: this.#probes,
      slowestProbeMs: this.#slowestProbeMs,
      slowProbes: this.#slowProbes,
      worstLagMs,
      alarms: this.#alarms,
    }
  }

  async #probe(until: number): Promise<void> {
    let historyAt = 0
    while (Date.now() < until) {
      this.#take(await this.#subject.ask('/healthz'), 'liveness')
      this.#take(await this.#subject.ask('/readyz'), 'readiness')
      if (Date.now() >= historyAt) {
        historyAt = Date.now() + HISTORY_INTERVAL_MS
        const { list } = await this.#subject.transitions(TRANSITIONS)
        for (const transition of list) this.#transitions.set(transition.number, transition)
      }
      await wait(PROBE_INTERVAL_MS)
    }
  }

  #take(answer: Answer, question: string): void {
    const { at, code, elapsedMs } = answer
    const { error, components } = verdictIn(answer)
    const alarm = (what: string) => {
      this.#alarms.push({ at: new Date(at).toISOString(), what, because: undefined })
    }
    this.#probes++
    this.#slowestProbeMs = Math.max(this.#slowestProbeMs, elapsedMs)
    if (code !== 200) alarm(`${question} failed: ${error}`)
    if (elapsedMs > KUBELET_TIMEOUT_MS) this.#slowProbes++
    const runtime = components['health_runtime']
    if (runtime !== undefined) alarm(`health_runtime: ${runtime.message}`)
    const { metadata = {} } = components['event_loop'] ?? {}
    const gauge = JSON.stringify(metadata)
    if (gauge === this.#lastGauge || metadata['lag_max_ms'] === undefined) return
    this.#lastGauge = gauge
    this.#lags.push({ seenAt: at, maxMs: Number(metadata['lag_max_ms']) })
  }

  #judge({ at, component, newStatus, message }: Transition): void {
    if (newStatus !== 'degraded' && newStatus !== 'unhealthy') return
    const what = `${component} ${newStatus}: ${message}`
    this.#alarms.push({ at, what, because: this.#reasonFor(component, newStatus, message, at) })
  }

  #reasonFor(
    component: string,
    newStatus: string,
    message: string,
    at: string,
  ): string | undefined {
    // Who drops samples counts them.
    if (message.startsWith('Buffer full')) return 'samples were dropped'
    if (component !== 'event_loop' || newStatus !== 'degraded') return undefined
    // What the loop itself finds out about its timers, in the figures that it gives next.
    const from = Date.parse(at)
    const lags = this.#lags.filter(({ seenAt }) => seenAt >= from)
    const next = lags.filter(({ seenAt }) => seenAt <= (lags[0]?.seenAt ?? 0) + GAUGE_INTERVAL_MS)
    // Figures over a time in which the process was stopped have that in them, and show nothing.
    const usable = next.filter(({ maxMs }) => maxMs < STOPPED_MS - STOP_TOLERANCE_MS)
    const worst = Math.max(0, ...usable.map(({ maxMs }) => maxMs))
    if (worst < LATE_MS - GAUGE_MS) return undefined
    return `the loop's own gauge had ${Math.round(worst)} ms`
  }
}

/** User and system time of a process, all threads. */
function cpuSecondsOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
}

export async function soak(durationMs: number): Promise<SoakReport> {
  const subject = await Subject.start(ARGS)
  try {
    return await new Soak(subject).run(durationMs)
  } finally {
    await subject.end()
  }
}
