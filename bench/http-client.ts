// The smallest HTTP/1.1 client that is no bottleneck: one keep-alive connection, one request at a time, and no more of an
// answer read than its status code and its end.
import { connect, type Socket } from 'node:net'

const HEADERS_END = Buffer.from('\r\n\r\n')
const CHUNKS_END = Buffer.from('0\r\n\r\n')

export class ProbeClient {
  readonly #request: Buffer
  #socket: Socket
  #received: Buffer[] = []
  #settle: { resolve(code: number): void; reject(error: Error): void } | undefined
  /** Where the answer ends, once its headers are in: bytes, or the last chunk. */
  #end: number | 'chunked' | undefined
  #length = 0

  private constructor(socket: Socket, request: Buffer) {
    this.#socket = socket
    this.#request = request
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#take(chunk))
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

  #take(chunk: Buffer): void {
    this.#received.push(chunk)
    this.#length += chunk.length
    if (this.#end === undefined) {
      const head = this.#received.length === 1 ? chunk : Buffer.concat(this.#received)
      const headersEnd = head.indexOf(HEADERS_END)
      if (headersEnd < 0) return
      const headers = head.subarray(0, headersEnd).toString('latin1')
      const length = /content-length: *(\d+)/i.exec(headers)?.[1]
      this.#end = length === undefined ? 'chunked' : headersEnd + 4 + Number(length)
    }
    if (this.#end === 'chunked' ? !this.#hasLastChunk() : this.#length < this.#end) return
    const code = Number(this.#received[0]?.toString('latin1', 9, 12))
    this.#received = []
    this.#length = 0
    this.#end = undefined
    const settle = this.#settle
    this.#settle = undefined
    settle?.resolve(code)
  }

  #hasLastChunk(): boolean {
    const last = this.#received[this.#received.length - 1]!
    const tail = last.length >= CHUNKS_END.length ? last : Buffer.concat(this.#received.slice(-3))
    return tail.subarray(-CHUNKS_END.length).equals(CHUNKS_END)
  }

  #fail(error: Error): void {
    this.#settle?.reject(error)
    this.#settle = undefined
  }
}
