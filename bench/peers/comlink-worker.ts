// Entry of the Comlink peer's worker: a Map behind a proxy.
import { parentPort } from 'node:worker_threads'
import * as Comlink from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import { PlainHealthManager } from './plain-map.js'

if (parentPort === null) throw new Error('comlink-worker.js is the entry of a worker')
const manager = new PlainHealthManager()
let told = 0
manager.observe(() => {
  told += 1
})
Comlink.expose(
  {
    register: (name: string) => manager.register(name),
    updateStatus: (...update: Parameters<PlainHealthManager['updateStatus']>) =>
      manager.updateStatus(...update),
    livenessCheck: () => manager.livenessCheck(),
    checkReadiness: () => manager.checkReadiness(),
    transitions: () => told,
  },
  nodeEndpoint(parentPort),
)
