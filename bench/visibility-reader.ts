// Entry of the worker that looks for changes: told what to look for, it says that it is looking, looks without
// pause, and reports when it saw it.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { type HealthHandle, HealthManager } from '../src/index.js'
import { check } from './fixtures.js'
import { nowNs } from './harness.js'
import { ProbeClient } from './http-client.js'
import { askThrough } from './peers/comlink-manager.js'
import { Sighting } from './sighting.js'

/** Where a reader looks: at the runtime that it is attached to, at a naive manager in another thread, at an HTTP port. */
export type Where =
  | { readonly handle: HealthHandle }
  | { readonly comlink: MessagePort }
  | { readonly port: number }

/** What the reader's worker is given. */
export interface ReaderSeat {
  readonly where: Where
  readonly sighting: SharedArrayBuffer
}

interface Reader {
  /** Looks until the component is as told; gives when it was, in process-wide ns. */
  look(isUnhealthy: boolean): number | Promise<number>
  stop(): unknown
}

const GIVE_UP_MS = 5_000

/** Asks no loop, so it does not return to its own one either. */
function attachedReader(handle: HealthHandle): Reader {
  const health = HealthManager.attach(handle)
  return {
    look(isUnhealthy) {
      const giveUpNs = nowNs() + GIVE_UP_MS * 1e6
      for (;;) {
        const isSeen = (health.livenessCheck() !== undefined) === isUnhealthy
        const now = nowNs()
        if (isSeen) return now
        check(now < giveUpNs, 'the change was never seen')
      }
    },
    stop: () => health.stop(),
  }
}

/** Asks the next time when the answer to the last one is there. */
function askingReader(isUnhealthyNow: () => Promise<boolean>, stop: () => void): Reader {
  return {
    async look(isUnhealthy) {
      const giveUpNs = nowNs() + GIVE_UP_MS * 1e6
      for (;;) {
        const isSeen = (await isUnhealthyNow()) === isUnhealthy
        const now = nowNs()
        if (isSeen) return now
        check(now < giveUpNs, 'the change was never seen')
      }
    },
    stop,
  }
}

async function openReader(where: Where): Promise<Reader> {
  if ('handle' in where) return attachedReader(where.handle)
  if ('comlink' in where) {
    const remote = askThrough(where.comlink)
    const isUnhealthyNow = async () => (await remote.livenessCheck()) !== undefined
    return askingReader(isUnhealthyNow, () => where.comlink.close())
  }
  const client = await ProbeClient.open(where.port, '/healthz')
  const isUnhealthyNow = async () => {
    const code = await client.get()
    check(code === 200 || code === 503, `the answer is no verdict: code=${code}`)
    return code === 503
  }
  return askingReader(isUnhealthyNow, () => client.close())
}

const port = parentPort
if (port === null) throw new Error('visibility-reader.js is the entry of a worker')
const seat = workerData as ReaderSeat
const sighting = new Sighting(seat.sighting)
const reader = await openReader(seat.where)

port.on('message', async (order: 'stop' | { isUnhealthy: boolean }) => {
  if (order === 'stop') {
    await reader.stop()
    port.close()
    return
  }
  port.postMessage('looking')
  sighting.report(await reader.look(order.isUnhealthy))
})
