import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  LAYOUT_MAGIC,
  LAYOUT_VERSION,
  MAGIC,
  MAX_COMPONENTS,
  SWEPT_TICKET,
  TICKET_COUNTER,
  VERSION,
} from '../../src/memory/layout.js'
import { openRegion, put, runtimeIdOf } from '../../src/memory/region.js'
import { smallRegion } from './core-support.js'

test('another thread opens the same words with the same layout', () => {
  const region = smallRegion({ maxComponents: 3 })
  const opened = openRegion(region.words.buffer)
  assert.deepEqual(opened.layout, region.layout)
  region.words[TICKET_COUNTER] = 77
  assert.equal(opened.words[TICKET_COUNTER], 77)
})

test('the first ticket is the one asked for, and nothing before it counts', () => {
  for (const first of [1, 2 ** 31, 2 ** 32 - 1]) {
    const { words } = smallRegion({}, first)
    assert.equal(words[TICKET_COUNTER], first | 0)
    assert.equal(words[SWEPT_TICKET], (first - 1) | 0)
  }
})

test('a runtime has an id of its own, the same for whoever opens it', () => {
  const region = smallRegion()
  const id = runtimeIdOf(region)
  assert.match(id, /^[0-9a-f]{16}$/)
  assert.equal(runtimeIdOf(openRegion(region.words.buffer)), id)
  assert.notEqual(runtimeIdOf(smallRegion()), id)
})

function codeIs(code: string, message: RegExp) {
  return { name: 'HealthError', code, message }
}

for (const value of [undefined, null, 7, {}, new ArrayBuffer(64)]) {
  test(`what is no SharedArrayBuffer is refused: ${String(value)}`, () => {
    assert.throws(
      () => openRegion(value),
      codeIs('ERR_HEALTH_LAYOUT', /must be a SharedArrayBuffer/),
    )
  })
}

test('a buffer of another kind is refused', () => {
  const { words } = smallRegion()
  words[MAGIC] = LAYOUT_MAGIC + 1
  assert.throws(() => openRegion(words.buffer), codeIs('ERR_HEALTH_LAYOUT', /layoutVersion=/))
})

test('an empty buffer is refused', () => {
  assert.throws(() => openRegion(new SharedArrayBuffer(0)), { code: 'ERR_HEALTH_LAYOUT' })
})

test('a region of another layout version is refused, and the error names both', () => {
  const { words } = smallRegion()
  words[VERSION] = LAYOUT_VERSION + 1
  assert.throws(
    () => openRegion(words.buffer),
    codeIs(
      'ERR_HEALTH_LAYOUT',
      new RegExp(`layoutVersion=${LAYOUT_VERSION + 1}.*${LAYOUT_VERSION}`),
    ),
  )
})

test('a buffer that is no whole number of words is refused', () => {
  for (const bytes of [1, 3, 1027]) {
    assert.throws(
      () => openRegion(new SharedArrayBuffer(bytes)),
      codeIs('ERR_HEALTH_LAYOUT', new RegExp(`bytes=${bytes}: must be a multiple of 4`)),
    )
  }
  assert.throws(
    () => openRegion(new SharedArrayBuffer(0)),
    codeIs('ERR_HEALTH_LAYOUT', /layoutVersion/),
  )
})

test('a region whose size is not that of its layout is refused', () => {
  const { words } = smallRegion()
  words[MAX_COMPONENTS] = 1000
  assert.throws(() => openRegion(words.buffer), codeIs('ERR_HEALTH_LAYOUT', /words=.*expected/))
})

test('a word that holds the value already is not stored again', () => {
  const { words } = smallRegion()
  const store = Atomics.store
  const stored: number[] = []
  Atomics.store = ((array: Int32Array, index: number, value: number) => {
    stored.push(index)
    return store(array, index, value)
  }) as typeof Atomics.store
  try {
    put(words, 600, 5)
    put(words, 600, 5)
    put(words, 600, 6)
  } finally {
    Atomics.store = store
  }
  assert.deepEqual(stored, [600, 600])
  assert.equal(words[600], 6)
})
