// The Go peer: builds `bench/peers/go` into a temporary folder and asks the running program for samples, one
// command at a time. For the bench's main thread.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Subject, timedSubject } from '../harness.js'
import { LineProcess } from '../line-process.js'
import type { ServerReply } from '../server-process.js'

/** What the program answers: a sample, or what a server does. */
export interface GoAnswer extends ServerReply {
  readonly operations?: number
  readonly nanoseconds?: number
  /** When it changed what it serves, by the clock of `nowNs()` where that is the machine's. */
  readonly toldAtNs?: number
}

export class GoPeer {
  /** `go version` of the compiler. */
  readonly version: string
  readonly #folder: string
  readonly process: LineProcess<GoAnswer>

  private constructor(version: string, folder: string, executable: string) {
    this.version = version
    this.#folder = folder
    this.process = new LineProcess('the go peer', executable)
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
  ask(command: string): Promise<GoAnswer> {
    return this.process.ask(command)
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
    await this.process.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
