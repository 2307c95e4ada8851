// Who may see names, reasons and metadata, and who gets the status alone. Probe actor's thread.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { ProbeRequest } from './listener.js'
import type { Audience, Detail } from './routes.js'

const SCHEME = 'bearer '
/** A token has at most 4,096 characters; nothing longer is worth a hash. */
const MAX_CREDENTIALS_CHARACTERS = 8_192

/** What is looked at of whoever asks, by HTTP or gRPC. */
export type Asker = Pick<ProbeRequest, 'header' | 'isFromLoopback'>

export class AudienceGuard {
  readonly detail: Detail
  /** Of the token: digests are of one length, so comparing them tells nothing of that of the token either. */
  readonly #digest: Buffer | undefined

  constructor({ detail, token }: Audience) {
    this.detail = detail
    this.#digest = token === undefined ? undefined : digestOf(token)
  }

  /** Whether this request may be answered in detail. Looks at the request only where the answer depends on it. */
  maySee(request: Asker): boolean {
    return this.detail === 'always' || (this.detail === 'authorized' && this.#isAuthorized(request))
  }

  /** Whether this request may read what is closed only to those without authorization, such as metrics. */
  mayScrape(request: Asker): boolean {
    return this.detail !== 'authorized' || this.#isAuthorized(request)
  }

  #isAuthorized(request: Asker): boolean {
    return request.isFromLoopback() || this.#hasToken(request.header('authorization'))
  }

  #hasToken(credentials: string): boolean {
    if (this.#digest === undefined || credentials.length > MAX_CREDENTIALS_CHARACTERS) return false
    if (credentials.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return false
    return timingSafeEqual(digestOf(credentials.slice(SCHEME.length).trim()), this.#digest)
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
