// Strings and metadata as 32-bit words, and back. Lossless for every JavaScript string: lone surrogates, which
// UTF-8 cannot hold, are written as WTF-8 does, three bytes each. What is longer than the limit is cut at a
// character boundary and says so. Runs in any thread; the buffers are private to it.
import { ENCODING_SHIFT, LENGTH_MASK } from './layout.js'

const ENCODING_ASCII = 0
const ENCODING_UTF8 = 1
const ENCODING_WTF8 = 2
type Encoding = typeof ENCODING_ASCII | typeof ENCODING_UTF8 | typeof ENCODING_WTF8

/** A string or metadata, ready to be copied into shared words. */
export interface Encoded {
  /** Byte length and encoding; 0 is the empty string or empty metadata. */
  readonly header: number
  readonly words: Int32Array
  /** Of header and first words; equal contents have equal hashes. */
  readonly hash: number
  /** Something was left out for want of room. */
  readonly isCut: boolean
}

const EMPTY: Encoded = { header: 0, words: new Int32Array(0), hash: 0, isCut: false }

/** Content that is encoded already, as it stands in a block. */
export function encodedOf(header: number, words: Int32Array): Encoded {
  return { header, words, hash: hashOf(header, words), isCut: false }
}

const FNV_PRIME = 16777619
const FNV_OFFSET = 0x811c9dc5 | 0
/** Names are shorter, and longer messages are not looked up. */
const MAX_HASHED_WORDS = 64

/**
 * FNV-1a by words, and MurmurHash3's finaliser: a multiplication carries upwards only, so without it the upper bytes of
 * a word, where a digit that changes may stand, would not reach the low bits that tables use.
 */
function hashOf(header: number, words: Int32Array): number {
  let hash = FNV_OFFSET ^ header
  const count = Math.min(words.length, MAX_HASHED_WORDS)
  for (let i = 0; i < count; i++) {
    hash = Math.imul(hash ^ words[i]!, FNV_PRIME)
    hash ^= hash >>> 15
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** How many words the content of a block with this header takes. */
export function contentWords(header: number): number {
  return ((header & LENGTH_MASK) + 3) >> 2
}

export function encodeText(text: string, maxBytes: number): Encoded {
  if (text === '') return EMPTY
  const length = Buffer.byteLength(text)
  if (length > maxBytes) return { ...encodeText(cutText(text, maxBytes), Infinity), isCut: true }
  const words = new Int32Array((length + 3) >> 2)
  const encoding = writeText(text, length, words, 0)
  return encodedOf(length | (encoding << ENCODING_SHIFT), words)
}

/**
 * Metadata, given as keys and values by turns, as one block: the number of pairs, the byte lengths of each key and value,
 * then all their bytes. Pairs that do not fit are left out, and the first value that does not fit is cut.
 */
export function encodeMetadata(pairs: readonly string[], maxBytes: number): Encoded {
  if (pairs.length === 0) return EMPTY
  const { texts, isCut } = fitPairs(pairs, maxBytes)
  if (texts.length === 0) return { ...EMPTY, isCut }
  const lengthsBytes = 4 + texts.length * 4
  let textBytes = 0
  for (const text of texts) textBytes += Buffer.byteLength(text)
  const words = new Int32Array((lengthsBytes + textBytes + 3) >> 2)
  words[0] = texts.length / 2
  let encoding: Encoding = ENCODING_ASCII
  let at = lengthsBytes
  for (const [i, text] of texts.entries()) {
    const length = Buffer.byteLength(text)
    encoding = Math.max(encoding, writeText(text, length, words, at)) as Encoding
    words[1 + i] = length
    at += length
  }
  const header = (lengthsBytes + textBytes) | (encoding << ENCODING_SHIFT)
  return { ...encodedOf(header, words), isCut }
}

/** Metadata is budgeted by the bytes of its block, so that what was accepted always fits one. */
function fitPairs(
  pairs: readonly string[],
  maxBytes: number,
): { texts: readonly string[]; isCut: boolean } {
  let left = maxBytes - 4
  for (let at = 0; at < pairs.length; at += 2) {
    const value = pairs[at + 1]!
    left -= 8 + Buffer.byteLength(pairs[at]!)
    const valueBytes = Buffer.byteLength(value)
    if (valueBytes <= left) {
      left -= valueBytes
      continue
    }
    const fitting = pairs.slice(0, at)
    if (left >= MIN_CUT_BYTES) fitting.push(pairs[at]!, cutText(value, left))
    return { texts: fitting, isCut: true }
  }
  return { texts: pairs, isCut: false }
}

/** Room for the notice alone, with a ten-digit count. */
const MIN_CUT_BYTES = 40

function cutNotice(bytes: number): string {
  return `… [truncated ${bytes} bytes]`
}

/**
 * A beginning of `text`, cut between characters, and the notice of what is missing: at most `maxBytes` of UTF-8 together.
 * Room is left for the longest notice, so a byte or so may stay unused.
 */
export function cutText(text: string, maxBytes: number): string {
  const totalBytes = Buffer.byteLength(text)
  const room = maxBytes - Buffer.byteLength(cutNotice(totalBytes))
  let keptBytes = 0
  let end = 0
  while (end < text.length) {
    const codePoint = text.codePointAt(end)!
    const bytes = codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4
    if (keptBytes + bytes > room) break
    keptBytes += bytes
    end += codePoint < 0x10000 ? 1 : 2
  }
  return text.slice(0, end) + cutNotice(totalBytes - keptBytes)
}

/** The text where it has at most so many bytes of UTF-8, which costs little to find of a short one; else it is cut. */
export function fitText(text: string, maxBytes: number): string {
  const fits = text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes
  return fits ? text : cutText(text, maxBytes)
}

/** Writes a string of this byte length at a byte offset of zeroed words; says which encoding it needed. */
function writeText(text: string, length: number, words: Int32Array, at: number): Encoding {
  if (length === text.length && length <= MAX_WALKED_CHARACTERS) {
    // Asking a small array for its buffer moves it out of the heap of the engine, at twice its size.
    for (let i = 0; i < length; i++) {
      const byte = at + i
      words[byte >> 2]! |= text.charCodeAt(i) << ((byte & 3) << 3)
    }
    return ENCODING_ASCII
  }
  return writeBytes(text, Buffer.from(words.buffer, at, length))
}

const MAX_WALKED_CHARACTERS = 64

function writeBytes(text: string, target: Buffer): Encoding {
  if (target.length === text.length) {
    target.write(text, 'latin1')
    return ENCODING_ASCII
  }
  if (text.isWellFormed()) {
    target.write(text, 'utf8')
    return ENCODING_UTF8
  }
  let at = 0
  for (const character of text) {
    const codePoint = character.codePointAt(0)!
    const isLoneSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff
    if (isLoneSurrogate) {
      target[at++] = 0xe0 | (codePoint >> 12)
      target[at++] = 0x80 | ((codePoint >> 6) & 0x3f)
      target[at++] = 0x80 | (codePoint & 0x3f)
    } else {
      at += target.write(character, at, 'utf8')
    }
  }
  return ENCODING_WTF8
}

/** Decodes the text of a block with this header, whose content begins at `word` of the thread's own copy. */
export function decodeText(copy: Int32Array, word: number, header: number): string {
  return readText(bytesOf(copy), word * 4, header & LENGTH_MASK, encodingOf(header))
}

/** Decodes a metadata block: a fresh object without a prototype, frozen. */
export function decodeMetadata(
  copy: Int32Array,
  word: number,
  header: number,
): Readonly<Record<string, string>> {
  if (header === 0) return NO_METADATA
  const bytes = bytesOf(copy)
  const encoding = encodingOf(header)
  const pairCount = copy[word]!
  // Taking the prototype away while the object is empty makes `__proto__` an ordinary key, and unlike
  // Object.create(null) does not turn the object into a hash table of several times the size.
  const metadata: Record<string, string> = Object.setPrototypeOf({}, null)
  let at = (word + 1 + 2 * pairCount) * 4
  for (let pair = 0; pair < pairCount; pair++) {
    const keyBytes = copy[word + 1 + 2 * pair]!
    const valueBytes = copy[word + 2 + 2 * pair]!
    const key = readText(bytes, at, keyBytes, encoding)
    metadata[key] = readText(bytes, at + keyBytes, valueBytes, encoding)
    at += keyBytes + valueBytes
  }
  return Object.freeze(metadata)
}

/** The metadata of every component that has none. */
export const NO_METADATA: Readonly<Record<string, string>> = Object.freeze(
  Object.setPrototypeOf({}, null),
)

function encodingOf(header: number): Encoding {
  return (header >>> ENCODING_SHIFT) as Encoding
}

/** Larger copies are rare, and should not be kept by this. */
const MAX_KEPT_WORDS = 65536
let lastCopy: Int32Array | undefined
let lastBytes = Buffer.alloc(0)

/** A reader decodes many blocks from one buffer of its own; making the byte view each time would cost more than short texts do. */
function bytesOf(copy: Int32Array): Buffer {
  if (copy.length > MAX_KEPT_WORDS) return Buffer.from(copy.buffer as ArrayBuffer)
  if (copy !== lastCopy) {
    lastCopy = copy
    lastBytes = Buffer.from(copy.buffer as ArrayBuffer, copy.byteOffset, copy.byteLength)
  }
  return lastBytes
}

function readText(bytes: Buffer, start: number, length: number, encoding: Encoding): string {
  const end = start + length
  if (encoding === ENCODING_ASCII) return bytes.toString('latin1', start, end)
  if (encoding === ENCODING_UTF8) return bytes.toString('utf8', start, end)
  let text = ''
  let from = start
  for (let at = start; at < end; at++) {
    // A three-byte sequence that begins with 0xED and goes on above 0x9F stands for a lone surrogate.
    if (bytes[at] !== 0xed || bytes[at + 1]! < 0xa0) continue
    text += bytes.toString('utf8', from, at)
    text += String.fromCharCode(0xd000 | ((bytes[at + 1]! & 0x3f) << 6) | (bytes[at + 2]! & 0x3f))
    from = at + 3
    at += 2
  }
  return text + bytes.toString('utf8', from, end)
}
