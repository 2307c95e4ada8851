// Entry of the Comlink peer's worker: a Map behind a proxy, and behind node:http where that is asked for.
import type { AddressInfo } from 'node:net'
import { parentPort } from 'node:worker_threads'
import * as Comlink from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import type { Remote } from './comlink-manager.js'
import { listenWithNodeHttp } from './node-http.js'
import { PlainHealthManager } from './plain-map.js'

if (parentPort === null) throw new Error('comlink-worker.js is the entry of a worker')
const manager = new PlainHealthManager()
let told = 0
manager.observe(() => {
  told += 1
})
const exposed: Remote = {
  register: (name) => manager.register(name),
  updateStatus: (...update) => manager.updateStatus(...update),
  livenessCheck: () => manager.livenessCheck(),
  checkReadiness: () => manager.checkReadiness(),
  transitions: () => told,
  connect: (port) => Comlink.expose(exposed, nodeEndpoint(port)),
  async listen() {
    const { server } = await listenWithNodeHttp(manager)
    return (server.address() as AddressInfo).port
  },
}
Comlink.expose(exposed, nodeEndpoint(parentPort))
