// Runs the probe program in a process of its own, so that its exit code, what it says on standard error, its memory and
// its sockets can be asserted. Host thread only.
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { HealthServerOptions, ServerAddress } from '../../../src/index.js'
import type { Transport } from '../../../src/probe/choose-listener.js'

interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

export class ProbeProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #ended: Promise<Ending>
  #lines: string[] = []
  #rest = ''
  #onLine = () => {}
  port = 0
  /** Of the gRPC health service, where it was asked for. */
  grpcPort = 0

  static async start(
    transport: Transport,
    options: Pick<HealthServerOptions, 'limits' | 'tls' | 'grpc'> = {},
    components = 100,
  ): Promise<ProbeProcess> {
    const started = new ProbeProcess([transport, JSON.stringify(options), `${components}`])
    const { port, grpcPort = 0 } = JSON.parse(await started.#line()) as ServerAddress
    started.port = port
    started.grpcPort = grpcPort
    return started
  }

  private constructor(args: readonly string[]) {
    const program = fileURLToPath(new URL('./probe-program.js', import.meta.url))
    // V8's young generation grows with the rate of allocation, by as much as 48 MB a thread, and stays large. Garbage in
    // the old one, V8 of Node.js 22 and later leaves lying for minutes where memory is plenty. With both at their smallest
    // the process has what the program keeps.
    const flags = ['--max-semi-space-size=1', '--optimize-for-size']
    this.#child = spawn(process.execPath, [...flags, program, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    // One that is gone is told by how it ended.
    this.#child.stdin.on('error', () => {})
    let stderr = ''
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n')
      this.#rest = lines.pop()!
      this.#lines.push(...lines)
      this.#onLine()
    })
    this.#ended = once(this.#child, 'close').then(([code, signal]) => ({ code, signal, stderr }))
  }

  /** Bytes of memory that it takes. */
  async rss(): Promise<number> {
    this.#child.stdin.write('rss\n')
    return Number(await this.#line())
  }

  /** Has it report something new. */
  async change(): Promise<void> {
    this.#child.stdin.write('change\n')
    await this.#line()
  }

  /** How many sockets it has open; undefined where the system does not show that. */
  socketCount(): number | undefined {
    const folder = `/proc/${this.#child.pid}/fd`
    try {
      return readdirSync(folder).filter((fd) => isSocket(`${folder}/${fd}`)).length
    } catch {
      return undefined
    }
  }

  /** Asks it to end, and says how it did. */
  stop(): Promise<Ending> {
    this.#child.stdin.write('stop\n')
    return this.#ended
  }

  /** For a test that may have failed before. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  async #line(): Promise<string> {
    while (this.#lines.length === 0) {
      const line = new Promise<void>((resolve) => {
        this.#onLine = resolve
      })
      const ending = await Promise.race([line, this.#ended])
      if (ending) throw new Error(`the program has ended: ${JSON.stringify(ending)}`)
    }
    return this.#lines.shift()!
  }
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:')
  } catch {
    // Closed meanwhile.
    return false
  }
}
