// Entry of the latency client's process: an order a line on standard input, a report a line on standard output.
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { AnswerReader } from './http-answer.js'
import type { ProbeOrder, ProbeReport } from './latency-load.js'

/** A timer counts whole milliseconds, at least one, and fires up to this much after its time. */
const TIMER_SLACK_MS = 1.1

class Probing {
  readonly #order: ProbeOrder
  readonly #request: Buffer
  readonly #microseconds: number[] = []
  readonly #lateUs: number[] = []
  readonly #codes = new Set<number>()
  readonly #answerBytes = new Set<number>()
  readonly #failures = new Set<string>()
  #timeouts = 0

  constructor(order: ProbeOrder) {
    this.#order = order
    const { path, port } = order
    this.#request = Buffer.from(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
    )
  }

  async run(): Promise<ProbeReport> {
    const { count, perSecond } = this.#order
    const start = performance.now()
    const pending: Promise<void>[] = []
    for (let i = 0; i < count; i++) {
      const due = start + (i * 1000) / perSecond
      await waitUntil(due)
      pending.push(this.#probe(due))
    }
    await Promise.all(pending)
    return {
      microseconds: this.#microseconds,
      timeouts: this.#timeouts,
      codes: [...this.#codes],
      answerBytes: [...this.#answerBytes],
      failures: [...this.#failures],
      lateUs: this.#lateUs,
    }
  }

  /** One probe, as a kubelet sends it: connection, request, answer. Its time counts from when it was due. */
  #probe(due: number): Promise<void> {
    const { port, timeoutMs } = this.#order
    const lateMs = performance.now() - due
    this.#lateUs.push(toMicroseconds(lateMs))
    return new Promise((resolve) => {
      const reader = new AnswerReader()
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      const settle = () => {
        clearTimeout(timer)
        socket.removeAllListeners()
        // What still comes of a connection that is given up is nobody's business.
        socket.on('error', () => {})
        socket.destroy()
        resolve()
      }
      const timer = setTimeout(() => {
        this.#timeouts += 1
        settle()
      }, timeoutMs - lateMs)
      const fail = (reason: string) => {
        this.#failures.add(reason)
        settle()
      }
      socket.on('data', (piece) => {
        const answer = reader.tryTake(piece)
        if (answer === undefined) return
        const elapsedMs = performance.now() - due
        // The timer may come later than an answer that has come too late.
        if (elapsedMs > timeoutMs) this.#timeouts += 1
        else this.#microseconds.push(toMicroseconds(elapsedMs))
        this.#codes.add(answer.code)
        this.#answerBytes.add(answer.bytes)
        settle()
      })
      socket.on('error', (error) => fail(error.message))
      socket.on('close', () => fail('the server closed the connection'))
      socket.write(this.#request)
    })
  }
}

/** To a tenth, which is as much as the clock tells. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 10_000) / 10
}

/** The rest that no timer can be trusted with is waited for turn by turn, with the sockets served in between. */
async function waitUntil(due: number): Promise<void> {
  for (;;) {
    const left = due - performance.now()
    if (left <= 0) return
    await new Promise<void>((resolve) => {
      if (left >= 1 + TIMER_SLACK_MS) setTimeout(resolve, Math.floor(left - TIMER_SLACK_MS))
      else setImmediate(resolve)
    })
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  globalThis.gc?.()
  const report = await new Probing(JSON.parse(line) as ProbeOrder).run()
  process.stdout.write(`${JSON.stringify(report)}\n`)
}
