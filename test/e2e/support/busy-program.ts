// Runs fixtures/busy-host in a process of its own, listens to what it says, and tells its other thread what to say.
import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { HealthStatus, healthStatusName } from '../../../src/index.js'
import { transports } from '../transports.js'
import { GrpcTraffic } from './grpc-traffic.js'
import { more, ProbeTraffic, type Saying, type Traffic } from './probe-traffic.js'

export type Trouble = 'busy loop' | 'regular expression' | 'saturation' | 'dead manager'

const HOST = fileURLToPath(new URL('../fixtures/busy-host.js', import.meta.url))
/** A program that neither gets into its trouble nor out of it is killed, so that its test fails. */
const END_DEADLINE_MS = 120_000

export class BusyProgram {
  readonly ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>
  /** All that it has said, merged. */
  readonly said: Record<string, unknown> = {}
  stderr = ''
  readonly #child: ChildProcessWithoutNullStreams
  readonly #news = new EventEmitter()
  #hasEnded = false
  #teller: Socket | undefined

  /** Resolves when the program is in trouble. It does not outlive the test. */
  static async start(t: TestContext, trouble: Trouble): Promise<BusyProgram> {
    const program = new BusyProgram(t, trouble)
    await program.hasSaid('doing')
    const teller = connect(program.said['tellerPort'] as number, '127.0.0.1')
    t.after(() => teller.destroy())
    // It ends with the program, in whatever way that ends.
    teller.on('error', () => {})
    await once(teller, 'connect')
    program.#teller = teller
    return program
  }

  private constructor(t: TestContext, trouble: Trouble) {
    const child = spawn(process.execPath, [HOST, trouble, ...transports], {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: END_DEADLINE_MS,
      killSignal: 'SIGKILL',
    })
    this.#child = child
    t.after(() => child.kill('SIGKILL'))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
    createInterface(child.stdout).on('line', (line) => {
      Object.assign(this.said, JSON.parse(line))
      this.#news.emit('news')
    })
    this.ended = once(child, 'close').then(([code, signal]) => {
      this.#hasEnded = true
      this.#news.emit('news')
      return [code, signal] as const
    })
  }

  /** Begins to probe the server of each transport. */
  probe(t: TestContext): readonly ProbeTraffic[] {
    const ports = Object.entries(this.said['ports'] as Record<string, number>)
    return ports.map(([transport, port]) => new ProbeTraffic(t, transport, port))
  }

  /** Begins to check the gRPC server. */
  check(t: TestContext): GrpcTraffic {
    return new GrpcTraffic(t, this.said['grpcPort'] as number)
  }

  /**
   * Tells of an illness and of a recovery, with `count` probes of each server before, between and after. Gives all that
   * the program has said, in order.
   */
  async tellTwice(
    traffic: readonly Pick<Traffic<unknown>, 'more'>[],
    count: number,
    others = '',
  ): Promise<readonly Saying[]> {
    await more(traffic, count)
    const ill = await this.tell(HealthStatus.Unhealthy, 'no collectors running', others)
    await more(traffic, count)
    const well = await this.tell(HealthStatus.Healthy, 'running again', others)
    await more(traffic, count)
    return [sayingAtStart(others), ill, well]
  }

  async hasSaid(what: string): Promise<void> {
    while (this.said[what] === undefined) {
      assert.ok(!this.#hasEnded, `the program ended before it said ${what}:\n${this.stderr}`)
      await once(this.#news, 'news')
    }
  }

  /** Has the thread that can still speak say this of `collector_manager`; resolves when the update has returned. */
  async tell(status: HealthStatus, message: string, others = ''): Promise<Saying> {
    const teller = this.#teller
    assert.ok(teller !== undefined)
    const from = performance.now()
    teller.write(`${status} ${message}\n`)
    await once(teller, 'data')
    return sayingOf(status, message, from, others)
  }

  /** Lets it end, once it is out of its trouble. */
  release(): Promise<readonly [code: number | null, signal: NodeJS.Signals | null]> {
    this.#child.stdin.end()
    return this.ended
  }

  kill(): Promise<readonly [code: number | null, signal: NodeJS.Signals | null]> {
    this.#child.kill('SIGKILL')
    return this.ended
  }
}

/** What the program says before anybody tells it anything; `others` are the components after these two. */
export function sayingAtStart(others = ''): Saying {
  return { ...sayingOf(HealthStatus.Healthy, 'at the start', 0, others), since: 0 }
}

/** What probes are answered from now on, when `collector_manager` was asked to say this. */
function sayingOf(status: HealthStatus, message: string, from: number, others: string): Saying {
  const name = healthStatusName(status)
  const components =
    `"components":{"collector_manager":{"status":"${name}","message":"${message}"},` +
    `"dakr_transport":{"status":"degraded","message":"retrying"}${others}}}\n`
  const isHealthy = status === HealthStatus.Healthy
  const code = isHealthy ? 200 : 503
  const notAlive = `{"status":"unhealthy","error":"collector_manager is unhealthy: ${message}",`
  const notReady = `{"status":"not ready","error":"collector_manager is not ready (status: ${name})",`
  return {
    from,
    since: performance.now(),
    answers: {
      '/healthz': { code, body: `${isHealthy ? '{"status":"healthy",' : notAlive}${components}` },
      '/readyz': { code, body: `${isHealthy ? '{"status":"ready",' : notReady}${components}` },
    },
  }
}
