// One GET of which only status and headers count. The default of the option `fetch`, since fetch itself refuses a list
// of ports (6000, 10080, …) on which a Pod may well answer, and keeps connections open that nobody needs again.
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

/** What is used of fetch to ask a Pod; `fetch` itself is one. */
export type ProbeFetch = (
  url: string,
  init: { readonly method: 'GET'; readonly redirect: 'manual'; readonly signal: AbortSignal },
) => Promise<ProbeResponse>

export interface ProbeResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body?: { cancel(): Promise<void> } | null
}

export const httpGet: ProbeFetch = (url, { signal }) =>
  new Promise((resolve, reject) => {
    const target = new URL(url)
    const send = target.protocol === 'https:' ? requestHttps : requestHttp
    // A connection of its own, closed with the answer. TLS is verified, unlike the kubelet's.
    const request: ClientRequest = send(target, {
      agent: false,
      signal,
      headers: { 'user-agent': 'health-actor' },
    })
    const answer = (response: IncomingMessage) => {
      resolve({
        status: response.statusCode ?? 0,
        headers: { get: (name) => response.headersDistinct[name.toLowerCase()]?.[0] ?? null },
      })
      // Nobody reads the body: what its connection ends with is no news.
      response.on('error', () => {})
      request.destroy()
    }
    request.on('response', answer)
    // 101 or not, without a listener the answer would be an error.
    request.on('upgrade', answer)
    request.on('error', reject)
    request.end()
  })
