// Two shared words by which a host that is about to end learns that the probe actor, or the gRPC actor, has nothing open any
// more. uWebSockets.js aborts the process with code 134 if it is open at that time, and so does node:http2 (of Node.js 20 at
// least) if its thread is ended amid the frames of a client. So the host has to know, and it has to know without its event loop:
// an exit hook is synchronous.
//
//   word      writer   says
//   CLOSING   host     1: nothing may be opened from now on; 2: nor is there time for goodbyes
//   OPEN      actor    1 while something is open, or about to be
//
// Each side stores its own word before it loads the other's, so at least one of them sees the other: either the
// actor does not open, or the host waits for it.
const CLOSING = 0
const OPEN = 1
const EXITING = 2
const WORDS = 2

export class ExitGate {
  /** Handed to the actor, which makes its own ExitGate of it. */
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array<SharedArrayBuffer>

  constructor(buffer = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
  }

  /** Actor: asks to open. False where the host is closing; then nothing may be opened. */
  tryOpen(): boolean {
    Atomics.store(this.#words, OPEN, 1)
    // pairs with requestClose: one of the two loads sees the other side's store.
    if (Atomics.load(this.#words, CLOSING) === 0) return true
    this.markClosed()
    return false
  }

  /** Actor: everything is closed. */
  markClosed(): void {
    Atomics.store(this.#words, OPEN, 0)
    Atomics.notify(this.#words, OPEN) // pairs with waitClosed
  }

  /** Actor: whether the host has asked to close, so that somebody may be waiting for it at this moment. */
  get isClosing(): boolean {
    return Atomics.load(this.#words, CLOSING) !== 0 // pairs with requestClose
  }

  /** Actor: whether the host waits for it in its exit hook. */
  get isExiting(): boolean {
    return Atomics.load(this.#words, CLOSING) === EXITING // pairs with requestExit
  }

  /** Host: from now on the actor may only close. */
  requestClose(): void {
    Atomics.compareExchange(this.#words, CLOSING, 0, 1)
  }

  /** Host: as requestClose, at once. */
  requestExit(): void {
    Atomics.store(this.#words, CLOSING, EXITING)
  }

  /** Host: whether the actor may have something open. Conclusive after requestClose. */
  get isOpen(): boolean {
    return Atomics.load(this.#words, OPEN) === 1
  }

  /** Host: blocks until everything is closed, at most `timeoutMs`. False where it is not. */
  waitClosed(timeoutMs: number): boolean {
    const deadlineMs = performance.now() + timeoutMs
    while (this.isOpen) {
      const leftMs = deadlineMs - performance.now()
      if (leftMs <= 0) return false
      Atomics.wait(this.#words, OPEN, 1, leftMs)
    }
    return true
  }
}
