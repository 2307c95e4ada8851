// Entry of the thread that BareWake wakes. Ended by terminate().
import { parentPort, workerData } from 'node:worker_threads'
import { nowNs } from '../harness.js'
import { Sighting } from '../sighting.js'
import type { BareWakeSeat } from './bare-wake.js'

const { bell: bellBuffer, sighting: buffer } = workerData as BareWakeSeat
const bell = new Int32Array(bellBuffer)
const sighting = new Sighting(buffer)
/** A wait alone does not keep a worker alive. */
const KEEP_ALIVE_MS = 1 << 30
setInterval(() => {}, KEEP_ALIVE_MS)

let seen = Atomics.load(bell, 0)
parentPort?.postMessage('ready')
for (;;) {
  const wait = Atomics.waitAsync(bell, 0, seen, 250)
  if (wait.async) await wait.value
  const wokenNs = nowNs()
  const now = Atomics.load(bell, 0)
  if (now === seen) continue
  seen = now
  sighting.report(wokenNs)
}
