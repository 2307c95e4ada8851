// Keeps one packet of requests from holding up all others. Probe actor's thread.
import type { UwsConnection } from './uws-connection.js'

/**
 * How many requests in one packet are answered, and with how much; the next one closes the connection. There may be ten
 * thousand in it, and all others would wait for them.
 */
const MAX_IN_PACKET = 256
const MAX_BYTES_IN_PACKET = 1024 * 1024

/** Counts what one connection asks and gets in a row: until another one asks, or the loop has come round. */
export class Fairness {
  #asker: UwsConnection | undefined
  #requests = 0
  #bytes = 0

  /** Says whether this is more than is fair. */
  asks(connection: UwsConnection): boolean {
    if (connection !== this.#asker) {
      this.#asker = connection
      this.#requests = 0
      this.#bytes = 0
    }
    this.#requests++
    return this.#requests > MAX_IN_PACKET || this.#bytes > MAX_BYTES_IN_PACKET
  }

  got(connection: UwsConnection, bytes: number): void {
    if (connection === this.#asker) this.#bytes += bytes
  }

  get isHalfSpent(): boolean {
    return this.#requests * 2 > MAX_IN_PACKET || this.#bytes * 2 > MAX_BYTES_IN_PACKET
  }

  endRow(): void {
    this.#asker = undefined
    this.#requests = 0
    this.#bytes = 0
  }
}
