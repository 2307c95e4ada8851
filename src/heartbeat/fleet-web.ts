// The fleet over HTTP: the page, and the same for programs. Told in parts, as fast as whoever asks takes them, so that neither the
// memory nor the loop of the receiver, on which heartbeats come in, is taken up by a large fleet.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { Fleet } from './fleet.js'
import { PAGE_POLICY, renderFleetPage } from './fleet-page.js'

const MAX_CONNECTIONS = 100
const REQUEST_TIMEOUT_MS = 10_000
/** Who takes longer to read holds on to what clusters have said since. */
const ANSWER_TIMEOUT_MS = 60_000
const CHUNK_CHARACTERS = 32 * 1024

/** Rejects with the error of the system where the port can't be bound. */
export function listenForPages(fleet: Fleet, host: string, port: number): Promise<Server> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) =>
    answer(fleet, request, response),
  )
  server.maxConnections = MAX_CONNECTIONS
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, exclusive: true }, () => {
      // A connection that could not be accepted is that client's loss alone.
      server.on('error', () => {})
      resolve(server)
    })
  })
}

function answer(fleet: Fleet, { method, url }: IncomingMessage, response: ServerResponse): void {
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('cache-control', 'no-store')
  const path = (url ?? '').split('?')[0]
  const isHead = method === 'HEAD'
  if (method !== 'GET' && !isHead) {
    response.writeHead(405, { allow: 'GET, HEAD' }).end()
  } else if (path === '/') {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.setHeader('content-security-policy', PAGE_POLICY)
    send(response, isHead ? [] : renderFleetPage(fleet.counts(), fleet.members(), new Date()))
  } else if (path === '/fleet.json') {
    response.setHeader('content-type', 'application/json')
    send(response, isHead ? [] : fleetJson(fleet, new Date()))
  } else {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n')
  }
}

function* fleetJson(fleet: Fleet, at: Date): Generator<string> {
  yield `{"at":${JSON.stringify(at)},"operators":[`
  yield* listed(fleet.members())
  yield '],"connectors":['
  yield* listed(fleet.connectors())
  yield ']}\n'
}

function* listed(items: Iterable<object>): Generator<string> {
  let separator = ''
  for (const item of items) {
    yield `${separator}${JSON.stringify(item)}`
    separator = ','
  }
}

function send(response: ServerResponse, parts: Iterable<string>): void {
  const timer = setTimeout(() => response.destroy(), ANSWER_TIMEOUT_MS)
  // What ends it early is that the client has gone, or is too slow: its loss alone.
  pipeline(Readable.from(inChunks(parts), { objectMode: false }), response, () =>
    clearTimeout(timer),
  )
}

/**
 * Parts of a row each would be as many writes. The loop gets its turn after each chunk: a client that is fast enough would else be
 * waited for by everybody.
 */
async function* inChunks(parts: Iterable<string>): AsyncGenerator<string> {
  let chunk = ''
  for (const part of parts) {
    chunk += part
    if (chunk.length < CHUNK_CHARACTERS) continue
    yield chunk
    chunk = ''
    await setImmediate()
  }
  if (chunk !== '') yield chunk
}
