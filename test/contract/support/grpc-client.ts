// A gRPC client of the health service, with its streams as queues. One per test; closed when the test ends.
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import {
  type ChannelCredentials,
  type ClientReadableStream,
  status as Code,
  credentials,
  Metadata,
  makeClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js'
import { loadHealthService } from '../../../src/probe/grpc-service.js'

const WORDS = ['?', 'serving', 'not serving', 'unknown'] as const
export type Word = (typeof WORDS)[number]

interface Response {
  readonly status: number
}
interface ListResponse {
  readonly statuses: Readonly<Record<string, Response>>
}
type Callback<Value> = (error: ServiceError | null, value?: Value) => void
/** What makeClientConstructor makes of the service; its own type knows no methods. */
interface HealthStub {
  Check(request: object, metadata: Metadata, options: object, callback: Callback<Response>): void
  List(request: object, metadata: Metadata, options: object, callback: Callback<ListResponse>): void
  Watch(request: object, metadata: Metadata): ClientReadableStream<Response>
  close(): void
}

const Stub = makeClientConstructor(await loadHealthService(), 'Health')

/** Long enough for a machine with other things to do, so that a call that hangs fails its test. */
const DEADLINE_MS = 20_000

/** Whom a client asks, and with what right. */
interface Caller {
  readonly host?: string
  readonly authorization?: string | undefined
}

export class GrpcClient {
  readonly #stub: HealthStub
  readonly #metadata = new Metadata()

  constructor(
    t: TestContext,
    port: number,
    options: object = {},
    channel: ChannelCredentials = credentials.createInsecure(),
    { host = '127.0.0.1', authorization }: Caller = {},
  ) {
    if (authorization !== undefined) this.#metadata.set('authorization', authorization)
    this.#stub = new Stub(`${host}:${port}`, channel, options) as unknown as HealthStub
    t.after(() => this.close())
  }

  /** The status, or the name of the code that the call ended with. */
  check(service: string, withinMs = DEADLINE_MS): Promise<Word | string> {
    return new Promise((resolve) => {
      this.#stub.Check({ service }, this.#metadata, deadline(withinMs), (error, response) =>
        resolve(error ? Code[error.code] : WORDS[response!.status]!),
      )
    })
  }

  list(): Promise<Record<string, Word> | string> {
    return new Promise((resolve) => {
      this.#stub.List({}, this.#metadata, deadline(), (error, response) => {
        if (error) return resolve(Code[error.code])
        const entries = Object.entries(response!.statuses)
        resolve(Object.fromEntries(entries.map(([name, { status }]) => [name, WORDS[status]!])))
      })
    })
  }

  watch(service: string): WatchedService {
    return new WatchedService(this.#stub.Watch({ service }, this.#metadata))
  }

  close(): void {
    this.#stub.close()
  }
}

function deadline(withinMs = DEADLINE_MS) {
  return { deadline: Date.now() + withinMs }
}

export class WatchedService {
  readonly stream: ClientReadableStream<Response>
  /** Everything received so far. */
  readonly told: Word[] = []
  /** The code that the stream ended with. */
  readonly ended: Promise<string>
  #next = 0
  #wake: () => void = () => {}

  constructor(stream: ClientReadableStream<Response>) {
    this.stream = stream
    this.ended = new Promise((resolve) => {
      stream.on('status', ({ code }) => {
        resolve(Code[code])
        this.#wake()
      })
    })
    stream.on('error', () => {})
    stream.on('data', ({ status }) => {
      this.told.push(WORDS[status]!)
      this.#wake()
    })
  }

  /** The next status; rejects where none comes for very long, or the stream has ended. */
  async next(): Promise<Word> {
    let isOver = false
    void this.ended.then(() => {
      isOver = true
    })
    while (this.#next >= this.told.length) {
      if (isOver) throw new Error(`the stream ended after ${this.told.join(', ')}`)
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`nothing follows ${this.told.join(', ')}`)),
          DEADLINE_MS,
        )
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return this.told[this.#next++]!
  }

  async cancel(): Promise<void> {
    this.stream.cancel()
    await this.ended
  }

  /** Stops reading until `resume`. */
  async pause(): Promise<void> {
    this.stream.pause()
    if (!this.stream.isPaused()) await once(this.stream, 'pause')
  }
}
