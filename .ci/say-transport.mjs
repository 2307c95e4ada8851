// Starts a probe server of the built package with the default transport and prints which one it chose; why, if it is
// not uWebSockets.js, the probe actor says itself, on standard error.
import { HealthManager, HealthServer } from '../dist/src/index.js'

const health = await HealthManager.start()
const server = new HealthServer(health, { host: '127.0.0.1', port: 0 })
const { port, transport } = await server.start()
const { status } = await fetch(`http://127.0.0.1:${port}/livez`)
await health.stop()
console.log(JSON.stringify({ transport, status }))
