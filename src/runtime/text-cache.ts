// The messages that a thread has encoded. Belongs to that thread; its reporters share it.
import { type Encoded, encodeText } from '../memory/text.js'

const MAX_CACHED_TEXTS = 256
const MAX_CACHED_CHARACTERS = 256

/** Encoded messages of a thread. Collectors repeat a few messages, and encoding is most of an update's cost. */
export class TextCache {
  readonly #texts = new Map<string, Encoded>()
  readonly #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  encode(text: string): Encoded {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    const encoded = encodeText(text, this.#maxBytes)
    if (text.length <= MAX_CACHED_CHARACTERS) {
      if (this.#texts.size === MAX_CACHED_TEXTS) this.#texts.clear()
      this.#texts.set(text, encoded)
    }
    return encoded
  }
}
