import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HASH_MASK } from '../../src/memory/layout.js'
import {
  cutText,
  decodeMetadata,
  decodeText,
  encodeMetadata,
  encodeText,
  NO_METADATA,
} from '../../src/memory/text.js'

const MEBIBYTE = 1024 * 1024

function roundTrip(text: string, maxBytes = MEBIBYTE): string {
  const { words, header } = encodeText(text, maxBytes)
  return decodeText(words, 0, header)
}

function metadataRoundTrip(metadata: Record<string, string>, maxBytes = MEBIBYTE) {
  const { words, header } = encodeMetadata(metadata, maxBytes)
  return decodeMetadata(words, 0, header)
}

test('the empty string and empty metadata take no words at all', () => {
  assert.deepEqual(encodeText('', 64), {
    header: 0,
    words: new Int32Array(0),
    hash: 0,
    isCut: false,
  })
  assert.deepEqual(encodeMetadata({}, 64), {
    header: 0,
    words: new Int32Array(0),
    hash: 0,
    isCut: false,
  })
  assert.equal(decodeMetadata(new Int32Array(0), 0, 0), NO_METADATA)
})

const awkward: [what: string, text: string][] = [
  ['control characters', '\0\b\f\n\r\t\x1b\x7f'],
  ['Latin letters beyond ASCII', 'Grüße, ÿ'],
  ['an astral character', 'a😀b'],
  ['a lone high surrogate', 'a\ud83db'],
  ['a lone low surrogate', '\ude00'],
  ['surrogates in the wrong order', '\ude00\ud83d'],
  ['a lone surrogate before a pair', '\ud83d\ud83d\ude00'],
  ['the highest code point', '\u{10ffff}'],
  ['noncharacters and a byte order mark', '\ufeff\uffff\ufffe'],
  ['a message of 64 KiB', 'é'.repeat(32 * 1024)],
]
for (const [what, text] of awkward) {
  test(`${what} come back as they were`, () => {
    assert.equal(roundTrip(text), text)
    assert.deepEqual({ ...metadataRoundTrip({ [text]: text }) }, { [text]: text })
  })
}

test('`__proto__` is an ordinary key of metadata', () => {
  const metadata = metadataRoundTrip(JSON.parse('{"__proto__":"a","constructor":"b"}'))
  assert.deepEqual(Object.entries(metadata), [
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ])
  assert.equal(Object.getPrototypeOf(metadata), null)
})

test('empty keys and values come back', () => {
  assert.deepEqual({ ...metadataRoundTrip({ '': '', a: '' }) }, { '': '', a: '' })
})

test('a message of 1 MiB is cut to 64 KiB and says by how much', () => {
  // Room is left for a notice of the whole length.
  const kept = 64 * 1024 - Buffer.byteLength('… [truncated 1048576 bytes]')
  const notice = `… [truncated ${MEBIBYTE - kept} bytes]`
  assert.equal(roundTrip('x'.repeat(MEBIBYTE), 64 * 1024), `${'x'.repeat(kept)}${notice}`)
})

test('a text of exactly the limit is not cut, one byte more is', () => {
  assert.equal(encodeText('x'.repeat(64), 64).isCut, false)
  assert.equal(encodeText('x'.repeat(65), 64).isCut, true)
  assert.equal(encodeText('é'.repeat(32), 64).isCut, false)
})

test('a cut never splits a character', () => {
  // 29 bytes are left of 55 beside the notice: seven characters of four bytes, not seven and a quarter.
  assert.equal(cutText('😀'.repeat(30), 55), `${'😀'.repeat(7)}… [truncated 92 bytes]`)
})

test('a value that does not fit is cut, and the pairs after it are left out', () => {
  const encoded = encodeMetadata({ a: '1', long: 'y'.repeat(100), b: '2' }, 80)
  assert.ok(encoded.isCut)
  const decoded = decodeMetadata(encoded.words, 0, encoded.header)
  assert.deepEqual({ ...decoded }, { a: '1', long: `${'y'.repeat(29)}… [truncated 71 bytes]` })
})

test('a key that leaves no room for a cut value is left out with its value', () => {
  const encoded = encodeMetadata({ a: '1', [`k${'x'.repeat(50)}`]: 'y'.repeat(100) }, 80)
  assert.ok(encoded.isCut)
  assert.deepEqual({ ...decodeMetadata(encoded.words, 0, encoded.header) }, { a: '1' })
})

test('metadata of which nothing fits is empty, and counts as cut', () => {
  const encoded = encodeMetadata({ [`k${'x'.repeat(100)}`]: '1' }, 64)
  assert.deepEqual(encoded, { header: 0, words: new Int32Array(0), hash: 0, isCut: true })
})

test('messages that differ in one digit are spread over the places that records name, wherever it stands', () => {
  for (let at = 0; at < 8; at++) {
    const texts = Array.from({ length: 10 }, (_, i) => `${'queue is'.slice(0, at)}${i} deep`)
    const places = new Set(texts.map((text) => encodeText(text, 64).hash & HASH_MASK))
    assert.ok(places.size >= 9, `at=${at} places=${places.size}`)
  }
  const many = Array.from({ length: 256 }, (_, i) => encodeText(`queue depth=${1000 + i}`, 64).hash)
  // 226 is what a thousand places give to 256 by chance.
  const places = new Set(many.map((hash) => hash & HASH_MASK)).size
  assert.ok(places > 200, `places=${places}`)
})
