// Entry of the @godaddy/terminus peer's process: a health check whose details are the components, sent verbatim.
import { createServer } from 'node:http'
import { createTerminus } from '@godaddy/terminus'
import { listenOnLoopback, servePlain } from './plain-server.js'

await servePlain((manager) => {
  // Each server hangs one listener on the signal, and none of them is ever closed by it here.
  process.removeAllListeners('SIGTERM')
  const server = createServer((_request, response) => {
    response.writeHead(404).end()
  })
  createTerminus(server, {
    healthChecks: { '/healthz': async () => manager.liveness().answer, verbatim: true },
  })
  return listenOnLoopback(server)
})
