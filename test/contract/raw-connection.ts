// A client that shows what was on the wire: sends bytes as given, and tells answers apart by their lengths.
import { connect, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'

export interface RawResponse {
  readonly statusLine: string
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>
  /** As often as they were sent. */
  readonly headerNames: readonly string[]
  readonly body: string
}

export class RawConnection {
  readonly #socket: Socket
  /** What was not received yet; put together only where it is looked into, as answers may have many megabytes. */
  #chunks: Buffer[] = []
  #bytes = 0
  #hasEnded = false
  #wake = () => {}

  static open(port: number, host = '127.0.0.1'): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, host, () => resolve(new RawConnection(socket)))
      socket.once('error', reject)
    })
  }

  /** Over TLS, as a kubelet does it: HTTP/2 is offered, and the certificate not verified. */
  static openTls(port: number, host = '127.0.0.1'): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const ALPNProtocols = ['h2', 'http/1.1']
      const socket = connectTls({ port, host, ALPNProtocols, rejectUnauthorized: false }, () =>
        resolve(new RawConnection(socket)),
      )
      socket.once('error', reject)
    })
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk)
      this.#bytes += chunk.length
      this.#wake()
    })
    socket.on('close', () => {
      this.#hasEnded = true
      this.#wake()
    })
    socket.on('error', () => {})
  }

  /** A request with the Host header that HTTP/1.1 wants, and whatever else is given. */
  request(method: string, target: string, ...headers: string[]): void {
    this.send([`${method} ${target} HTTP/1.1`, 'Host: probe', ...headers, '', ''].join('\r\n'))
  }

  send(bytes: string | Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** The next answer. An answer to HEAD has a length but no body. */
  async receive(method = 'GET'): Promise<RawResponse> {
    const headEnd = await this.#until(() => {
      const end = this.#received.indexOf('\r\n\r\n')
      return end === -1 ? undefined : end
    })
    const [statusLine = '', ...lines] = this.#received
      .subarray(0, headEnd)
      .toString('latin1')
      .split('\r\n')
    const fields = lines.map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    })
    const headers = new Map(fields)
    const headerNames = fields.map(([field]) => field)
    const bodyStart = headEnd + 4
    const bodyBytes = method === 'HEAD' ? 0 : Number(headers.get('content-length'))
    const end = await this.#until(() =>
      this.#bytes >= bodyStart + bodyBytes ? bodyStart + bodyBytes : undefined,
    )
    const body = this.#received.subarray(bodyStart, end).toString()
    this.#drop(end)
    return { statusLine, headers, headerNames, body }
  }

  /** The first line of the next answer alone; for an answer whose body has no length. Receives nothing. */
  async receiveStatus(): Promise<string> {
    const end = await this.#until(() => {
      const lineEnd = this.#received.indexOf('\r\n')
      return lineEnd === -1 ? undefined : lineEnd
    })
    return this.#received.subarray(0, end).toString('latin1')
  }

  /** Resolves when the other side has closed, to the bytes that nobody received. */
  async ended(): Promise<string> {
    await this.#until(() => (this.#hasEnded ? true : undefined))
    return this.#received.toString()
  }

  /** The protocol that was agreed on over TLS. */
  get protocol(): string | undefined {
    return (this.#socket instanceof TLSSocket && this.#socket.alpnProtocol) || undefined
  }

  /** The common name in the certificate of the other side. */
  get certificateName(): string | undefined {
    if (!(this.#socket instanceof TLSSocket)) return undefined
    return String(this.#socket.getPeerCertificate().subject.CN)
  }

  /** Of the other side. */
  get port(): number {
    return this.#socket.remotePort!
  }

  /** Whether the other side has closed. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Takes nothing that arrives from now on, as a client that is slow or stuck. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Sends no more, and goes on receiving. */
  end(): void {
    this.#socket.end()
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Closes with a reset, as a client that leaves data unread. */
  reset(): void {
    // Of TLS, there is no other way.
    if (this.#socket instanceof TLSSocket) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  get #received(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0]!
  }

  #drop(bytes: number): void {
    this.#chunks = [this.#received.subarray(bytes)]
    this.#bytes -= bytes
  }

  async #until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      if (this.#hasEnded) {
        const start = JSON.stringify(String(this.#received.subarray(0, 1_000)))
        throw new Error(`the connection was closed after ${this.#bytes} bytes: ${start}`)
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
