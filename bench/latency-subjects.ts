// Servers as subjects of the latency rows: opened together with as many components each, checked to answer the same, and
// probed at the same rate in turn.
import { checkBodies, fetchBody } from './bodies.js'
import type { Environment, OpenBench, Subject } from './harness.js'
import { checkAnswers, latenciesOf, type ProbeReport, type Rate } from './latency-load.js'
import type { Sample } from './series.js'
import {
  listening,
  NODE_HTTP,
  OURS,
  OURS_AGAIN,
  PACKAGED_PEERS,
  type Server,
} from './server-process.js'

/** What a turn of a server is: probes, and what is done to the server meanwhile. */
export interface Turn {
  readonly environment: Environment
  readonly server: Server
  probe(rate: Rate): Promise<ProbeReport>
}

export interface LatencyPlan {
  readonly count: number
  readonly warmUp: Rate
  /** Ours alone where false. */
  readonly hasPeers: boolean
  /** After the warm-up, before the first turn. */
  prepare?(server: Server): Promise<void>
  sample(turn: Turn): Promise<ProbeReport>
  /** After the last turn: throws where what was to happen did not. Returns remarks. */
  verify?(server: Server): Promise<string[]>
}

export async function openLatencies(
  environment: Environment,
  plan: LatencyPlan,
): Promise<OpenBench> {
  const { servers, skipped } = await startServers(environment, plan)
  await checkBodies(
    servers.map((server) => ({ ...server, body: () => fetchBody(server.port, server.path) })),
  )
  const subjects = servers.map((server) => latencySubject(environment, server, plan))
  const [ours, again, ...peers] = subjects as [Subject, Subject, ...Subject[]]
  return {
    ours,
    again,
    peers,
    skipped,
    async close() {
      const remarks = [
        `our transport: ${servers[0]?.transport}; ${environment.probes.tellLateness()}`,
      ]
      try {
        for (const server of servers.slice(0, 2)) {
          remarks.push(...((await plan.verify?.(server)) ?? []))
        }
      } finally {
        for (const { process } of servers) await process.ask('rest')
      }
      return remarks
    },
  }
}

async function startServers(environment: Environment, { count, hasPeers }: LatencyPlan) {
  const { go, servers: processes } = environment
  const ours = await processes.serveAll([OURS, OURS_AGAIN], count)
  if (!hasPeers) return ours
  const goPeers = go === undefined ? [] : [await serveGo(go, count)]
  const goSkipped = go === undefined ? [{ name: 'go', why: 'see the head of the run' }] : []
  const others = await processes.serveAll([NODE_HTTP, ...PACKAGED_PEERS], count)
  return {
    servers: [...ours.servers, ...goPeers, ...others.servers],
    skipped: [...goSkipped, ...others.skipped],
  }
}

async function serveGo({ process }: NonNullable<Environment['go']>, count: number) {
  return listening({ name: 'go', path: '/healthz' }, process, await process.ask(`serve ${count}`))
}

function latencySubject(environment: Environment, server: Server, plan: LatencyPlan): Subject {
  const probe = async (rate: Rate) => environment.probes.run(server, rate)
  return {
    name: server.name,
    async warmUp() {
      checkAnswers(server.name, await probe(plan.warmUp))
      await plan.prepare?.(server)
    },
    async sample(): Promise<Sample> {
      return latenciesOf(await plan.sample({ environment, server, probe }))
    },
  }
}
