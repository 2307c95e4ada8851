// A gRPC client that means no good, in a process of its own, so that it disturbs nobody but the server.
// Usage: node grpc-abuser-program.js PORT KIND COUNT; says `ready` when all COUNT connections have been at it, and goes on
// until its standard input ends. A connection that the server closes is replaced, a little later.
import { connect, type Socket } from 'node:net'
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

const [port, kind, count] = process.argv.slice(2) as [string, string, string]
const AGAIN_MS = 50
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
  calls(socket) {
    let next = 1
    const more = (number: number) => {
      const frames: Buffer[] = []
      for (let i = 0; i < number; i++, next += 2) frames.push(...call(next))
      if (number > 0) socket.write(Buffer.concat(frames))
    }
    onStreamsEnded(socket, more)
    more(STREAMS)
  },
  /** A hundred watches, and what they are told. */
  watches(socket) {
    let next = 1
    const more = (number: number) => {
      const frames: Buffer[] = []
      for (let i = 0; i < number; i++, next += 2) frames.push(...call(next, WATCH_HEADERS))
      if (number > 0) socket.write(Buffer.concat(frames))
    }
    onStreamsEnded(socket, more)
    more(STREAMS)
  },
  /** A hundred calls whose request never comes, each followed by another one. */
  'half-open'(socket) {
    let next = 1
    const more = (number: number) => {
      const frames: Buffer[] = []
      for (let i = 0; i < number; i++, next += 2) {
        frames.push(frame(Frame.Headers, END_HEADERS, next, CHECK_HEADERS))
      }
      if (number > 0) socket.write(Buffer.concat(frames))
    }
    onStreamsEnded(socket, more)
    more(STREAMS)
  },
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

const act = kinds[kind]
if (act === undefined) throw new Error(`kind=${kind}: unknown`)
let waitedFor = Number(count)
const sockets = new Set<Socket>()
let isOver = false

function open(): void {
  const socket = connect(Number(port), '127.0.0.1')
  sockets.add(socket)
  socket.on('error', () => {})
  let hasCounted = false
  const countOnce = () => {
    if (hasCounted) return
    hasCounted = true
    if (--waitedFor === 0) process.stdout.write('ready\n')
  }
  socket.once('connect', () => {
    socket.write(
      Buffer.concat([
        PREFACE,
        frame(Frame.Settings, 0, 0),
        frame(Frame.WindowUpdate, 0, 0, BIG_WINDOW),
      ]),
    )
    act!(socket)
    countOnce()
  })
  socket.resume()
  socket.once('close', () => {
    sockets.delete(socket)
    countOnce()
    if (!isOver) setTimeout(open, AGAIN_MS)
  })
}

for (let i = 0; i < Number(count); i++) open()
process.stdin.resume().once('end', () => {
  isOver = true
  for (const socket of sockets) socket.destroy()
  process.exit(0)
})
