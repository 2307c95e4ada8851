// Memory that is held for no other reason than that it counts: written to, so that the kernel has to provide it. One thread.

/**
 * Resizable buffers, as their pages go back to the system when they shrink. A buffer that is merely dropped keeps its pages
 * until the garbage collector comes by, and to that one memory outside its heap is no hurry.
 */
export class Ballast {
  readonly #buffers: ArrayBuffer[] = []

  get heldBytes(): number {
    return this.#buffers.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  /** Blocks the thread while the pages are written. @throws RangeError where the system has none. */
  take(bytes: number): void {
    const buffer = new ArrayBuffer(bytes, { maxByteLength: bytes })
    // Pages that nobody wrote to are not there yet.
    new Uint8Array(buffer).fill(1)
    this.#buffers.push(buffer)
  }

  /** The newest first; what is held is the most that can be given back. */
  giveBack(bytes: number): void {
    let leftBytes = bytes
    for (let last = this.#buffers.at(-1); last !== undefined && leftBytes > 0; ) {
      const givenBytes = Math.min(leftBytes, last.byteLength)
      last.resize(last.byteLength - givenBytes)
      leftBytes -= givenBytes
      if (last.byteLength === 0) this.#buffers.pop()
      last = this.#buffers.at(-1)
    }
  }
}
