// Where the samples go: a file, or standard output. Main thread.
import { constants } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

/** Takes bytes in order. Never called again before the last write has settled. */
export interface Destination {
  /** Resolves with how many of the bytes were taken, at least one. The bytes must stay as they are until then. */
  write(bytes: Uint8Array): Promise<number>
  close(): Promise<void>
}

/** Nobody reads any more, and nobody can come back. */
export class ReaderGoneError extends Error {
  constructor(options?: ErrorOptions) {
    super('the reader of standard output has gone', options)
    this.name = 'ReaderGoneError'
  }
}

const NEWLINE = 0x0a
const FULL_PIPE_RETRY_MS = 10

/** Appends to a file. A full one is kept as `<path>.1`, so that a forgotten collector does not fill the disk. */
export class FileDestination implements Destination {
  readonly #path: string
  readonly #rotateBytes: number
  #handle: FileHandle
  #fileBytes: number
  #isAtLineStart = true
  #isClosed = false

  private constructor(path: string, rotateBytes: number, handle: FileHandle, fileBytes: number) {
    this.#path = path
    this.#rotateBytes = rotateBytes
    this.#handle = handle
    this.#fileBytes = fileBytes
  }

  /** @param rotateBytes 0 = never. Devices and pipes are never rotated. */
  static async open(path: string, rotateBytes: number): Promise<FileDestination> {
    const handle = await openForAppend(path)
    const stats = await handle.stat()
    return new FileDestination(path, stats.isFile() ? rotateBytes : 0, handle, stats.size)
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#rotateIfFull(bytes.length)
    const { bytesWritten } = await this.#writeSome(bytes)
    this.#fileBytes += bytesWritten
    this.#isAtLineStart = bytes[bytesWritten - 1] === NEWLINE
    return bytesWritten
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#handle.close()
  }

  async #writeSome(bytes: Uint8Array): Promise<{ bytesWritten: number }> {
    for (;;) {
      try {
        return await this.#handle.write(bytes)
      } catch (error) {
        // A named pipe whose reader is behind.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || this.#isClosed) throw error
        await wait(FULL_PIPE_RETRY_MS)
      }
    }
  }

  async #rotateIfFull(byteCount: number): Promise<void> {
    if (this.#rotateBytes === 0 || !this.#isAtLineStart || this.#fileBytes === 0) return
    if (this.#fileBytes + byteCount <= this.#rotateBytes) return
    await rename(this.#path, `${this.#path}.1`)
    const next = await openForAppend(this.#path)
    await this.#handle.close()
    this.#handle = next
    this.#fileBytes = 0
  }
}

// Non-blocking, so that a named pipe without a reader is an error and a full one does not hold a thread of the pool,
// which would keep the process from ending. Regular files don't know the difference.
function openForAppend(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_CREAT, O_APPEND, O_NONBLOCK } = constants
  return open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK, 0o644)
}

/** Standard output. Its callback comes when the reader has made room, which is the backpressure. */
export class StdoutDestination implements Destination {
  constructor() {
    // Each error reaches the callback of its write; without a listener it would end the process as well.
    process.stdout.on('error', () => {})
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      process.stdout.write(bytes, (error) => {
        if (error) reject(new ReaderGoneError({ cause: error }))
        else resolve(bytes.length)
      })
    })
  }

  async close(): Promise<void> {}
}

/** For the fault `stall-sink`: while stalled, a write hangs as it does on a dead disk. */
export class StallableDestination implements Destination {
  readonly #inner: Destination
  readonly #closing = new AbortController()
  #stalledUntilMs = 0

  constructor(inner: Destination) {
    this.#inner = inner
  }

  stall(durationMs: number): void {
    this.#stalledUntilMs = performance.now() + durationMs
  }

  async write(bytes: Uint8Array): Promise<number> {
    const stallMs = this.#stalledUntilMs - performance.now()
    if (stallMs > 0) await wait(stallMs, undefined, { signal: this.#closing.signal })
    return this.#inner.write(bytes)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#inner.close()
  }
}
