// Who tells the changes of the visibility benches: ours and its peers, each with a component that is healthy, and where
// a reader finds it.
import type { AddressInfo } from 'node:net'
import { HealthServer, HealthStatus } from '../src/index.js'
import {
  COLLECTOR,
  check,
  componentNames,
  fill,
  MESSAGE,
  METADATA,
  startFilled,
} from './fixtures.js'
import { nowNs } from './harness.js'
import { ComlinkHealthManager } from './peers/comlink-manager.js'
import type { GoPeer } from './peers/go.js'
import { listenWithNodeHttp } from './peers/node-http.js'
import { PlainHealthManager } from './peers/plain-map.js'
import type { Skipped } from './server-process.js'
import type { Teller } from './watched.js'

/** As many as the probes of an idle program are measured with. */
const COMPONENTS = 10

export type Through = 'thread' | 'http'

function verdict(isUnhealthy: boolean): HealthStatus {
  return isUnhealthy ? HealthStatus.Unhealthy : HealthStatus.Healthy
}

export async function startOurs(name: string, through: Through): Promise<Teller> {
  const health = await startFilled(COMPONENTS)
  const tell = (isUnhealthy: boolean) => {
    const start = nowNs()
    health.updateStatus(COLLECTOR, verdict(isUnhealthy), MESSAGE)
    return start
  }
  if (through === 'thread') {
    return { name, where: { handle: health.handle() }, tell, stop: () => health.stop() }
  }
  const server = new HealthServer(health, { host: '127.0.0.1', port: 0 })
  const { port } = await server.start()
  const stop = async () => {
    await server.stop()
    await health.stop()
  }
  return { name, where: { port }, tell, settle: () => health.flush(), stop }
}

/** The Map and, through HTTP, its server are in a worker; the update is a message to it. */
export async function startComlink(through: Through): Promise<Teller> {
  const naive = new ComlinkHealthManager()
  const { remote } = naive
  for (const name of componentNames(COMPONENTS)) {
    await remote.register(name)
    await remote.updateStatus(name, HealthStatus.Healthy, MESSAGE, METADATA)
  }
  const isThread = through === 'thread'
  return {
    name: isThread ? 'comlink' : 'comlink, node:http',
    where: isThread ? { comlink: await naive.connect() } : { port: await remote.listen() },
    tell(isUnhealthy) {
      const start = nowNs()
      const call = remote.updateStatus(COLLECTOR, verdict(isUnhealthy), MESSAGE)
      // The message is on its way; that it was understood is known when this thread is free again.
      return call.then(() => start)
    },
    stop: () => naive.stop(),
  }
}

/** The Map and its server are on this thread's loop, which also tells the changes. */
export async function startPlainHttp(): Promise<Teller> {
  const manager = new PlainHealthManager()
  fill(manager, componentNames(COMPONENTS))
  const { server } = await listenWithNodeHttp(manager)
  return {
    name: 'node:http',
    where: { port: (server.address() as AddressInfo).port },
    answersOnThisLoop: true,
    tell(isUnhealthy) {
      const start = nowNs()
      manager.updateStatus(COLLECTOR, verdict(isUnhealthy), MESSAGE)
      return start
    },
    async stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/**
 * Serves from the Go program, which is told through its input when to update and says when it did, by the machine's
 * clock: so the way of the command is no part of the latency. Left out where that clock is not the one of `nowNs()`.
 */
export async function startGoHttp(go: GoPeer): Promise<Teller | Skipped> {
  const { port } = await go.ask(`serve ${COMPONENTS}`)
  check(port !== undefined, 'the go peer has no port')
  const stop = async () => {
    await go.ask('rest')
  }
  const tell = async (isUnhealthy: boolean) => {
    const askedNs = nowNs()
    const { toldAtNs = 0 } = await go.ask(`tell ${isUnhealthy ? 'unhealthy' : 'healthy'}`)
    return { toldAtNs, isThisClock: toldAtNs >= askedNs && toldAtNs <= nowNs() }
  }
  if (!(await tell(false)).isThisClock) {
    await stop()
    return { name: 'go', why: "its clock is not this process's" }
  }
  return {
    name: 'go',
    where: { port },
    async tell(isUnhealthy) {
      const { toldAtNs, isThisClock } = await tell(isUnhealthy)
      check(isThisClock, `the go peer has changed at ${toldAtNs}, out of turn`)
      return toldAtNs
    },
    stop,
  }
}
