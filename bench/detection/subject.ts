// The sample collector as a process of its own, asked over HTTP as a kubelet would. For the bench's main thread.
import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { get } from 'node:http'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../examples/collector/main.js', import.meta.url))
/** Longer than a kubelet waits, so that an answer that is late is told apart from none. */
const ANSWER_TIMEOUT_MS = 10_000

export interface Component {
  readonly status: string
  readonly message?: string
  readonly metadata?: Readonly<Record<string, string>>
}

export interface Verdict {
  readonly error?: string
  readonly components: Readonly<Record<string, Component>>
}

export interface Transition {
  readonly number: number
  readonly at: string
  readonly component: string
  readonly newStatus: string
  readonly message: string
}

export interface Answer {
  readonly code: number
  readonly text: string
  /** Epoch ms at which its last byte was here. */
  readonly at: number
  readonly elapsedMs: number
}

export class Subject {
  readonly #child: ChildProcess
  readonly #changes = new EventEmitter()
  readonly #ended: Promise<unknown>
  #hasEnded = false
  #url = ''
  output = ''

  /** Resolves once it collects. */
  static async start(args: readonly string[]): Promise<Subject> {
    const subject = new Subject(args)
    const match = await subject.said(/probes +(http:\/\/\S+)\/healthz/)
    subject.#url = match[1]!
    await subject.said(/collecting with/)
    return subject
  }

  private constructor(args: readonly string[]) {
    const common = ['--port', '0', '--out', '/dev/null']
    const child = spawn(process.execPath, [MAIN, ...common, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
        this.#changes.emit('change')
      })
    }
    this.#ended = once(child, 'close').then(() => {
      this.#hasEnded = true
      this.#changes.emit('change')
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  async said(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output)
      if (match !== null) return match
      if (this.#hasEnded) throw new Error(`it ended without saying ${pattern}:\n${this.output}`)
      await once(this.#changes, 'change')
    }
  }

  /** A connection for each, as a kubelet's probes have. */
  ask(path: string): Promise<Answer> {
    const startMs = performance.now()
    const options = { agent: false, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }
    return new Promise((resolve, reject) => {
      get(`${this.#url}${path}`, options, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece
        })
        response.on('error', reject).on('end', () => {
          const elapsedMs = performance.now() - startMs
          resolve({ code: response.statusCode!, text, at: Date.now(), elapsedMs })
        })
      }).on('error', reject)
    })
  }

  async transitions(limit: number): Promise<{ readonly at: number; readonly list: Transition[] }> {
    const { text, at } = await this.ask(`/transitions?limit=${limit}`)
    return { at, list: (JSON.parse(text) as { transitions: Transition[] }).transitions }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Does not wait for what is stuck. */
  async end(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}

export function verdictIn(answer: Answer): Verdict {
  return JSON.parse(answer.text) as Verdict
}
