// Entry of the worker that looks for changes: told what to look for, it says that it is looking, looks without
// pause, and tells when it saw it.
import { parentPort, workerData } from 'node:worker_threads'
import { type HealthHandle, HealthManager } from '../src/index.js'
import { nowNs } from './harness.js'
import { ProbeClient } from './http-client.js'

/** How the reader looks: attached to the runtime, or through its HTTP port. */
export type ReaderSeat = { readonly handle: HealthHandle } | { readonly port: number }
export interface Sighting {
  readonly seenNs: number
}

const GIVE_UP_MS = 5_000
const port = parentPort
if (port === null) throw new Error('visibility-reader.js is the entry of a worker')
const seat = workerData as ReaderSeat

let look: (isUnhealthy: boolean) => number | Promise<number>
let stop: () => unknown
if ('handle' in seat) {
  const health = HealthManager.attach(seat.handle)
  look = (isUnhealthy) => {
    const giveUpNs = nowNs() + GIVE_UP_MS * 1e6
    for (;;) {
      const isSeen = (health.livenessCheck() !== undefined) === isUnhealthy
      const now = nowNs()
      if (isSeen) return now
      if (now > giveUpNs) throw new Error('the change was never seen')
    }
  }
  stop = () => health.stop()
} else {
  const client = await ProbeClient.open(seat.port, '/healthz')
  look = async (isUnhealthy) => {
    const giveUpNs = nowNs() + GIVE_UP_MS * 1e6
    for (;;) {
      const code = await client.get()
      const now = nowNs()
      if ((code === 503) === isUnhealthy) return now
      if (now > giveUpNs) throw new Error('the change was never seen')
    }
  }
  stop = () => client.close()
}

port.on('message', async (order: 'stop' | { isUnhealthy: boolean }) => {
  if (order === 'stop') {
    await stop()
    port.close()
    return
  }
  port.postMessage('looking')
  port.postMessage({ seenNs: await look(order.isUnhealthy) } satisfies Sighting)
})
