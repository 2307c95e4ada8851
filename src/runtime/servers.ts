// Which servers answer for which runtime, so that the runtime's `stop()` can stop them, after everything else:
// a probe that finds nobody says less than one that is told that the runtime has stopped. Not part of the public
// index; called in the thread of the runtime that a server was made for.
import type { ProbeStats } from '../model/probe-stats.js'
import type { ActorStats } from './stats.js'

/** What a runtime has to know of a server that reads from it. */
export interface AttachedServer {
  /** How its actor is, for the runtime's stats. */
  readonly actor: ActorStats
  /** How all of its actors are, where it has more than one. */
  readonly actors?: readonly ActorStats[]
  /** Whether it is to be stopped while probes are still answered. */
  readonly stopsFirst?: boolean
  /** What its probes were answered, for the runtime's stats, where it answers any. Bounded; never rejects. */
  probeStats?(): Promise<ProbeStats>
  /** Idempotent. */
  stop(): Promise<void>
}

const serversByRuntime = new WeakMap<object, Set<AttachedServer>>()

/** Ties a server to a runtime, from its start to its end. */
export function addServer(runtime: object, server: AttachedServer): void {
  const servers = serversByRuntime.get(runtime)
  if (servers) servers.add(server)
  else serversByRuntime.set(runtime, new Set([server]))
}

export function removeServer(runtime: object, server: AttachedServer): void {
  serversByRuntime.get(runtime)?.delete(server)
}

/** The servers of a runtime that run now, in the order of their start. */
export function serversOf(runtime: object): readonly AttachedServer[] {
  return [...(serversByRuntime.get(runtime) ?? [])]
}

/** Stops every server of a runtime, those that stop first before the others; rejects with the first failure after all were tried. */
export async function stopServers(runtime: object): Promise<void> {
  const servers = serversOf(runtime)
  const outcomes = [
    ...(await stopAll(servers.filter((server) => server.stopsFirst))),
    ...(await stopAll(servers.filter((server) => !server.stopsFirst))),
  ]
  const failure = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failure) throw failure.reason
}

function stopAll(servers: readonly AttachedServer[]) {
  return Promise.allSettled(servers.map((server) => server.stop()))
}
