// Entry of the worker that looks for changes: told what to look for, it says that it is looking, looks without
// pause, and reports when it saw it.
import { parentPort, workerData } from 'node:worker_threads'
import { HealthManager } from '../src/index.js'
import { nowNs } from './harness.js'
import { ProbeClient } from './http-client.js'
import { type ReaderSeat, Sighting } from './sighting.js'

const GIVE_UP_MS = 5_000
const port = parentPort
if (port === null) throw new Error('visibility-reader.js is the entry of a worker')
const { where, sighting: buffer } = workerData as ReaderSeat
const sighting = new Sighting(buffer)

let look: (isUnhealthy: boolean) => number | Promise<number>
let stop: () => unknown
if ('handle' in where) {
  const health = HealthManager.attach(where.handle)
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
  const client = await ProbeClient.open(where.port, '/healthz')
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
  sighting.report(await look(order.isUnhealthy))
})
