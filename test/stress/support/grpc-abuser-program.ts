// A gRPC client that means no good, in a process of its own, so that it disturbs nobody but the server.
// Usage: node grpc-abuser-program.js PORT KIND COUNT; says `ready` when all COUNT connections have been at it, and goes on
// until its standard input ends. A connection that the server closes is replaced, a little later.
import type { Socket } from 'node:net'
import {
  CHECK,
  END_HEADERS,
  END_STREAM,
  Frame,
  fields,
  frame,
  message,
  PREFACE,
  request,
  WATCH,
} from '../../contract/support/grpc-frames.js'
import { runAbuser } from './abuser.js'

const STREAMS = 100
const FRAME_HEADER_BYTES = 9
const CHECK_HEADERS = request(CHECK)
const WATCH_HEADERS = request(WATCH)
const CANCEL = Buffer.from([0, 0, 0, 8])
const BIG_WINDOW = Buffer.alloc(4)
BIG_WINDOW.writeUInt32BE(2 ** 31 - 1 - 65_535)
/** 128 KiB of headers, in frames as large as may be. */
const BIG_HEADERS = Buffer.concat([
  CHECK_HEADERS,
  ...Array.from({ length: 1_100 }, (_, i) => fields({ [`x-${i}`]: 'v'.repeat(110) })),
])
const MAX_FRAME_BYTES = 16_384

const call = (stream: number, headers = CHECK_HEADERS) => [
  frame(Frame.Headers, END_HEADERS, stream, headers),
  frame(Frame.Data, END_STREAM, stream, message()),
]

const kinds: Record<string, (socket: Socket) => void> = {
  /** A hundred checks in flight, each followed by another one. */
  calls: (socket) => keepOpen(socket, (stream) => call(stream)),
  /** A hundred watches, and what they are told. */
  watches: (socket) => keepOpen(socket, (stream) => call(stream, WATCH_HEADERS)),
  /** A hundred calls whose request never comes, each followed by another one. */
  'half-open': (socket) =>
    keepOpen(socket, (stream) => [frame(Frame.Headers, END_HEADERS, stream, CHECK_HEADERS)]),
  metadata(socket) {
    let next = 1
    const send = () => {
      while (!socket.destroyed) {
        const frames: Buffer[] = []
        for (let at = 0; at < BIG_HEADERS.length; at += MAX_FRAME_BYTES) {
          const isLast = at + MAX_FRAME_BYTES >= BIG_HEADERS.length
          const part = BIG_HEADERS.subarray(at, at + MAX_FRAME_BYTES)
          const type = at === 0 ? Frame.Headers : Frame.Continuation
          frames.push(frame(type, isLast ? END_HEADERS | END_STREAM : 0, next, part))
        }
        next += 2
        if (!socket.write(Buffer.concat(frames))) return
      }
    }
    socket.on('drain', send)
    send()
  },
  /** Calls that are given up at once, as fast as the server takes them. */
  resets(socket) {
    let next = 1
    const send = () => {
      while (!socket.destroyed) {
        const frames: Buffer[] = []
        for (let i = 0; i < 200; i++, next += 2) {
          frames.push(
            frame(Frame.Headers, END_HEADERS, next, CHECK_HEADERS),
            frame(Frame.Reset, 0, next, CANCEL),
          )
        }
        if (!socket.write(Buffer.concat(frames))) return
      }
    }
    socket.on('drain', send)
    send()
  },
  idle() {},
}

/** Begins a hundred streams, and another one for each that ends. */
function keepOpen(socket: Socket, framesOf: (stream: number) => Buffer[]): void {
  let next = 1
  const more = (number: number) => {
    const frames: Buffer[] = []
    for (let i = 0; i < number; i++, next += 2) frames.push(...framesOf(next))
    if (number > 0) socket.write(Buffer.concat(frames))
  }
  onStreamsEnded(socket, more)
  more(STREAMS)
}

/** Tells how many streams have ended, by the flag of a frame that ends one, or by a reset. */
function onStreamsEnded(socket: Socket, tell: (count: number) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    let ended = 0
    while (at + FRAME_HEADER_BYTES <= bytes.length) {
      const end = at + FRAME_HEADER_BYTES + bytes.readUIntBE(at, 3)
      if (end > bytes.length) break
      const type = bytes[at + 3]!
      if (type === Frame.Headers && (bytes[at + 4]! & END_STREAM) !== 0) ended++
      at = end
    }
    rest = bytes.subarray(at)
    tell(ended)
  })
}

runAbuser(kinds, {
  greeting: Buffer.concat([
    PREFACE,
    frame(Frame.Settings, 0, 0),
    frame(Frame.WindowUpdate, 0, 0, BIG_WINDOW),
  ]),
})
