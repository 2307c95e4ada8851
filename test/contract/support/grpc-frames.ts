// HTTP/2 written by hand, for clients that gRPC's own libraries cannot be: the kubelet's exact request, and those that mean
// harm. RFC 9113 § 4.1 for the frames, RFC 7541 § 6.2.2 for the headers, uncompressed.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export const Frame = {
  Data: 0,
  Headers: 1,
  Reset: 3,
  Settings: 4,
  Ping: 6,
  GoAway: 7,
  WindowUpdate: 8,
  Continuation: 9,
} as const
export const END_STREAM = 1
export const ACK = 1
export const END_HEADERS = 4
const HEADER_BYTES = 9

export interface FrameParts {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, payload])
}

/** Literal fields without indexing; names and values of at most 126 bytes. */
export function fields(headers: Readonly<Record<string, string>>): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)])
  return Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]),
  )
}

export function request(path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  return fields({
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': '127.0.0.1',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...more,
  })
}

export const CHECK = '/grpc.health.v1.Health/Check'
export const WATCH = '/grpc.health.v1.Health/Watch'

/** A message of gRPC: uncompressed, with its length. */
export function message(content: Uint8Array = Buffer.alloc(0)): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(content.length, 1)
  return Buffer.concat([prefix, content])
}

/** A connection whose frames are read one after another. */
export class FrameConnection {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #wake: () => void = () => {}

  static async open(t: TestContext, port: number): Promise<FrameConnection> {
    const connection = new FrameConnection(connect(port, '127.0.0.1'))
    t.after(() => connection.socket.destroy())
    await once(connection.socket, 'connect')
    return connection
  }

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => this.#wake())
  }

  /** With the preface and empty settings before it. */
  start(...frames: readonly Uint8Array[]): void {
    this.send(PREFACE, frame(Frame.Settings, 0, 0), ...frames)
  }

  send(...frames: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames))
  }

  /** The next frame of one of these types; undefined where the connection is closed before it comes. */
  async next(...types: readonly number[]): Promise<FrameParts | undefined> {
    for (;;) {
      const found = this.#take()
      if (found !== undefined && types.includes(found.type)) return found
      if (found !== undefined) continue
      if (this.socket.destroyed) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Whatever it ends with, which `once` would take for a failure. */
  async closed(): Promise<void> {
    if (this.socket.closed) return
    await new Promise((resolve) => this.socket.once('close', resolve))
  }

  #take(): FrameParts | undefined {
    const bytes = this.#received
    if (bytes.length < HEADER_BYTES) return undefined
    const end = HEADER_BYTES + bytes.readUIntBE(0, 3)
    if (bytes.length < end) return undefined
    this.#received = bytes.subarray(end)
    return {
      type: bytes.readUInt8(3),
      flags: bytes.readUInt8(4),
      stream: bytes.readUInt32BE(5),
      payload: bytes.subarray(HEADER_BYTES, end),
    }
  }
}
