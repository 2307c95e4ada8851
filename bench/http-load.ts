// The load on the HTTP benches: `wrk` where it is installed, else keep-alive clients in a worker. Either sends the
// next request of a connection when the last one is answered, and says how busy it was: a generator whose core
// is full measures itself, and the figure is then a lower bound.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'

export interface Load {
  readonly requestsPerSecond: number
  /** Share of one core that the generator used; undefined where that can't be told. */
  readonly busyShare: number | undefined
}

/** Under this load a server answered something else than what was asked for, as one may that protects itself. */
export class LoadRefused extends Error {}

export interface LoadGenerator {
  readonly name: string
  /** Loads one URL for so many times `WRK_SECONDS` or `CLIENT_LOAD_MS`. @throws {LoadRefused} where an answer is not 200. */
  run(port: number, path: string, times: number): Promise<Load>
  close(): Promise<void>
}

/** What that worker says instead of a load: an answer was not 200. */
export interface Refusal {
  readonly refused: string
}

/** What the worker of the built-in generator is asked. */
export interface LoadOrder {
  readonly port: number
  readonly path: string
  readonly connections: number
  readonly durationMs: number
}

const CONNECTIONS = 32
/** wrk takes whole seconds only. */
const WRK_SECONDS = 1
const CLIENT_LOAD_MS = 500
/** An answer that is slow is counted as such, not given up. */
const WRK_PATIENCE = '30s'
const CLOCK_TICKS_PER_SECOND = 100

export function findLoadGenerator(): LoadGenerator {
  // wrk has no option that succeeds without a URL; its version comes with exit code 1.
  return spawnSync('wrk', ['--version']).error === undefined
    ? wrkGenerator
    : new WorkerLoadGenerator()
}

/** CPU seconds that a process has used; undefined off Linux and after its end. */
async function tryCpuSeconds(processId: number | undefined): Promise<number | undefined> {
  try {
    const stat = await readFile(`/proc/${processId}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND
  } catch {
    return undefined // no /proc, or already gone: the share stays unknown
  }
}

const wrkGenerator: LoadGenerator = {
  name: `wrk, 1 thread, ${CONNECTIONS} keep-alive connections`,
  async run(port, path, times) {
    const seconds = WRK_SECONDS * times
    const url = `http://127.0.0.1:${port}${path}`
    const options = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, `--timeout=${WRK_PATIENCE}`]
    const wrk = spawn('wrk', [...options, url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    wrk.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    let busyShare: number | undefined
    const started = performance.now()
    const look = setTimeout(async () => {
      const used = await tryCpuSeconds(wrk.pid)
      if (used !== undefined) busyShare = used / ((performance.now() - started) / 1000)
    }, seconds * 900)
    await new Promise<void>((resolve, reject) => {
      wrk.once('error', reject)
      wrk.once('close', () => resolve())
    })
    clearTimeout(look)
    const requestsPerSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1])
    const refused = /Non-2xx.*/.exec(output)?.[0]
    if (refused !== undefined) throw new LoadRefused(`refused the load: ${refused}`)
    const trouble = /Socket errors.*/.exec(output)?.[0]
    if (!(requestsPerSecond > 0) || trouble !== undefined) {
      throw new Error(`wrk failed: url=${url} ${trouble ?? output}`)
    }
    return { requestsPerSecond, busyShare }
  },
  close: async () => {},
}

class WorkerLoadGenerator implements LoadGenerator {
  readonly name = `built-in client in a worker, ${CONNECTIONS} keep-alive connections`
  readonly #worker = new Worker(new URL('./http-load-worker.js', import.meta.url))

  async run(port: number, path: string, times: number): Promise<Load> {
    const durationMs = CLIENT_LOAD_MS * times
    const order: LoadOrder = { port, path, connections: CONNECTIONS, durationMs }
    const answer = once(this.#worker, 'message')
    this.#worker.postMessage(order)
    const [outcome] = (await answer) as [Load | Refusal]
    if ('refused' in outcome) throw new LoadRefused(outcome.refused)
    return outcome
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}
