// A child process that takes one command a line on its standard input and answers with lines of JSON. What is measured
// in a process of its own is asked through one of these. For the bench's main thread.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export class LineProcess<Reply extends object> {
  readonly #name: string
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #exited: Promise<unknown>

  constructor(name: string, command: string, args: readonly string[] = []) {
    this.#name = name
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#exited = once(this.#process, 'exit')
    // Whoever asks is told that the process has ended; a write that comes too late needs no second word.
    this.#process.stdin?.on('error', () => {})
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]()
  }

  /** A Node.js program of the build; `entry` is beside this file. */
  static ofEntry<Reply extends object>(name: string, entry: string): LineProcess<Reply> {
    const path = fileURLToPath(new URL(entry, import.meta.url))
    return new LineProcess<Reply>(name, process.execPath, ['--expose-gc', path])
  }

  /** Sends one command and waits for its answer. Commands must not overlap. */
  async ask(command: string): Promise<Reply> {
    this.#process.stdin?.write(`${command}\n`)
    const reply = await this.tryNext()
    if (reply === undefined) throw new Error(`${this.#name} ended early: command=${command}`)
    return reply
  }

  /** The next line of a command that answers more than once; undefined where the process has ended. */
  async tryNext(): Promise<Reply | undefined> {
    const line = await this.#lines.next()
    return line.done ? undefined : (JSON.parse(line.value) as Reply)
  }

  /** The end of its input is the end of it. */
  async close(): Promise<void> {
    this.#process.stdin?.end()
    await this.#exited
  }
}
