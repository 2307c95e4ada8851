// Runs fixtures/loop-host in a process of its own, and looks at it over HTTP as a person or a kubelet would.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export type LoopTrouble = 'loop' | 'wait' | 'regular expression' | 'crypto' | 'worker' | 'none'

const HOST = fileURLToPath(new URL('../fixtures/loop-host.js', import.meta.url))
/** Between two looks, so that they leave the cores to what is looked at. */
const POLL_INTERVAL_MS = 20
const PATIENCE_MS = 60_000

export interface Look {
  readonly code: number
  readonly error: string
  readonly status: string
  readonly message: string
}

export class LoopProgram {
  readonly said: Record<string, unknown> = {}
  stderr = ''
  readonly #child: ChildProcess
  readonly #component: string

  static async start(t: TestContext, trouble: LoopTrouble, lateMs: number, wedgedMs: number) {
    const program = new LoopProgram(t, trouble, lateMs, wedgedMs)
    await program.#hasSaid('doing')
    return program
  }

  private constructor(t: TestContext, trouble: LoopTrouble, lateMs: number, wedgedMs: number) {
    const child = spawn(process.execPath, [HOST, trouble, `${lateMs}`, `${wedgedMs}`], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child = child
    this.#component = trouble === 'worker' ? 'worker_loop' : 'event_loop'
    t.after(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'close')
    })
    child.stdin.on('error', () => {})
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    createInterface(child.stdout).on('line', (line) => Object.assign(this.said, JSON.parse(line)))
  }

  /** The liveness verdict, and the component of the loop in trouble. */
  async look(): Promise<Look> {
    const response = await fetch(`http://127.0.0.1:${this.said['port']}/healthz`)
    const { error = '', components } = (await response.json()) as {
      error?: string
      components: Record<string, { status: string; message: string }>
    }
    const { status = '', message = '' } = components[this.#component] ?? {}
    return { code: response.status, error, status, message }
  }

  /** Looks until something is seen; gives all looks. */
  async lookUntil(isSeen: (look: Look) => boolean): Promise<readonly Look[]> {
    const looks: Look[] = []
    const end = performance.now() + PATIENCE_MS
    for (;;) {
      const look = await this.look()
      looks.push(look)
      if (isSeen(look)) return looks
      assert.ok(performance.now() < end, `not seen, but ${JSON.stringify(look)}\n${this.stderr}`)
      await wait(POLL_INTERVAL_MS)
    }
  }

  /** A sample of the metrics; 0 where it is not there. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`http://127.0.0.1:${this.said['port']}/metrics`)).text()
    const line = text.split('\n').find((each) => each.startsWith(`${name} `))
    return Number(line?.slice(name.length + 1) ?? 0)
  }

  endTrouble(): void {
    this.#child.stdin?.write('.')
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async #hasSaid(what: string): Promise<void> {
    const end = performance.now() + PATIENCE_MS
    while (this.said[what] === undefined) {
      assert.ok(performance.now() < end, `did not say ${what}:\n${this.stderr}`)
      await wait(POLL_INTERVAL_MS)
    }
  }
}
