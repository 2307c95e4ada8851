// Thousands of connections that ask whatever they like, in pieces or all at once, and leave when they like, against
// limits that always close some of them. A transport that touches one that is gone ends its process.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Transport } from '../../src/probe/choose-listener.js'
import type { ListenerLimits } from '../../src/probe/listener.js'
import { transports } from '../e2e/transports.js'
import { Random, seedOfRun } from './support/random.js'

const program = fileURLToPath(new URL('./support/listener-program.js', import.meta.url))

const CONNECTIONS = 1_500
const AT_ONCE = 100

const requestLines = ['GET / HTTP/1.1', 'GET /middle HTTP/1.1', 'GET /large HTTP/1.1']
const allLines = [
  ...requestLines,
  ...requestLines,
  'GET /?1 HTTP/1.1',
  'GET /large?3 HTTP/1.1',
  'HEAD / HTTP/1.1',
  'HEAD /?1 HTTP/1.1',
  'POST / HTTP/1.1',
  'POST /large HTTP/1.1',
  'POST /?1 HTTP/1.1',
  'GET / HTTP/1.0',
  'GET http://probe/middle HTTP/1.1',
  'CONNECT probe:443 HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  'nonsense',
]
const connectionHeaders = ['', '', '', 'Connection: close\r\n', 'Connection: TE, close\r\n']
const bodies = [
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  'Content-Length: 5\r\n\r\nhello',
  'Content-Length: 50\r\n\r\nnot all',
  'Content-Length: 0\r\n\r\n',
  'Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello',
  'Expect: 100-continue\r\n\r\n',
  'Expect: wonders\r\nContent-Length: 5\r\n\r\nhello',
  'Content-Length: none\r\n\r\n',
  'Transfer-Encoding: chunked\r\n\r\n',
  'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
]

/** All that a client may ask. */
function anyRequests(random: Random): string {
  const most = random.oneIn(10) ? 100 : 4
  const count = random.oneIn(3) ? 1 + random.below(most) : 1
  return Array.from({ length: count }, () => {
    const line = random.pick(allLines)
    return `${line}\r\nHost: probe\r\n${random.pick(connectionHeaders)}${random.pick(bodies)}`
  }).join('')
}

/** Answers that do not fit in one write, and a close after them. */
function largeLastRequest(random: Random): string {
  const path = random.pick(['/', '/middle', '/large'])
  // uWebSockets.js closes for any five bytes.
  const value = random.pick(['close', 'Close', 'xxxxx', 'éabc', 'éü1'])
  return `GET ${path} HTTP/1.1\r\nHost: probe\r\nConnection: ${value}\r\n\r\n`
}

type Ask = (random: Random) => string

/** One life of a client. */
async function live(port: number, random: Random, ask: Ask): Promise<void> {
  const socket = connect(port, '127.0.0.1').resume()
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => {})
  for (let turns = 1 + random.below(4); turns > 0 && !socket.destroyed; turns--) {
    const text = ask(random)
    const cut = random.oneIn(4) ? random.below(text.length) : text.length
    socket.write(text.slice(0, cut))
    if (random.oneIn(10)) socket.pause()
    if (random.oneIn(2)) await delay(random.below(10))
    if (!random.oneIn(4)) socket.write(text.slice(cut))
    if (random.oneIn(40)) await delay(random.below(300))
  }
  switch (random.below(4)) {
    case 0:
      socket.resetAndDestroy()
      break
    case 1:
      socket.destroy()
      break
    case 2:
      socket.end()
      break
    default:
      setTimeout(() => socket.destroy(), random.below(300))
  }
  socket.resume()
  await closed
}

async function fuzz(
  t: TestContext,
  transport: Transport,
  limits: ListenerLimits,
  ask: Ask,
): Promise<void> {
  const seed = seedOfRun()
  t.diagnostic(`HEALTH_SEED=${seed}`)
  const random = new Random(seed)
  const child = spawn(process.execPath, [program, transport, JSON.stringify(limits)], {
    // What is freed is filled, so that who reads it notices.
    env: { ...process.env, MALLOC_PERTURB_: '165' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = once(child, 'close')
  const port = Number(String((await once(child.stdout, 'data'))[0]))
  let lives = 0
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (lives++ < CONNECTIONS && child.exitCode === null && child.signalCode === null) {
        await live(port, random, ask)
      }
    }),
  )
  child.stdin.end()
  const [code, signal] = await ended
  assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' })
}

const few = { maxConnections: 20, headersTimeoutMs: 5_000, idleTimeoutMs: 5_000 }
const patient = { maxConnections: 1_000, headersTimeoutMs: 5_000, idleTimeoutMs: 5_000 }
const hurried = { maxConnections: 1_000, headersTimeoutMs: 100, idleTimeoutMs: 50 }

for (const transport of transports) {
  test(`${transport} survives clients that do anything, where few may be open`, (t) =>
    fuzz(t, transport, few, anyRequests))

  test(`${transport} survives clients that do anything, where all are soon late`, (t) =>
    fuzz(t, transport, hurried, anyRequests))

  test(`${transport} survives clients that do anything, where all may stay`, (t) =>
    fuzz(t, transport, patient, anyRequests))

  test(`${transport} survives clients that want much and then a close`, (t) =>
    fuzz(t, transport, hurried, largeLastRequest))
}
