// The Go peer: builds `bench/peers/go` into a temporary folder and asks the running program for samples, one
// command at a time. For the bench's main thread.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Subject, timedSubject } from '../harness.js'

/** What the program answers: a sample, or the port that it listens on. */
export interface GoAnswer {
  readonly operations?: number
  readonly nanoseconds?: number
  readonly port?: number
}

export class GoPeer {
  /** `go version` of the compiler. */
  readonly version: string
  readonly #folder: string
  readonly #process: ChildProcess
  readonly #answers: AsyncIterator<string>

  private constructor(version: string, folder: string, executable: string) {
    this.version = version
    this.#folder = folder
    this.#process = spawn(executable, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#answers = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]()
  }

  /** Builds and starts the peer, or says in one line why there is none. */
  static build(): GoPeer | { readonly missing: string } {
    const found = spawnSync('go', ['version'], { encoding: 'utf8' })
    if (found.status !== 0) return { missing: 'go is not installed' }
    const folder = mkdtempSync(join(tmpdir(), 'health-bench-'))
    const executable = join(folder, process.platform === 'win32' ? 'peer.exe' : 'peer')
    const built = spawnSync('go', ['build', '-o', executable, '.'], {
      // The sources stay where they are: the build output mirrors the tree without them.
      cwd: fileURLToPath(new URL('../../../bench/peers/go/', import.meta.url)),
      encoding: 'utf8',
      env: { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '', GOWORK: 'off' },
    })
    if (built.status !== 0) {
      rmSync(folder, { recursive: true, force: true })
      const reason = built.error?.message ?? built.stderr.trim().split('\n')[0]
      return { missing: `go build failed: ${reason}` }
    }
    return new GoPeer(found.stdout.trim().replace(/^go version /, ''), folder, executable)
  }

  /** Sends one command and waits for its answer. Commands must not overlap. */
  async ask(command: string): Promise<GoAnswer> {
    this.#process.stdin?.write(`${command}\n`)
    const line = await this.#answers.next()
    if (line.done) throw new Error(`the go peer ended early: command=${command}`)
    return JSON.parse(line.value) as GoAnswer
  }

  /** A subject that has the peer run `command` with the count of operations behind it. */
  subject(command: string, minSampleMs: number): Subject {
    return timedSubject('go', minSampleMs, async (count) => {
      const { operations, nanoseconds } = await this.ask(`${command} ${count}`)
      if (operations !== count || nanoseconds === undefined) {
        throw new Error(`the go peer did not do its work: command=${command} count=${count}`)
      }
      return nanoseconds
    })
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit')
    this.#process.stdin?.end()
    await ended
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
