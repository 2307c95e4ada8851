// Reads one HTTP/1.1 answer as it arrives, and no more of it than its status code and its end.

export interface Answer {
  readonly code: number
  /** Of the whole answer as it was sent: head, body and the framing of chunks. */
  readonly bytes: number
}

const HEAD_END = Buffer.from('\r\n\r\n')
const CHUNKS_END = Buffer.from('0\r\n\r\n')

/** Feed it what arrives on one connection; after an answer it is ready for the next one. */
export class AnswerReader {
  #received: Buffer[] = []
  #length = 0
  #code = 0
  /** Where the answer ends, once its head is in: bytes, or the last chunk. */
  #end: number | 'chunked' | undefined

  /** The answer, with the piece that completes it. */
  tryTake(piece: Buffer): Answer | undefined {
    this.#received.push(piece)
    this.#length += piece.length
    if (this.#end === undefined) this.#readHead()
    if (this.#end === undefined) return undefined
    if (this.#end === 'chunked' ? !this.#hasLastChunk() : this.#length < this.#end) return undefined
    const answer = { code: this.#code, bytes: this.#length }
    this.#received = []
    this.#length = 0
    this.#end = undefined
    return answer
  }

  #readHead(): void {
    const head = this.#received.length === 1 ? this.#received[0]! : Buffer.concat(this.#received)
    const headEnd = head.indexOf(HEAD_END)
    if (headEnd < 0) return
    const headers = head.subarray(0, headEnd).toString('latin1')
    const length = /content-length: *(\d+)/i.exec(headers)?.[1]
    this.#code = Number(headers.slice(9, 12))
    this.#end = length === undefined ? 'chunked' : headEnd + HEAD_END.length + Number(length)
  }

  #hasLastChunk(): boolean {
    const last = this.#received[this.#received.length - 1]!
    const tail = last.length >= CHUNKS_END.length ? last : Buffer.concat(this.#received.slice(-5))
    return tail.subarray(-CHUNKS_END.length).equals(CHUNKS_END)
  }
}
