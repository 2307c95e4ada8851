// Spawns a collector's thread and ties its life to its component. Main thread.
import { Worker } from 'node:worker_threads'
import type { HealthManager } from '../../src/index.js'
import type { CollectorThread } from './collection-manager.js'
import type { CollectorMessage, CollectorWorkerData } from './collector-worker.js'
import { componentOf } from './proc/sources.js'

export function launchCollector(
  health: HealthManager,
  start: Omit<CollectorWorkerData, 'handle'>,
): CollectorThread {
  const workerData: CollectorWorkerData = { ...start, handle: health.handle() }
  const worker = new Worker(new URL('./collector-worker.js', import.meta.url), { workerData })
  // From here on its component turns unhealthy by itself if the thread ends unasked.
  health.adopt(worker, { component: componentOf(start.settings.name) })
  const tell = (message: CollectorMessage) => worker.postMessage(message)
  const exited = new Promise<number>((resolve) => {
    worker.once('exit', resolve)
  })
  const ready = new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', reject)
    exited.then((code) => reject(new Error(`it exited with code ${code}`)))
  })
  return {
    ready,
    exited,
    requestStop: () => tell('stop'),
    hang: (hangMs) => tell({ hangMs }),
    terminate: () => worker.terminate(),
  }
}
