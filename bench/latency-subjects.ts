// Servers as subjects of the latency rows: opened together with as many components each, checked to answer the same, and
// probed at the same rate in turn.
import { checkBodies, fetchBody } from './bodies.js'
import { type Environment, type OpenBench, prepared, type Subject } from './harness.js'
import {
  checkAnswers,
  describeLateness,
  latenciesOf,
  type ProbeReport,
  type Rate,
} from './latency-load.js'
import type { Sample } from './series.js'
import {
  listening,
  NODE_HTTP,
  OURS,
  OURS_AGAIN,
  packagedPeers,
  type Server,
} from './server-process.js'

const OUR_NAMES = [OURS.name, OURS_AGAIN.name]

/** What a turn of a server is: probes, and what is done to the server meanwhile. */
export interface Turn {
  readonly server: Server
  readonly isOurs: boolean
  probe(rate: Rate): Promise<ProbeReport>
}

export interface LatencyPlan {
  readonly count: number
  readonly warmUp: Rate
  /** Ours alone where false. */
  readonly hasPeers: boolean
  /** After the warm-up, before the first turn. */
  prepare?(server: Server): Promise<void>
  /** @throws where an answer was not as it had to be, or what was to happen did not. */
  sample(turn: Turn): Promise<ProbeReport>
}

export async function openLatencies(
  environment: Environment,
  plan: LatencyPlan,
): Promise<OpenBench> {
  const { ours: own, peers: others, skipped } = await startServers(environment, plan)
  const servers = [...own, ...others]
  const subjects = servers.map((server) => latencySubject(environment, server, plan))
  const [ours, again, ...peers] = subjects as [LatencySubject, LatencySubject, ...LatencySubject[]]
  const bench: OpenBench = {
    ours,
    again,
    peers,
    skipped,
    async close() {
      const replies = []
      for (const { process } of servers) replies.push(await process.ask('rest'))
      const staleReads = replies.slice(0, own.length).map((reply) => reply.staleReads)
      const late = [ours, ...peers].map((each) => describeLateness(each.name, each.lateUs))
      return [
        `our transport: ${own[0]?.transport}; stale reads: ${staleReads.join(', ')}`,
        `of that, the client's own lateness in µs, p50 and p99.9: ${late.join('; ')}`,
      ]
    },
  }
  return prepared(bench, () =>
    checkBodies(
      servers.map((server) => ({ ...server, body: () => fetchBody(server.port, server.path) })),
    ),
  )
}

async function startServers(environment: Environment, { count, hasPeers }: LatencyPlan) {
  const { go, servers: processes, isQuick } = environment
  const { servers: ours } = await processes.serveAll([OURS, OURS_AGAIN], count)
  if (!hasPeers) return { ours, peers: [], skipped: [] }
  const goPeers = go === undefined ? [] : [await serveGo(go, count)]
  const { kinds, skipped: leftOut } = packagedPeers(isQuick)
  const others = await processes.serveAll([NODE_HTTP, ...kinds], count)
  return {
    ours,
    peers: [...goPeers, ...others.servers],
    skipped: [...environment.goSkipped, ...leftOut, ...others.skipped],
  }
}

async function serveGo({ process }: NonNullable<Environment['go']>, count: number) {
  return listening({ name: 'go', path: '/healthz' }, process, await process.ask(`serve ${count}`))
}

/** Remembers how late the client was in its turns. */
interface LatencySubject extends Subject {
  readonly lateUs: number[]
}

function latencySubject(
  environment: Environment,
  server: Server,
  plan: LatencyPlan,
): LatencySubject {
  const lateUs: number[] = []
  const isOurs = OUR_NAMES.includes(server.name)
  const probe = (rate: Rate) => environment.probes.run(server, rate)
  return {
    name: server.name,
    lateUs,
    async warmUp() {
      checkAnswers(server.name, await probe(plan.warmUp))
      await plan.prepare?.(server)
    },
    async sample(): Promise<Sample> {
      const report = await plan.sample({ server, isOurs, probe })
      for (const late of report.lateUs) lateUs.push(late)
      return latenciesOf(report)
    },
  }
}
