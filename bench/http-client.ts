// The smallest HTTP/1.1 client that is no bottleneck: one keep-alive connection, one request at a time.
import { connect, type Socket } from 'node:net'
import { AnswerReader } from './http-answer.js'

export class ProbeClient {
  readonly #request: Buffer
  readonly #socket: Socket
  readonly #reader = new AnswerReader()
  #settle: { resolve(code: number): void; reject(error: Error): void } | undefined

  private constructor(socket: Socket, request: Buffer) {
    this.#socket = socket
    this.#request = request
    socket.setNoDelay(true)
    socket.on('data', (piece) => this.#take(piece))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  static async open(port: number, path: string): Promise<ProbeClient> {
    const socket = connect(port, '127.0.0.1')
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
    return new ProbeClient(socket, request)
  }

  /** Sends the request and waits for the whole answer; gives its status code. */
  get(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#socket.write(this.#request)
    })
  }

  close(): void {
    this.#socket.removeAllListeners('close')
    this.#socket.destroy()
  }

  #take(piece: Buffer): void {
    const answer = this.#reader.tryTake(piece)
    if (answer === undefined) return
    const settle = this.#settle
    this.#settle = undefined
    settle?.resolve(answer.code)
  }

  #fail(error: Error): void {
    this.#settle?.reject(error)
    this.#settle = undefined
  }
}
