// GET /healthz under load, with everything applied and nothing changing, and with a component changing every
// millisecond, which is what keeps an answer from being the same bytes as the last one.
import type { AddressInfo } from 'node:net'
import { type HealthManager, HealthServer } from '../src/index.js'
import { type Answering, checkBodies, fetchBody } from './bodies.js'
import { check, componentNames, fill, startChanging, startFilled } from './fixtures.js'
import { type Bench, type Environment, type OpenBench, prepared, type Subject } from './harness.js'
import { ProbeClient } from './http-client.js'
import { type Load, LoadRefused } from './http-load.js'
import type { GoPeer } from './peers/go.js'
import { listenWithNodeHttp } from './peers/node-http.js'
import { PlainHealthManager } from './peers/plain-map.js'
import { packagedPeers, type Server } from './server-process.js'

const PATH = '/healthz'

/** A subject whose samples are req/s; remembers how busy the generator was. */
interface HttpSubject extends Subject, Answering {
  readonly busyShares: number[]
}

interface Listening {
  readonly port: number
  rest(): Promise<void> | void
}

/** Of all subjects of a bench. */
interface Loading extends Pick<Environment, 'load' | 'isQuick'> {
  /** How many loads of the generator are one sample. */
  readonly times: number
}

/** `listen` starts what answers for one sample, with its changes, and `rest` ends it. */
function httpSubject(
  name: string,
  { load: generator, isQuick, times }: Loading,
  listen: () => Promise<Listening>,
  { path, ownBody }: Pick<Server, 'path' | 'ownBody'> = { path: PATH },
): HttpSubject {
  const busyShares: number[] = []
  const whileListening = async <Outcome>(work: (port: number) => Promise<Outcome>) => {
    const { port, rest } = await listen()
    try {
      return await work(port)
    } catch (cause) {
      if (cause instanceof LoadRefused) throw cause
      throw new Error(`the load on ${name} failed: ${(cause as Error).message}`, { cause })
    } finally {
      await rest()
    }
  }
  const load = (): Promise<Load> => whileListening((port) => generator.run(port, path, times))
  return {
    name,
    ownBody,
    busyShares,
    async warmUp() {
      if (isQuick) await whileListening((port) => ask(port, path))
      else await load()
    },
    async sample() {
      const { requestsPerSecond, busyShare } = await load()
      if (busyShare !== undefined) busyShares.push(busyShare)
      return requestsPerSecond
    },
    body: () => whileListening((port) => fetchBody(port, path)),
  }
}

const SHORT_WARM_UP_MS = 200

/** A warm-up shorter than any of wrk's. */
async function ask(port: number, path: string): Promise<void> {
  const client = await ProbeClient.open(port, path)
  const end = performance.now() + SHORT_WARM_UP_MS
  while (performance.now() < end) await client.get()
  client.close()
}

async function startOurs(count: number): Promise<{
  health: HealthManager
  server: HealthServer
  port: number
  transport: string
}> {
  const health = await startFilled(count)
  const server = new HealthServer(health, { host: '127.0.0.1', port: 0 })
  const { port, transport } = await server.start()
  return { health, server, port, transport }
}

async function startNode(count: number) {
  const manager = new PlainHealthManager()
  fill(manager, componentNames(count))
  const { server } = await listenWithNodeHttp(manager)
  return { manager, server, port: (server.address() as AddressInfo).port }
}

function goSubject(go: GoPeer, loading: Loading, count: number, everyMs: number) {
  return httpSubject('go', loading, async () => {
    const { port } = await go.ask(`serve ${count} ${everyMs}`)
    check(port !== undefined, 'the go peer has no port')
    return {
      port,
      async rest() {
        await go.ask('rest')
      },
    }
  })
}

/** A peer in a process of its own, which listens all the time and changes its components during the samples only. */
function packagedSubject(server: Server, loading: Loading, everyMs: number): HttpSubject {
  const { name, port, process } = server
  const listen = async () => {
    await process.ask(`change ${everyMs}`)
    return {
      port,
      async rest() {
        await process.ask('change 0')
      },
    }
  }
  return httpSubject(name, loading, listen, server)
}

async function open(
  environment: Environment,
  count: number,
  everyMs: number,
  times = 1,
): Promise<OpenBench> {
  const { go } = environment
  const loading: Loading = { ...environment, times }
  const names = componentNames(count)
  const ours = [await startOurs(count), await startOurs(count)] as const
  const node = await startNode(count)
  const [first, again] = ours.map(({ health, port }, index) =>
    httpSubject(`health-actor${index === 0 ? '' : ' again'}`, loading, async () => ({
      port,
      rest: startChanging(health, names, everyMs),
    })),
  ) as [HttpSubject, HttpSubject]
  const nodeSubject = httpSubject('node:http', loading, async () => ({
    port: node.port,
    rest: startChanging(node.manager, names, everyMs),
  }))
  const { kinds, skipped: leftOut } = packagedPeers(environment.isQuick)
  const { servers, skipped } = await environment.servers.serveAll(kinds, count)
  const packaged = servers.map((server) => packagedSubject(server, loading, everyMs))
  const peers = [...(go ? [goSubject(go, loading, count, everyMs)] : []), nodeSubject, ...packaged]
  const bench: OpenBench = {
    ours: first,
    again,
    peers,
    skipped: [...leftOut, ...skipped],
    async close() {
      for (const { process } of servers) await process.ask('rest')
      node.server.closeAllConnections()
      node.server.close()
      for (const { health, server } of ours) {
        await server.stop()
        await health.stop()
      }
      const busy = [first, ...peers].map(({ name, busyShares }) => {
        const share = busyShares.reduce((sum, each) => sum + each, 0) / busyShares.length
        return `${name} ${Number.isNaN(share) ? '?' : Math.round(share * 100)} %`
      })
      return [
        `our transport: ${ours[0].transport}; core share of the load generator: ${busy.join(', ')}`,
      ]
    },
  }
  return prepared(bench, async () => {
    if (everyMs === 0) await checkBodies([first, again, ...peers])
  })
}

const samples = { full: 10, quick: 1 }

export const probeHttp: readonly Bench[] = [
  {
    name: 'healthz-10',
    title: 'GET /healthz, 10 components',
    unit: 'req/s',
    target: { peer: 'go', relation: '>=', factor: 4 },
    samples,
    open: (environment) => open(environment, 10, 0),
  },
  {
    name: 'healthz-10-changing',
    title: 'GET /healthz, 10 components, one changing every ms',
    unit: 'req/s',
    target: { peer: 'go', relation: '>=', factor: 4 },
    isLong: true,
    samples,
    open: (environment) => open(environment, 10, 1),
  },
  {
    name: 'healthz-1000',
    title: 'GET /healthz, 1,000 components',
    unit: 'req/s',
    target: { peer: 'go', relation: '>=', factor: 10 },
    samples,
    open: (environment) => open(environment, 1000, 0),
  },
  {
    name: 'healthz-1000-changing',
    title: 'GET /healthz, 1,000 components, one changing every ms',
    unit: 'req/s',
    target: { peer: 'go', relation: '>=', factor: 10 },
    isLong: true,
    samples,
    open: (environment) => open(environment, 1000, 1),
  },
  {
    name: 'healthz-10000',
    title: 'GET /healthz, 10,000 components',
    unit: 'req/s',
    isLong: true,
    samples: { full: 4, quick: 1 },
    // An answer may take a good part of a second where 32 are asked for at once.
    open: (environment) => open(environment, 10_000, 0, 5),
  },
]
