// Where the heartbeats go: to a control plane, where the environment names one, or to a receiver of the program's own, so that
// the whole way is seen without any outside service. Main thread.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import {
  type FleetAddress,
  HeartbeatReporter,
  type HeartbeatReporterOptions,
  type OperatorType,
} from '../../src/heartbeat/index.js'
import type { HealthManager } from '../../src/index.js'

/** Shorter than a control plane would want it: somebody is looking. */
const INTERVAL_MS = 5_000
const START_TIMEOUT_MS = 30_000

export interface Fleet {
  readonly options: HeartbeatReporterOptions
  /** For people. */
  readonly line: string
  stop(): Promise<unknown>
}

/** @throws what kept the receiver from starting. */
export async function startFleet(
  controlPlane: string | undefined,
  log: (line: string) => void,
  entry = new URL('./fleet-worker.js', import.meta.url),
): Promise<Fleet> {
  if (controlPlane) {
    return { options: {}, line: 'as DAKR_URL says', stop: async () => {} }
  }
  const worker = new Worker(entry)
  const address = await addressOf(worker)
  // The program goes on without its receiver, as it would without one elsewhere: an `error` that nobody hears would end it.
  worker.on('error', (error) => log(`fleet: the receiver has died: ${error.message}`))
  return {
    options: { url: address.url, token: '', clusterId: 'local', intervalMs: INTERVAL_MS },
    line: `${address.pageUrl}  (${address.url})`,
    stop: () => worker.terminate(),
  }
}

async function addressOf(worker: Worker): Promise<FleetAddress> {
  try {
    // What the thread dies of rejects this, too.
    const signal = AbortSignal.timeout(START_TIMEOUT_MS)
    return ((await once(worker, 'message', { signal })) as [FleetAddress])[0]
  } catch (error) {
    await worker.terminate()
    throw error
  }
}

/** health.stop() has the last heartbeat sent, and stops it. */
export async function startHeartbeats(
  health: HealthManager,
  options: HeartbeatReporterOptions,
  log: (line: string) => void,
): Promise<void> {
  const reporter = new HeartbeatReporter(health, options)
  const failing = new Set<OperatorType | undefined>()
  reporter.on('error', ({ message }, operatorType) => {
    if (!failing.has(operatorType)) log(`heartbeat: ${message}`)
    failing.add(operatorType)
  })
  reporter.on('sent', ({ operatorType }) => {
    if (failing.delete(operatorType)) log('heartbeat: received again')
  })
  reporter.on('collectNow', () => log('heartbeat: the control plane asks for a collection'))
  await reporter.start()
}
