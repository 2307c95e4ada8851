// From updateStatus() in an idle runtime until another thread sees it: a reader that asks without pause, and a
// probe client that sends GET /healthz without pause. The second one includes the request that was on its way.
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { HealthManager, HealthServer, HealthStatus } from '../src/index.js'
import { COLLECTOR, check, MESSAGE } from './fixtures.js'
import { type Bench, nowNs, type OpenBench, type Subject } from './harness.js'
import { BareWake } from './peers/bare-wake.js'
import { type ReaderSeat, Sighting } from './sighting.js'

/** Long enough for the manager to park. */
const IDLE_MS = 3
const GIVE_UP_MS = 5_000

class Watched {
  readonly #health: HealthManager
  readonly #server: HealthServer | undefined
  readonly #reader: Worker
  readonly #sighting = new Sighting()
  #isUnhealthy = false

  private constructor(
    health: HealthManager,
    server: HealthServer | undefined,
    where: ReaderSeat['where'],
  ) {
    this.#health = health
    this.#server = server
    const seat: ReaderSeat = { where, sighting: this.#sighting.buffer }
    this.#reader = new Worker(new URL('./visibility-reader.js', import.meta.url), {
      workerData: seat,
    })
  }

  static async start(through: 'thread' | 'http'): Promise<Watched> {
    const health = await HealthManager.start()
    health.register(COLLECTOR)
    health.updateStatus(COLLECTOR, HealthStatus.Healthy, MESSAGE)
    await health.flush()
    if (through === 'thread') return new Watched(health, undefined, { handle: health.handle() })
    const server = new HealthServer(health, { host: '127.0.0.1', port: 0 })
    const { port } = await server.start()
    return new Watched(health, server, { port })
  }

  /** The latency in µs. The reader asks without pause from before the update on. */
  async change(): Promise<number> {
    this.#isUnhealthy = !this.#isUnhealthy
    this.#reader.postMessage({ isUnhealthy: this.#isUnhealthy })
    await once(this.#reader, 'message')
    await delay(IDLE_MS)
    const start = nowNs()
    this.#health.updateStatus(
      COLLECTOR,
      this.#isUnhealthy ? HealthStatus.Unhealthy : HealthStatus.Healthy,
      MESSAGE,
    )
    // Blocks at once: on a machine of two cores the manager needs the one that this thread is on.
    const seenNs = this.#sighting.await(GIVE_UP_MS)
    check(seenNs !== undefined, 'the change was never seen')
    return (seenNs - start) / 1000
  }

  async stop(): Promise<void> {
    this.#reader.postMessage('stop')
    await once(this.#reader, 'exit')
    await this.#server?.stop()
    await this.#health.stop()
  }
}

function subject(name: string, watched: Watched): Subject {
  return {
    name,
    async warmUp() {
      for (let i = 0; i < 30; i++) await watched.change()
    },
    sample: () => watched.change(),
  }
}

/** The least that a parked manager can take: from the ring until a thread that waits as it does runs again. */
function bareWake(thread: BareWake): Subject {
  const wake = async () => {
    await delay(IDLE_MS)
    const start = nowNs()
    const wokenNs = thread.wake(GIVE_UP_MS)
    check(wokenNs !== undefined, 'the thread never woke')
    return (wokenNs - start) / 1000
  }
  return {
    name: 'bare wake',
    async warmUp() {
      for (let i = 0; i < 30; i++) await wake()
    },
    sample: wake,
  }
}

async function open(through: 'thread' | 'http'): Promise<OpenBench> {
  const watched = [await Watched.start(through), await Watched.start(through)] as const
  const thread = await BareWake.start()
  return {
    ours: subject('health-actor', watched[0]),
    again: subject('health-actor again', watched[1]),
    peers: [bareWake(thread)],
    async close() {
      await thread.stop()
      for (const each of watched) await each.stop()
      return []
    },
  }
}

export const visibility: readonly Bench[] = [
  {
    name: 'visible-to-reader',
    title: 'visible to a probe thread after an idle update',
    unit: 'µs',
    target: { p50AtMost: 50, p99AtMost: 1000 },
    isOfEvents: true,
    samples: { full: 500, quick: 150 },
    open: () => open('thread'),
  },
  {
    name: 'visible-through-http',
    title: 'visible in GET /healthz after an idle update',
    unit: 'µs',
    isOfEvents: true,
    samples: { full: 500, quick: 100 },
    open: () => open('http'),
  },
]
