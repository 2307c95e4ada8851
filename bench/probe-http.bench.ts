// GET /healthz under load, with everything applied and nothing changing, and with a component changing every
// millisecond, which is what keeps an answer from being the same bytes as the last one.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type HealthManager, HealthServer, HealthStatus } from '../src/index.js'
import { changeOf, check, componentNames, fill, startFilled } from './fixtures.js'
import type { Bench, Environment, OpenBench, Subject } from './harness.js'
import type { Load, LoadGenerator } from './http-load.js'
import type { GoPeer } from './peers/go.js'
import { PlainHealthManager } from './peers/plain-map.js'

const PATH = '/healthz'

/** A subject whose samples are req/s; remembers how busy the generator was. */
interface HttpSubject extends Subject {
  readonly busyShares: number[]
  body(): Promise<string>
}

interface Listening {
  readonly port: number
  rest(): Promise<void> | void
}

/** `listen` starts what answers for one sample, with its changes, and `rest` ends it. */
function httpSubject(
  name: string,
  generator: LoadGenerator,
  listen: () => Promise<Listening>,
): HttpSubject {
  const busyShares: number[] = []
  const load = async (): Promise<Load> => {
    const { port, rest } = await listen()
    try {
      return await generator.run(port, PATH)
    } finally {
      await rest()
    }
  }
  return {
    name,
    busyShares,
    async warmUp() {
      await load()
    },
    async sample() {
      const { requestsPerSecond, busyShare } = await load()
      if (busyShare !== undefined) busyShares.push(busyShare)
      return requestsPerSecond
    },
    async body() {
      const { port, rest } = await listen()
      try {
        return await (await fetch(`http://127.0.0.1:${port}${PATH}`)).text()
      } finally {
        await rest()
      }
    },
  }
}

/** Changes one component after the other, every `everyMs`, until stopped. */
function startChanging(
  manager: Pick<HealthManager, 'updateStatus'>,
  names: readonly string[],
  everyMs: number,
): () => void {
  if (everyMs === 0) return () => {}
  let turn = 0
  const timer = setInterval(() => {
    const { message, metadata } = changeOf(turn)
    manager.updateStatus(names[turn % names.length]!, HealthStatus.Healthy, message, metadata)
    turn += 1
  }, everyMs)
  return () => clearInterval(timer)
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

async function startNode(count: number): Promise<{ manager: PlainHealthManager; server: Server }> {
  const manager = new PlainHealthManager()
  fill(manager, componentNames(count))
  const server = createServer((_request, response) => {
    const { code, body } = manager.healthz()
    response.writeHead(code, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    })
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { manager, server }
}

function goSubject(go: GoPeer, generator: LoadGenerator, count: number, everyMs: number) {
  return httpSubject('go', generator, async () => {
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

async function open({ go, load }: Environment, count: number, everyMs: number): Promise<OpenBench> {
  const names = componentNames(count)
  const ours = [await startOurs(count), await startOurs(count)] as const
  const node = await startNode(count)
  const nodePort = (node.server.address() as AddressInfo).port
  const [first, again] = ours.map(({ health, port }, index) =>
    httpSubject(`health-actor${index === 0 ? '' : ' again'}`, load, async () => ({
      port,
      rest: startChanging(health, names, everyMs),
    })),
  ) as [HttpSubject, HttpSubject]
  const nodeSubject = httpSubject('node:http', load, async () => ({
    port: nodePort,
    rest: startChanging(node.manager, names, everyMs),
  }))
  const peers = [...(go ? [goSubject(go, load, count, everyMs)] : []), nodeSubject]
  if (everyMs === 0) await checkBodies([first, again, ...peers])
  return {
    ours: first,
    again,
    peers,
    async close() {
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
}

/** All subjects must answer the same bytes, or one of them does less than the others. */
async function checkBodies(subjects: readonly HttpSubject[]): Promise<void> {
  const bodies = []
  for (const subject of subjects) bodies.push(await subject.body())
  for (const [index, body] of bodies.entries()) {
    check(body === bodies[0], `${subjects[index]?.name} answers another body: ${body.slice(0, 80)}`)
  }
}

const samples = { full: 10, quick: 2 }

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
]
