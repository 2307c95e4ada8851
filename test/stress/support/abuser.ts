// What the programs of clients that mean no good have in common: so many connections at once, each replaced when the server
// closes it, until the program's standard input ends.
import { connect, type Socket } from 'node:net'

const AGAIN_MS = 50

export interface AbuserOptions {
  /** Sent on each connection before it is at it. */
  readonly greeting?: Buffer
  /** Kinds that read nothing. */
  readonly deaf?: readonly string[]
}

/**
 * Runs the program: its arguments are PORT KIND COUNT. Says `ready` when all COUNT connections have been at it. A connection that
 * the server closes is replaced, a little later.
 */
export function runAbuser(
  kinds: Readonly<Record<string, (socket: Socket) => void>>,
  { greeting, deaf = [] }: AbuserOptions = {},
): void {
  const [port, kind, count] = process.argv.slice(2) as [string, string, string]
  const act = kinds[kind]
  if (act === undefined) throw new Error(`kind=${kind}: unknown`)
  let waitedFor = Number(count)
  const sockets = new Set<Socket>()
  let isOver = false

  const open = () => {
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
      if (greeting !== undefined) socket.write(greeting)
      act(socket)
      countOnce()
    })
    if (!deaf.includes(kind)) socket.resume()
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
}
