// A client that means no good, in a process of its own, so that it disturbs nobody but the server.
// Usage: node abuser-program.js PORT KIND COUNT; says `ready` when all COUNT connections have been at it, and goes on
// until its standard input ends. A connection that the server closes is replaced, a little later.
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { runAbuser } from './abuser.js'

const GET = 'GET /healthz HTTP/1.1\r\nHost: probe\r\n\r\n'
const PIPELINED = Buffer.from(GET.repeat(500))
/** What node's parser is handed at once. */
const PACKET = Buffer.from(GET.repeat(1_400))
const MEGABYTE = Buffer.alloc(1024 * 1024, 'x')
const HEADER_MEGABYTES = 10
const DRIP_MS = 200

const kinds: Record<string, (socket: Socket) => void> = {
  slowloris(socket) {
    socket.write('GET /healthz HTTP/1.1\r\nHost: probe\r\n')
    const drip = setInterval(() => socket.write('X: y\r\n'), DRIP_MS)
    socket.once('close', () => clearInterval(drip))
  },
  header(socket) {
    socket.write('GET /healthz HTTP/1.1\r\nHost: probe\r\nX: ')
    for (let i = 0; i < HEADER_MEGABYTES; i++) socket.write(MEGABYTE)
    socket.write('\r\n\r\n')
  },
  /** Sends as fast as the server takes it, and reads nothing. */
  pipeline(socket) {
    socket.pause()
    const send = () => {
      while (!socket.destroyed && socket.write(PIPELINED)) {}
    }
    socket.on('drain', send)
    send()
  },
  /** Sends as much, and reads it all. */
  greedy(socket) {
    const send = () => {
      while (!socket.destroyed && socket.write(PACKET)) {}
    }
    socket.on('drain', send)
    send()
  },
  garbage(socket) {
    socket.write(randomBytes(4096))
    socket.write('\r\n\r\n')
  },
  idle() {},
}

runAbuser(kinds, { deaf: ['pipeline'] })
