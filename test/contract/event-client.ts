// A client of server-sent events that shows what was on the wire: reads a chunked body, and stops reading when it is told to.
import { connect, type Socket } from 'node:net'

export interface SeenEvent {
  /** As a client sends it back. */
  readonly eventId: string
  /** The part of it that counts. */
  readonly id: number
  readonly event: string
  readonly data: Record<string, unknown>
}

export class EventClient {
  readonly #socket: Socket
  #raw = Buffer.alloc(0)
  #head: string | undefined
  #text = ''
  #hasEnded = false
  #wake = () => {}

  static open(port: number, target = '/events', ...headers: string[]): Promise<EventClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => {
        const lines = [`GET ${target} HTTP/1.1`, 'Host: probe', ...headers, '', '']
        socket.write(lines.join('\r\n'))
        resolve(new EventClient(socket))
      })
      socket.once('error', reject)
    })
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => {
      this.#raw = Buffer.concat([this.#raw, bytes])
      this.#parse()
      this.#wake()
    })
    socket.on('close', () => {
      this.#hasEnded = true
      this.#wake()
    })
    socket.on('error', () => {})
  }

  /** Status line and headers, as soon as they are there. */
  async head(): Promise<string> {
    return this.#until(() => this.#head)
  }

  /** The next event. What is no event, such as a heartbeat, is passed over. */
  async next(): Promise<SeenEvent> {
    for (;;) {
      const end = await this.#until(() => {
        const at = this.#text.indexOf('\n\n')
        return at === -1 ? undefined : at
      })
      const block = this.#text.slice(0, end)
      this.#text = this.#text.slice(end + 2)
      if (block.startsWith(':')) continue
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? ''
      const eventId = field('id')
      const [, number] = /^[0-9a-f]{16}-(\d+)$/.exec(eventId) ?? []
      const data = JSON.parse(field('data'))
      return { eventId, id: Number(number), event: field('event'), data }
    }
  }

  /** Resolves with the next comment. */
  async heartbeat(): Promise<void> {
    const end = await this.#until(() => {
      const at = this.#text.indexOf(':\n\n')
      return at === -1 ? undefined : at
    })
    this.#text = this.#text.slice(end + 3)
  }

  /** Resolves when the other side has closed; whether it has said that this was the end of the answer. */
  async ended(): Promise<boolean> {
    await this.#until(() => (this.#hasEnded ? true : undefined))
    return this.#raw.toString().endsWith('0\r\n\r\n')
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }

  #parse(): void {
    if (this.#head === undefined) {
      const end = this.#raw.indexOf('\r\n\r\n')
      if (end === -1) return
      this.#head = this.#raw.subarray(0, end).toString('latin1')
      this.#raw = this.#raw.subarray(end + 4)
    }
    for (;;) {
      // Some servers end a chunk at once, others with the beginning of the next one.
      const start = this.#raw.subarray(0, 2).toString() === '\r\n' ? 2 : 0
      const lineEnd = this.#raw.indexOf('\r\n', start)
      if (lineEnd === -1) return
      const length = Number.parseInt(this.#raw.subarray(start, lineEnd).toString(), 16)
      if (!(length > 0) || this.#raw.length < lineEnd + 2 + length) return
      this.#text += this.#raw.subarray(lineEnd + 2, lineEnd + 2 + length).toString()
      this.#raw = this.#raw.subarray(lineEnd + 2 + length)
    }
  }

  async #until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      if (this.#hasEnded) throw new Error(`the connection was closed after ${this.#text}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}
