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

/** What a collector thread is told: to end, or, as a fault, to hang. */
export type CollectorMessage = 'stop' | { readonly hangMs: number }

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
port.on('message', async (message: CollectorMessage) => {
  if (message !== 'stop') {
    hang(message.hangMs)
    return
  }
  collector.stop()
  // A component that is still there when its thread ends turns unhealthy.
  unlessAway(() => component.deregister())
  await health.stop()
  port.close()
})
/** As a reading from a dead disk does: asleep, with nothing told and no message taken. */
function hang(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs)
}

collector.start()
port.postMessage('ready')
