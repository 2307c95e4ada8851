// The peer that is what Node.js programs write for themselves: node:http with JSON.stringify over a Map.
import { createServer } from 'node:http'
import type { PlainHealthManager } from './plain-map.js'
import { type Listening, listenOnLoopback } from './plain-server.js'

export function listenWithNodeHttp(manager: PlainHealthManager): Promise<Listening> {
  const server = createServer((_request, response) => {
    const { code, body } = manager.healthz()
    response.writeHead(code, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(body),
    })
    response.end(body)
  })
  return listenOnLoopback(server)
}
