// Requests to the routes without a transport, and their answers in a form to compare.
import type { ProbeAnswer, ProbeHandler } from '../src/probe/listener.js'
import { createProbeHandler, type RouteOptions } from '../src/probe/routes.js'
import { type FakeReader, OPEN_TO_ALL } from './fake-reader.js'

/** How a request is, if not a GET from elsewhere without headers. */
export interface Asking {
  readonly method?: string
  /** By lower-case name. */
  readonly headers?: Readonly<Record<string, string>>
  readonly isFromLoopback?: boolean
}

export const KUBELET: Asking = { headers: { 'user-agent': 'kube-probe/1.30' } }

/** Sends one request to a handler. For paths that are answered at once. */
export function send(handler: ProbeHandler, target: string, asking: Asking = {}): ProbeAnswer {
  const answer = answerOf(handler, target, asking)
  if (answer instanceof Promise) throw new Error(`${target} is answered later`)
  return answer
}

export function answerOf(handler: ProbeHandler, target: string, asking: Asking = {}) {
  const { method = 'GET', headers = {}, isFromLoopback = false } = asking
  return handler({
    method,
    target,
    header: (name) => headers[name] ?? '',
    isFromLoopback: () => isFromLoopback,
    remoteAddress: () => (isFromLoopback ? '127.0.0.1' : '192.0.2.1'),
  })
}

/** An answer as it is sent, with its body as text. A byte order mark counts, and what is not UTF-8 throws. */
export function legible({ body, reason: _, ...rest }: ProbeAnswer) {
  return { ...rest, body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body) }
}

/** Asks routes of its own, with detail for everybody where nothing else is given. */
export function ask(
  reader: FakeReader,
  target: string,
  asking?: Asking,
  options: RouteOptions = OPEN_TO_ALL,
) {
  return legible(send(createProbeHandler(reader, options), target, asking))
}
