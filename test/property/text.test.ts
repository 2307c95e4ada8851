import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ENCODING_SHIFT, LENGTH_MASK } from '../../src/memory/layout.js'
import {
  contentWords,
  cutText,
  decodeMetadata,
  decodeText,
  type Encoded,
  encodeMetadata,
  encodeText,
} from '../../src/memory/text.js'
import { metadataPairs } from '../../src/model/arguments.js'
import { anyMetadata, anyText, check, longText, metadataOf, pairsOf } from './support.js'

const MAX_BYTES = 64 * 1024

/** Decodes from a copy with foreign words before and after it, as a reader does. */
function decodeAt<T>(
  encoded: Encoded,
  at: number,
  decode: (copy: Int32Array, word: number, header: number) => T,
): T {
  const copy = new Int32Array(at + encoded.words.length + 3).fill(-1)
  copy.set(encoded.words, at)
  return decode(copy, at, encoded.header)
}

function bytesIn(encoded: Encoded): number {
  return encoded.header & LENGTH_MASK
}

test('every string comes back as it was', () => {
  check(
    fc.property(anyText(200), fc.nat(5), (text, at) => {
      const encoded = encodeText(text, MAX_BYTES)
      assert.equal(encoded.isCut, false)
      assert.equal(bytesIn(encoded), Buffer.byteLength(text))
      assert.equal(contentWords(encoded.header), encoded.words.length)
      assert.equal(decodeAt(encoded, at, decodeText), text)
    }),
    2_000,
  )
})

test('the encoding tells ASCII, well-formed and ill-formed strings apart', () => {
  check(
    fc.property(anyText(), (text) => {
      const ascii = [...text].every((character) => character.codePointAt(0)! < 0x80)
      const expected = ascii ? 0 : text.isWellFormed() ? 1 : 2
      assert.equal(encodeText(text, MAX_BYTES).header >>> ENCODING_SHIFT, expected)
    }),
    1_000,
  )
})

test('equal strings and only those have equal headers and words', () => {
  check(
    fc.property(anyText(6), anyText(6), (a, b) => {
      const x = encodeText(a, MAX_BYTES)
      const y = encodeText(b, MAX_BYTES)
      const isSame = x.header === y.header && x.words.every((word, i) => word === y.words[i])
      assert.equal(isSame, a === b)
    }),
    2_000,
  )
})

test('all metadata comes back as it was, in order, without a prototype', () => {
  check(
    fc.property(anyMetadata(), fc.nat(5), (metadata, at) => {
      const encoded = encodeMetadata(metadataPairs(metadata), MAX_BYTES)
      assert.equal(encoded.isCut, false)
      const decoded = decodeAt(encoded, at, decodeMetadata)
      assert.deepEqual(pairsOf(decoded), pairsOf(metadata))
      assert.equal(Object.getPrototypeOf(decoded), null)
      assert.ok(Object.isFrozen(decoded))
    }),
    2_000,
  )
})

/** Checks a cut text against what it was cut from; gives the bytes kept. */
function checkCut(cut: string, text: string, maxBytes: number): number {
  assert.ok(Buffer.byteLength(cut) <= maxBytes, `${Buffer.byteLength(cut)} > ${maxBytes}`)
  const notice = /… \[truncated (\d+) bytes\]$/.exec(cut)
  assert.ok(notice, `no notice in ${JSON.stringify(cut)}`)
  const kept = cut.slice(0, notice.index)
  assert.ok(text.startsWith(kept))
  const next = text.codePointAt(kept.length)
  const isInsidePair = next !== undefined && next >= 0xdc00 && next <= 0xdfff
  const before = text.charCodeAt(kept.length - 1)
  assert.ok(!(isInsidePair && before >= 0xd800 && before <= 0xdbff), 'cut inside a pair')
  assert.equal(Number(notice[1]), Buffer.byteLength(text) - Buffer.byteLength(kept))
  return Buffer.byteLength(kept)
}

test('a text is cut exactly if it is longer than the limit, at a character boundary, and says by how much', () => {
  check(
    fc.property(longText(), fc.integer({ min: 32, max: 600 }), (text, maxBytes) => {
      const encoded = encodeText(text, maxBytes)
      assert.equal(encoded.isCut, Buffer.byteLength(text) > maxBytes)
      const decoded = decodeAt(encoded, 0, decodeText)
      if (!encoded.isCut) return assert.equal(decoded, text)
      checkCut(decoded, text, maxBytes)
    }),
    2_000,
  )
})

test('a cut keeps as much as fits: one more character would not', () => {
  check(
    fc.property(longText(), fc.integer({ min: 0, max: 100 }), (text, percent) => {
      const maxBytes = Math.max(32, Math.floor((Buffer.byteLength(text) * percent) / 101))
      fc.pre(Buffer.byteLength(text) > maxBytes)
      const keptBytes = checkCut(cutText(text, maxBytes), text, maxBytes)
      const total = Buffer.byteLength(text)
      const noticeBytes = Buffer.byteLength(`… [truncated ${total} bytes]`)
      // The next character, of at most four bytes, did not fit beside a notice for the whole length.
      assert.ok(keptBytes + noticeBytes + 4 > maxBytes, `${keptBytes} of ${maxBytes}`)
    }),
    1_000,
  )
})

/** Metadata with an occasional long value. */
function longMetadata(): fc.Arbitrary<Record<string, string>> {
  return fc
    .tuple(anyMetadata(6), fc.array(longText(), { maxLength: 3 }))
    .map(([metadata, values]) =>
      metadataOf(pairsOf(metadata).map(([key, value], i) => [key, values[i] ?? value])),
    )
}

test('cut metadata fits its limit, keeps whole pairs from the first on, and cuts at most one value', () => {
  check(
    fc.property(longMetadata(), fc.integer({ min: 16, max: 600 }), (metadata, maxBytes) => {
      const encoded = encodeMetadata(metadataPairs(metadata), maxBytes)
      const whole = encodeMetadata(metadataPairs(metadata), MAX_BYTES)
      assert.ok(bytesIn(encoded) <= maxBytes)
      assert.equal(encoded.isCut, bytesIn(whole) > maxBytes)
      const kept = pairsOf(decodeAt(encoded, 0, decodeMetadata))
      // Compared as sets of pairs: a key such as `1` moves to the front of what is left.
      const cut = kept.filter(([key, value]) => metadata[key] !== value)
      assert.ok(cut.length <= (encoded.isCut ? 1 : 0))
      for (const [key, value] of cut) checkCut(value, metadata[key]!, maxBytes)
      assert.deepEqual(
        kept.map(([key]) => key),
        Object.keys(metadata).slice(0, kept.length),
      )
      if (!encoded.isCut) assert.equal(kept.length, Object.keys(metadata).length)
    }),
    2_000,
  )
})
