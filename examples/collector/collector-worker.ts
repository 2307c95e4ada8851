// Entry of a collector's thread: attaches to the health runtime, collects until it is asked to stop.
import { parentPort, workerData } from 'node:worker_threads'
import { Component, type HealthHandle, HealthManager } from '../../src/index.js'
import { Collector, type CollectorSettings } from './collector.js'
import { componentOf } from './proc/sources.js'
import { SampleRingWriter } from './sample-ring.js'
import { tolerant, unlessAway } from './telling.js'

/** What the main thread passes to a new collector thread. */
export interface CollectorWorkerData {
  readonly handle: HealthHandle
  readonly ring: SharedArrayBuffer
  readonly settings: CollectorSettings
}

if (parentPort === null) throw new Error('collector-worker must run in a worker thread')
const port = parentPort
const { handle, ring, settings } = workerData as CollectorWorkerData

const health = HealthManager.attach(handle)
const component = health.register(componentOf(settings.name))
const collector = new Collector(
  settings,
  new SampleRingWriter(ring),
  tolerant(component),
  tolerant(health.register(Component.BufferQueue)),
)
port.once('message', async () => {
  collector.stop()
  // A component that is still there when its thread ends turns unhealthy.
  unlessAway(() => component.deregister())
  await health.stop()
  port.close()
})
collector.start()
port.postMessage('ready')
