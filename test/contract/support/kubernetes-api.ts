// An API server of one's own: the list protocol of Kubernetes over HTTP or HTTPS, with label selectors, pages, bearer tokens,
// and faults to order.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { KubeConfig } from '@kubernetes/client-node'
import type { KubernetesFixture } from './kubernetes-objects.js'
import { matchesLabels } from './label-match.js'
import { type Certificate, createCertificate } from './self-signed.js'

export const TOKEN = 'token-of-the-test'

/** What becomes of one request instead of its answer. */
export type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: number }
  /** A bare body of this type. */
  | { readonly kind: 'body'; readonly type: string; readonly body: string }
  /** The connection is reset before an answer, or in the middle of one. */
  | { readonly kind: 'reset'; readonly after: 'request' | 'half' }
  /** The connection ends in the middle of an answer, whose length was said or was not. */
  | { readonly kind: 'truncate'; readonly length: 'said' | 'unsaid' }
  /** An answer in pieces, which takes as long. */
  | { readonly kind: 'slow'; readonly durationMs: number }
  /** No answer, or half of one, for as long as the test goes on. */
  | { readonly kind: 'hang'; readonly after: 'request' | 'half' }

export interface RecordedRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly authorization: string | undefined
}

const STATUS_REASONS: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
}

/** The collections that it serves: where their lists are, and of what kind they are. */
const COLLECTIONS = [
  { path: /^\/apis\/apps\/v1(?:\/namespaces\/([^/]+))?\/deployments()$/, kind: 'Deployment' },
  { path: /^\/api\/v1\/namespaces\/([^/]+)\/pods(?:\/([^/]+))?$/, kind: 'Pod' },
] as const

export class KubernetesApi {
  readonly requests: RecordedRequest[] = []
  /** Taken one a request, the first first. */
  readonly faults: Fault[] = []
  readonly #objects: readonly KubernetesFixture[]
  readonly #certificate: Certificate | undefined
  readonly #sockets = new Set<Socket>()
  #port = 0
  #onRequest: ((request: RecordedRequest) => void) | undefined

  private constructor(objects: readonly KubernetesFixture[], certificate?: Certificate) {
    this.#objects = objects
    this.#certificate = certificate
  }

  static async start(
    t: TestContext,
    objects: readonly KubernetesFixture[],
    options: { readonly tls?: boolean } = {},
  ): Promise<KubernetesApi> {
    const certificate = options.tls ? createCertificate() : undefined
    const api = new KubernetesApi(objects, certificate)
    const onRequest = (request: IncomingMessage, response: ServerResponse) =>
      api.#answer(request, response)
    const server =
      certificate === undefined ? createServer(onRequest) : createTlsServer(certificate, onRequest)
    const sockets = api.#sockets
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    api.#port = (server.address() as AddressInfo).port
    t.after(async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    })
    return api
  }

  /** A kubeconfig to it, as `kubectl` would use it; without the right token if asked to. */
  kubeConfigText(token = TOKEN): string {
    const { cert } = this.#certificate ?? {}
    const cluster =
      cert === undefined
        ? { server: `http://127.0.0.1:${this.#port}`, 'insecure-skip-tls-verify': true }
        : {
            server: `https://127.0.0.1:${this.#port}`,
            'certificate-authority-data': Buffer.from(cert).toString('base64'),
          }
    // JSON is YAML.
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster }],
      users: [{ name: 'test', user: { token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      'current-context': 'test',
    })
  }

  kubeConfig(token = TOKEN): KubeConfig {
    const config = new KubeConfig()
    config.loadFromString(this.kubeConfigText(token))
    return config
  }

  /** When every connection to it is closed, by whichever side and by whatever: a client may reset its own. */
  async allClosed(): Promise<void> {
    for (const socket of this.#sockets) {
      if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
    }
  }

  /** The next request that it is asked. */
  nextRequest(): Promise<RecordedRequest> {
    return new Promise((resolve) => {
      this.#onRequest = resolve
    })
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://localhost')
    const { method = '' } = request
    const { authorization } = request.headers
    const recorded = { method, path, query, authorization }
    this.requests.push(recorded)
    this.#onRequest?.(recorded)
    this.#onRequest = undefined
    const { status, body } = this.#look(recorded)
    const text = JSON.stringify(body)
    const fault = this.faults.shift()
    if (fault === undefined) sendJson(response, status, text)
    else fail(request.socket, response, fault, text)
  }

  #look({ method, path, query, authorization }: RecordedRequest) {
    if (authorization !== `Bearer ${TOKEN}`) return refusal(401)
    if (method !== 'GET') return refusal(403)
    for (const { path: pattern, kind } of COLLECTIONS) {
      const match = pattern.exec(path)
      if (match === null) continue
      const [, namespace, name = ''] = match
      const objects = this.#objects.filter(
        (object) =>
          object.kind === kind &&
          (namespace === undefined || object.metadata.namespace === namespace),
      )
      if (name === '') return list(kind, objects, query)
      const object = objects.find(({ metadata }) => metadata.name === name)
      return object === undefined ? refusal(404) : { status: 200, body: object }
    }
    return refusal(404)
  }
}

/** One page. The token to the next one is opaque, as the server's is. */
function list(kind: string, objects: readonly KubernetesFixture[], query: URLSearchParams) {
  const selector = query.get('labelSelector') ?? ''
  const matching = objects.filter(({ metadata }) => matchesLabels(selector, metadata.labels ?? {}))
  const token = query.get('continue') ?? ''
  const start = token === '' ? 0 : Number(Buffer.from(token, 'base64').toString())
  if (!Number.isInteger(start)) return refusal(400)
  const limit = Number(query.get('limit') ?? 0)
  const end = limit > 0 ? start + limit : matching.length
  const left = matching.length - end
  return {
    status: 200,
    body: {
      kind: `${kind}List`,
      apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1',
      metadata: {
        resourceVersion: '42',
        ...(left > 0 && {
          continue: Buffer.from(String(end)).toString('base64'),
          remainingItemCount: left,
        }),
      },
      items: matching.slice(start, end),
    },
  }
}

function refusal(status: number) {
  const reason = STATUS_REASONS[status] ?? 'Unknown'
  const message = `refused with ${status}`
  return {
    status,
    body: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      code: status,
    },
  }
}

function sendJson(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(text)
}

function fail(socket: Socket, response: ServerResponse, fault: Fault, text: string): void {
  const half = text.slice(0, text.length / 2)
  const head = { 'content-type': 'application/json' }
  switch (fault.kind) {
    case 'none':
      sendJson(response, 200, text)
      return
    case 'status': {
      const { status, retryAfter } = fault
      if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
      sendJson(response, status, JSON.stringify(refusal(status).body))
      return
    }
    case 'body':
      response.writeHead(200, { 'content-type': fault.type }).end(fault.body)
      return
    case 'reset':
      if (fault.after === 'request') socket.resetAndDestroy()
      else response.writeHead(200, head).write(half, () => socket.resetAndDestroy())
      return
    case 'truncate':
      if (fault.length === 'said') response.setHeader('content-length', Buffer.byteLength(text))
      response.writeHead(200, head).write(half, () => socket.end())
      return
    case 'slow': {
      response.writeHead(200, head)
      const pieces = 8
      const length = Math.ceil(text.length / pieces)
      let sent = 0
      const timer = setInterval(() => {
        response.write(text.slice(sent * length, ++sent * length))
        if (sent < pieces) return
        clearInterval(timer)
        response.end()
      }, fault.durationMs / pieces)
      response.on('close', () => clearInterval(timer))
      return
    }
    case 'hang':
      if (fault.after === 'half') response.writeHead(200, head).write(half)
      return
  }
}
