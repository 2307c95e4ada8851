// An observer that posts transitions to a URL. One POST at a time; what comes meanwhile goes out together in the next one.
// Runs wherever an observer does; in a module's thread, so that its work is not that of the program's loop.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { checkInteger, checkOptions, MAX_TIMEOUT_MS } from '../model/arguments.js'
import { argumentError, isArray } from '../model/errors.js'
import type { Gap, Transition } from '../model/transition.js'
import { transitionJson } from '../model/transition-json.js'
import type { GapObserver, TransitionObserver } from './observer-options.js'
import { type DeliverySettings, deliver } from './webhook-delivery.js'

export interface WebhookOptions {
  /** Where to post to, `http:` or `https:`. It may hold a secret, so it is never logged. */
  url: string | URL
  /** Sent with each POST, such as `authorization`. */
  headers?: Record<string, string>
  /** How long one attempt may take, in ms. Default 5,000. */
  timeoutMs?: number
  /** How often a POST is tried, 1 to 100. Default 4. Answers that would not change (400, 401, 404, …) are not tried again. */
  attempts?: number
  /** Before the second attempt, in ms, half of it by chance; twice as long before each further one. Default 500. */
  retryDelayMs?: number
  /** How long all attempts of a POST may take together, in ms. Default 12,000: two in a row fit an observer's 30 s. */
  giveUpMs?: number
  /** Transitions in one POST at most, 1 to 10,000. Default 100. */
  maxBatch?: number
}

/** An observer, and what to pass as `onGap` with it. */
export interface WebhookObserver extends TransitionObserver {
  readonly onGap: GapObserver
}

interface Waiting {
  readonly entry: Transition | Gap
  resolve(): void
  reject(error: unknown): void
}

const OPTION_NAMES = [
  'url',
  'headers',
  'timeoutMs',
  'attempts',
  'retryDelayMs',
  'giveUpMs',
  'maxBatch',
]

/**
 * Posts transitions as `{"transitions":[…]}`, in order, with statuses by name and times in ISO 8601; a gap is
 * `{"missed":n}` in its place. A call is done when its POST was taken, and rejects when that was given up: so a failure is
 * counted and told as any observer's. Set it with a `concurrency` above 1, as only calls that are under way together can
 * go out together.
 * @throws HealthError `ERR_HEALTH_ARGUMENT`
 */
export function webhookObserver(options: WebhookOptions): WebhookObserver {
  const { settings, maxBatch } = resolve(options)
  let waiting: Waiting[] = []
  let isPosting = false

  const post = async () => {
    isPosting = true
    // What is begun in the same turn as the first one goes out with it.
    await nextTurn()
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch)
      waiting = waiting.slice(maxBatch)
      const entries = batch.map(({ entry }) => transitionJson(entry)).join(',')
      try {
        await deliver(settings, `{"transitions":[${entries}]}`)
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    isPosting = false
  }
  const send = (entry: Transition | Gap) =>
    new Promise<void>((resolve, reject) => {
      waiting.push({ entry, resolve, reject })
      if (!isPosting) void post()
    })
  return Object.assign((transition: Transition) => send(transition), {
    onGap: (gap: Gap) => send(gap),
  })
}

function resolve(options: WebhookOptions): { settings: DeliverySettings; maxBatch: number } {
  checkOptions(options, 'options', OPTION_NAMES)
  const { timeoutMs = 5_000, attempts = 4, retryDelayMs = 500, giveUpMs = 12_000 } = options
  const { maxBatch = 100, headers = {} } = options
  checkInteger(timeoutMs, 'timeoutMs', 1, MAX_TIMEOUT_MS)
  checkInteger(attempts, 'attempts', 1, 100)
  checkInteger(retryDelayMs, 'retryDelayMs', 0, MAX_TIMEOUT_MS)
  checkInteger(giveUpMs, 'giveUpMs', 1, MAX_TIMEOUT_MS)
  checkInteger(maxBatch, 'maxBatch', 1, 10_000)
  const url = checkUrl(options.url)
  return {
    settings: { url, headers: checkHeaders(headers), timeoutMs, attempts, retryDelayMs, giveUpMs },
    maxBatch,
  }
}

/** Never shows it. */
function checkUrl(url: unknown): string {
  const text = typeof url === 'string' || url instanceof URL ? String(url) : ''
  const parsed = URL.canParse(text) ? new URL(text) : undefined
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') {
    // What fetch refuses.
    if (parsed.username === '' && parsed.password === '') return text
  }
  throw argumentError('typeof url', typeof url, 'must be an http or https URL without credentials')
}

/** Shows no value, as it may be a secret. */
function checkHeaders(headers: unknown): Record<string, string> {
  if (typeof headers !== 'object' || headers === null || isArray(headers)) {
    throw argumentError('typeof headers', typeof headers, 'must be an object of strings')
  }
  const copy: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string') {
      throw argumentError(`typeof headers.${name}`, typeof value, 'must be a string')
    }
    copy[name] = value
  }
  return copy
}
