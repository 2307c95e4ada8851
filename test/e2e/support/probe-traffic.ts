// A kubelet that is in a hurry: 20 probes per second of one server, /healthz and /readyz in turns, without waiting for
// one answer before the next question. Judges afterwards whether each was answered, and with what had been said last.
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import type { TestContext } from 'node:test'
import { type Probe, type ProbePath, sendKubeletProbe } from './kubelet-probe.js'

export const PROBES_PER_SECOND = 20

/** What a program says of itself from one moment to the next; the clock is this process's, on which both are seen. */
export interface Saying {
  /** When the program was asked to say it. */
  readonly from: number
  /** When it had said it. */
  readonly since: number
  readonly answers: Readonly<Record<ProbePath, { readonly code: number; readonly body: string }>>
}

/** Questions at a steady rate, each sent whether the ones before are answered or not. */
export class Traffic<Outcome> {
  readonly #send: (number: number) => Promise<Outcome>
  readonly #outcomes: Promise<Outcome>[] = []
  readonly #sent = new EventEmitter()
  readonly #timer: NodeJS.Timeout

  /** Begins at once, and ends with the test at the latest. `send` is told how many were sent before, and never rejects. */
  constructor(t: TestContext, send: (number: number) => Promise<Outcome>) {
    this.#send = send
    this.#timer = setInterval(() => this.#sendNext(), 1_000 / PROBES_PER_SECOND)
    t.after(() => this.stop())
  }

  /** Resolves when that many more were sent. */
  async more(count: number): Promise<void> {
    const wanted = this.#outcomes.length + count
    while (this.#outcomes.length < wanted) await once(this.#sent, 'sent')
  }

  /** Sends no more, and gives what became of all that were sent. */
  stop(): Promise<readonly Outcome[]> {
    clearInterval(this.#timer)
    return Promise.all(this.#outcomes)
  }

  #sendNext(): void {
    this.#outcomes.push(this.#send(this.#outcomes.length))
    this.#sent.emit('sent')
  }
}

export class ProbeTraffic extends Traffic<Probe> {
  readonly transport: string

  constructor(t: TestContext, transport: string, port: number) {
    super(t, (number) => sendKubeletProbe(port, number % 2 === 0 ? '/healthz' : '/readyz'))
    this.transport = transport
  }
}

/** Resolves when that many more were sent by each. */
export async function more(
  traffic: readonly Pick<Traffic<unknown>, 'more'>[],
  count: number,
): Promise<void> {
  await Promise.all(traffic.map((each) => each.more(count)))
}

/**
 * Each probe must have an answer, and that must be of what the program had said last when it was sent; of what it began
 * to say meanwhile, either may be seen. And each saying must have been seen on both paths.
 */
export function assertAnswered(probes: readonly Probe[], sayings: readonly Saying[]): void {
  const missing = probes.filter(({ answer }) => answer === undefined)
  assert.deepEqual(missing, [], `${missing.length} of ${probes.length} probes were not answered`)
  const seen = new Set<string>()
  for (const { path, answer, startedAt, endedAt } of probes) {
    const possible = sayingsDuring(sayings, startedAt, endedAt)
    const which = possible.find(
      ({ answers }) => answers[path].code === answer?.code && answers[path].body === answer.body,
    )
    if (which === undefined) assert.deepEqual(answer, possible.at(-1)?.answers[path])
    else seen.add(`${path} ${sayings.indexOf(which)}`)
  }
  const expected = sayings.flatMap((_, i) => [`/healthz ${i}`, `/readyz ${i}`])
  assert.deepEqual([...seen].sort(), expected.sort(), 'something that was said was never answered')
}

/** What may be seen by who asks between these moments. */
export function sayingsDuring(
  sayings: readonly Saying[],
  startedAt: number,
  endedAt: number,
): readonly Saying[] {
  return sayings.filter((saying, i) => {
    const next = sayings[i + 1]
    return saying.from <= endedAt && (next === undefined || next.since > startedAt)
  })
}

/** For people: how long the answers took. */
export function describeLatency(probes: readonly Pick<Probe, 'startedAt' | 'endedAt'>[]): string {
  const times = probes.map(({ startedAt, endedAt }) => endedAt - startedAt).sort((a, b) => a - b)
  const at = (part: number) => times[Math.floor(part * (times.length - 1))]?.toFixed(1)
  return `${times.length} answers, ms: p50=${at(0.5)} p99=${at(0.99)} max=${at(1)}`
}
