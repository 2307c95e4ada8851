// One POST, again and again until it is taken or there is no point in another. In the observer's thread.
import { setTimeout as delay } from 'node:timers/promises'

export interface DeliverySettings {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Of one attempt, in ms. */
  readonly timeoutMs: number
  readonly attempts: number
  /** Before the second attempt, in ms; twice as long before each further one. */
  readonly retryDelayMs: number
  /** Of all attempts together, in ms. */
  readonly giveUpMs: number
}

/** Answers that another attempt may change. */
const RETRIED = new Set([408, 425, 429])

/** @throws Error what became of the last attempt. Nothing of the URL but its origin: the rest may be a secret. */
export async function deliver(settings: DeliverySettings, body: string): Promise<void> {
  const { attempts, retryDelayMs, giveUpMs } = settings
  const deadline = performance.now() + giveUpMs
  for (let attempt = 1; ; attempt++) {
    const leftMs = Math.max(1, deadline - performance.now())
    const failure = await tryPost(settings, body, leftMs)
    if (failure === undefined) return
    // Half of it by chance, so that many programs that lost a server at once do not come back at once.
    const waitMs = retryDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
    const isLast = attempt >= attempts || performance.now() + waitMs >= deadline
    if (!failure.isRetried || isLast) {
      throw new Error(
        `the webhook was not taken: origin=${new URL(settings.url).origin} ${failure.what}`,
        { cause: failure.cause },
      )
    }
    await delay(waitMs, undefined, { ref: false })
  }
}

interface Failure {
  readonly what: string
  readonly isRetried: boolean
  readonly cause?: unknown
}

async function tryPost(
  { url, headers, timeoutMs }: DeliverySettings,
  body: string,
  leftMs: number,
): Promise<Failure | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      // A redirect would turn it into a GET.
      redirect: 'manual',
      signal: AbortSignal.timeout(Math.ceil(Math.min(timeoutMs, leftMs))),
    })
    // Nobody reads it, and until then its connection cannot be used again.
    await response.body?.cancel()
    if (response.ok) return undefined
    const { status } = response
    return { what: `status=${status}`, isRetried: status >= 500 || RETRIED.has(status) }
  } catch (cause) {
    return { what: `error=${nameOf(cause)}`, isRetried: true, cause }
  }
}

/** `ECONNREFUSED`, `TimeoutError`: what happened, not to whom. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const { cause } = error
  const code = cause instanceof Error ? Reflect.get(cause, 'code') : undefined
  return typeof code === 'string' ? code : error.name
}
