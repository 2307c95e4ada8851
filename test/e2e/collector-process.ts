// Runs the sample collector as its own process, so that exit codes and signals can be asserted.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** The options of tests that need it to run. */
export const linux =
  process.platform === 'linux'
    ? {}
    : { skip: `the sample collector reads /proc, which ${process.platform} does not have` }

const MAIN = fileURLToPath(new URL('../../examples/collector/main.js', import.meta.url))

/** Between two probes, so that the test leaves the cores to what it tests. */
const POLL_INTERVAL_MS = 20
/** The bound of a probe that should never be met: Kubernetes gives one second. */
const PROBE_TIMEOUT_MS = 10_000

export interface Component {
  readonly status: string
  readonly message?: string
  readonly metadata?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly code: number
  readonly elapsedMs: number
  readonly status: string
  readonly error?: string
  readonly components: Readonly<Record<string, Component>>
}

export interface Transition {
  readonly at: string
  readonly oldStatus: string
  readonly newStatus: string
}

export const messageOf = (answer: Answer, component: string) =>
  answer.components[component]?.message
export const statusOf = (answer: Answer, component: string) => answer.components[component]?.status

export class CollectorProcess {
  readonly child: ChildProcess
  readonly exited: Promise<readonly [number | null, NodeJS.Signals | null]>
  stdout = ''
  stderr = ''
  readonly #changes = new EventEmitter()
  #hasEnded = false

  constructor(...args: string[]) {
    const [command = '', ...rest] = this.commandLine([process.execPath, MAIN, ...args])
    this.child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
    // 'close' and not 'exit': by then all output has arrived.
    this.exited = once(this.child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
    this.exited.then(() => {
      this.#hasEnded = true
      this.#changes.emit('change')
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      this.#changes.emit('change')
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      this.#changes.emit('change')
    })
  }

  /** What is run; for those that put it into something else. */
  protected commandLine(own: readonly string[]): readonly string[] {
    return own
  }

  get output(): string {
    return this.stdout + this.stderr
  }

  /** Resolves with the match as soon as either output shows it; rejects when the process ends without. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output)
      if (match !== null) return match
      assert.ok(!this.#hasEnded, `ended without saying ${pattern}:\n${this.output}`)
      await once(this.#changes, 'change')
    }
  }

  async url(): Promise<string> {
    const match = await this.said(/probes +(http:\/\/\S+)\/healthz/)
    return match[1] as string
  }

  async probe(path: '/healthz' | '/readyz' | '/components'): Promise<Answer> {
    return probe(`${await this.url()}${path}`)
  }

  /** The last ones of a component, the oldest first. */
  async transitions(component: string, limit: number): Promise<Transition[]> {
    const query = new URLSearchParams({ component, limit: `${limit}` })
    const response = await fetch(`${await this.url()}/transitions?${query}`)
    return ((await response.json()) as { transitions: Transition[] }).transitions
  }

  /** Probes until the answer is as wanted; every answer on the way is collected. Fails after `withinMs`. */
  async probeUntil(
    path: '/healthz' | '/readyz' | '/components',
    wanted: (answer: Answer) => boolean,
    withinMs = 15_000,
  ): Promise<Answer[]> {
    const url = `${await this.url()}${path}`
    const answers: Answer[] = []
    const endMs = performance.now() + withinMs
    for (;;) {
      const answer = await probe(url)
      answers.push(answer)
      if (wanted(answer)) return answers
      assert.ok(
        performance.now() < endMs,
        `not within ${withinMs} ms; last answer ${JSON.stringify(answer)}\n${this.output}`,
      )
      await wait(POLL_INTERVAL_MS)
    }
  }

  /** Ends it as an operator would. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal)
    const [code] = await this.exited
    return code
  }
}

/** A run in a folder of its own; the process is gone afterwards whatever happened. */
export async function withCollector(
  args: readonly string[],
  use: (collector: CollectorProcess, out: string) => Promise<void>,
  Process = CollectorProcess,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'health-actor-test-'))
  const out = join(folder, 'out.ndjson')
  const collector = new Process('--port', '0', '--out', out, ...args)
  try {
    await use(collector, out)
  } finally {
    collector.child.kill('SIGKILL')
    await collector.exited
    await rm(folder, { recursive: true })
  }
}

export interface Sample {
  readonly at: number
  readonly collector: string
  readonly number: number
  readonly source: string
  readonly values: unknown
}

/** Every line must be whole and valid. */
export async function readSamples(path: string): Promise<Sample[]> {
  const lines = (await readFile(path, 'utf8')).split('\n')
  assert.equal(lines.pop(), '', 'the last line is not whole')
  return lines.map((line) => JSON.parse(line) as Sample)
}

/** Each collector numbers its samples without a gap or a repetition, dropped ones included. */
export function assertNumbered(samples: readonly Sample[], droppedCount: number): void {
  const last = new Map<string, number>()
  let gapCount = 0
  for (const { collector, number } of samples) {
    const before = last.get(collector) ?? -1
    assert.ok(number > before, `${collector}: ${number} came after ${before}`)
    gapCount += number - before - 1
    last.set(collector, number)
  }
  assert.ok(gapCount <= droppedCount, `missing=${gapCount} dropped=${droppedCount}`)
}

/** The figures of the account that is printed at the end. */
export function accountIn(output: string): { produced: number; written: number; dropped: number } {
  const match = /produced (\d+) = written (\d+) \+ dropped (\d+) \(/.exec(output)
  assert.ok(match, `no account in:\n${output}`)
  const [produced, written, dropped] = match.slice(1).map(Number) as [number, number, number]
  return { produced, written, dropped }
}

function probe(url: string): Promise<Answer> {
  const startMs = performance.now()
  return new Promise((resolve, reject) => {
    // A new connection each time, as the kubelet does.
    get(url, { agent: false, signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        body += text
      })
      response.on('end', () => {
        const answer = JSON.parse(body) as Omit<Answer, 'code' | 'elapsedMs'>
        resolve({
          ...answer,
          code: response.statusCode ?? 0,
          elapsedMs: performance.now() - startMs,
        })
      })
      response.on('error', reject)
    }).on('error', reject)
  })
}
