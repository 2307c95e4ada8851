// Compresses what calls send, and what they get, in the thread that makes them. The library has zlib do it in the pool of threads
// that the whole process shares: while that is stuck, with a file system that does not answer say, no heartbeat of more than a
// kilobyte would get out. Loads grpc-js. Heartbeat actor's thread.
import { gunzipSync, gzipSync } from 'node:zlib'
import { type Client, status as Code, experimental, type Metadata } from '@grpc/grpc-js'

const { BaseFilter, FilterStackFactory } = experimental
type Outgoing = Awaited<ReturnType<experimental.Filter['sendMessage']>>

/** Bit 2 of grpc's write flags: this message goes as it is. */
export const NO_COMPRESS = 2

/** In front of each message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5
const LENGTH_AT = 1

export interface MessageLimits {
  readonly maxRequestBytes: number
  readonly maxResponseBytes: number
}

/** What calls have learned of the peer. */
interface Peer {
  takesGzip: boolean
}

/**
 * The filters are taken from where they are not for everybody. A version of the library that keeps them elsewhere compresses as
 * before, in the pool; a test finds that.
 */
export function compressInline(client: Client, limits: MessageLimits): void {
  const channel: object = Object(Reflect.get(client.getChannel(), 'internalChannel'))
  if (!(Reflect.get(channel, 'filterStackFactory') instanceof FilterStackFactory)) return
  const peer: Peer = { takesGzip: true }
  const factory = { createFilter: () => new InlineCompression(limits, peer) }
  Reflect.set(channel, 'filterStackFactory', new FilterStackFactory([factory]))
}

class InlineCompression extends BaseFilter {
  readonly #limits: MessageLimits
  readonly #peer: Peer
  /** As the headers of this call say. */
  #isGzip = false
  #isAnswerGzip = false

  constructor(limits: MessageLimits, peer: Peer) {
    super()
    this.#limits = limits
    this.#peer = peer
  }

  override async sendMetadata(metadata: Promise<Metadata>): Promise<Metadata> {
    const headers = await metadata
    headers.set('grpc-accept-encoding', 'identity,gzip')
    headers.set('accept-encoding', 'identity')
    this.#isGzip = this.#peer.takesGzip
    if (this.#isGzip) headers.set('grpc-encoding', 'gzip')
    return headers
  }

  override receiveMetadata(metadata: Metadata): Metadata {
    this.#isAnswerGzip = metadata.get('grpc-encoding')[0] === 'gzip'
    const [accepted] = metadata.get('grpc-accept-encoding')
    if (accepted !== undefined) {
      const names = String(accepted).split(',')
      this.#peer.takesGzip = names.some((name) => name.trim() === 'gzip')
    }
    return metadata
  }

  override async sendMessage(outgoing: Promise<Outgoing>): Promise<Outgoing> {
    const { message, flags = 0 } = await outgoing
    if (message.length > this.#limits.maxRequestBytes) {
      throw refusal(Code.RESOURCE_EXHAUSTED, `a message of ${message.length} bytes is too long`)
    }
    const isCompressed = this.#isGzip && (flags & NO_COMPRESS) === 0
    const body = isCompressed ? gzipSync(message) : message
    const prefix = Buffer.alloc(PREFIX_BYTES)
    prefix[0] = Number(isCompressed)
    prefix.writeUInt32BE(body.length, LENGTH_AT)
    return { message: Buffer.concat([prefix, body]), flags }
  }

  override async receiveMessage(incoming: Promise<Buffer>): Promise<Buffer> {
    const framed = await incoming
    const body = framed.subarray(PREFIX_BYTES)
    if (framed[0] !== 1) return body
    if (!this.#isAnswerGzip)
      throw refusal(Code.INTERNAL, 'the answer is compressed otherwise than asked')
    try {
      return gunzipSync(body, { maxOutputLength: this.#limits.maxResponseBytes })
    } catch (error) {
      const isTooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      if (isTooLong) throw refusal(Code.RESOURCE_EXHAUSTED, 'the answer is too long')
      throw refusal(Code.INTERNAL, 'the answer can not be decompressed')
    }
  }
}

/** What ends a call, in the form that the library wants. */
function refusal(code: Code, details: string): Error {
  return Object.assign(new Error(details), { code, details })
}
