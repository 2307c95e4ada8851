// Reads one file of /proc again and again. Any thread; synchronous, because /proc is memory, not a device.
import { closeSync, openSync, readSync } from 'node:fs'

const FIRST_BUFFER_BYTES = 16 * 1024

/** Keeps the file open between reads: opening costs more than reading. Not for use by two threads. */
export class ProcFile {
  readonly path: string
  #fd: number | undefined
  #buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES)

  constructor(path: string) {
    this.path = path
  }

  /** The whole text as it is now. After an error the next call opens the file anew. @throws what the system says. */
  read(): string {
    try {
      this.#fd ??= openSync(this.path, 'r')
      return this.#readAll(this.#fd)
    } catch (error) {
      this.close()
      throw error
    }
  }

  close(): void {
    if (this.#fd === undefined) return
    const fd = this.#fd
    this.#fd = undefined
    closeSync(fd)
  }

  // Some files come in pieces of a page, so only an empty read says that this was all.
  #readAll(fd: number): string {
    let length = 0
    for (;;) {
      if (length === this.#buffer.length) {
        this.#buffer = Buffer.concat([this.#buffer], this.#buffer.length * 2)
      }
      const count = readSync(fd, this.#buffer, length, this.#buffer.length - length, length)
      if (count === 0) return this.#buffer.toString('utf8', 0, length)
      length += count
    }
  }
}
