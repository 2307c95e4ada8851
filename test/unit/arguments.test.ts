import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import {
  checkBoolean,
  checkDurationMs,
  checkInteger,
  checkMessage,
  checkName,
  checkOptions,
  checkStatus,
  metadataPairs,
  readOptions,
} from '../../src/model/arguments.js'

function refuses(check: () => void, message: string): void {
  assert.throws(check, { name: 'HealthError', code: 'ERR_HEALTH_ARGUMENT', message })
}

test('a name is any string of 1 to 255 bytes of UTF-8', () => {
  for (const name of ['a', '__proto__', ' ', '\0', 'é'.repeat(127), '😀'.repeat(63), '\ud83d']) {
    checkName(name)
  }
  checkName('x'.repeat(255))
  checkName('€'.repeat(85))
})

test('a name that is empty, too long, or no string is refused by its value', () => {
  refuses(() => checkName(''), 'name="": must not be empty')
  refuses(() => checkName(7), 'name=7: must be a string')
  refuses(() => checkName(undefined, 'component'), 'component=undefined: must be a string')
  for (const name of ['x'.repeat(256), '€'.repeat(86), '😀'.repeat(64)]) {
    assert.throws(
      () => checkName(name),
      /^HealthError: name=".*…?: must be at most 255 bytes of UTF-8/,
    )
  }
})

test('a status is one of the four numbers', () => {
  for (const status of [0, 1, 2, 3]) checkStatus(status)
  refuses(() => checkStatus(4), 'status=4: must be 0, 1, 2 or 3')
  refuses(() => checkStatus('1'), 'status="1": must be 0, 1, 2 or 3')
  for (const status of [-1, 0.5, Number.NaN, null, undefined, 1n]) {
    assert.throws(() => checkStatus(status), { code: 'ERR_HEALTH_ARGUMENT' })
  }
})

test('a message is a string, also an empty one', () => {
  checkMessage('')
  refuses(() => checkMessage(null), 'message=null: must be a string')
})

test('metadata is read as its keys and values, in their order', () => {
  assert.deepEqual(metadataPairs({}), [])
  assert.deepEqual(metadataPairs({ b: '1', a: '' }), ['b', '1', 'a', ''])
  assert.deepEqual(metadataPairs(Object.create(null)), [])
  assert.deepEqual(metadataPairs(JSON.parse('{"__proto__":"x"}')), ['__proto__', 'x'])
})

test('metadata of another realm is metadata, also where it is empty', () => {
  assert.deepEqual(metadataPairs(runInNewContext('({})')), [])
  assert.deepEqual(metadataPairs(runInNewContext('({ a: "1" })')), ['a', '1'])
})

test('an instance with fields is metadata', () => {
  class Tags {
    region = 'north'
  }
  assert.deepEqual(metadataPairs(new Tags()), ['region', 'north'])
})

test('what metadata inherits is not looked at', () => {
  const inheriting = Object.assign(Object.create({ inherited: 5 }), { own: '1' })
  assert.deepEqual(metadataPairs(inheriting), ['own', '1'])
})

test('what is no object of strings is refused by its kind', () => {
  const kinds: [metadata: unknown, kind: string][] = [
    [null, 'object'],
    [undefined, 'undefined'],
    ['text', 'string'],
    [5, 'number'],
    [() => {}, 'function'],
    [[], 'array'],
    [['a'], 'array'],
    [new Map([['a', 'b']]), 'Map'],
    [Object.assign(new Map(), { a: 'b' }), 'Map'],
    [new Set(['a']), 'Set'],
    [new Date(0), 'Date'],
    [Object('ab'), 'boxed primitive'],
    [Object(5), 'boxed primitive'],
    [Object(true), 'boxed primitive'],
    // Nothing of these would be kept, so they would clear what was there.
    [new Uint8Array(0), 'object'],
    [/a/, 'object'],
    [new Headers({ a: 'b' }), 'object'],
    [new Proxy(new Map([['a', 'b']]), {}), 'object'],
    [new (class Empty {})(), 'object'],
    [Object.create({ inherited: '5' }), 'object'],
  ]
  for (const [metadata, kind] of kinds) {
    refuses(
      () => metadataPairs(metadata),
      `typeof metadata="${kind}": must be a plain object of strings, null or undefined`,
    )
  }
})

test('a metadata value that is no string is named by its key and never shown', () => {
  refuses(
    () => metadataPairs({ token: { secret: 'hunter2' } }),
    'typeof metadata["token"]="object": must be a string',
  )
  refuses(() => metadataPairs({ a: 1 }), 'typeof metadata["a"]="number": must be a string')
  refuses(
    () => metadataPairs({ a: Object('1') }),
    'typeof metadata["a"]="object": must be a string',
  )
  refuses(
    () => metadataPairs(JSON.parse('{"__proto__":null}')),
    'typeof metadata["__proto__"]="object": must be a string',
  )
})

test('each value of metadata is read once', () => {
  let reads = 0
  const metadata = {
    get a() {
      return reads++ === 0 ? 'ok' : 5
    },
  }
  assert.deepEqual(metadataPairs(metadata), ['a', 'ok'])
  assert.equal(reads, 1)
})

test('what metadata throws when it is read becomes the cause', () => {
  const cause = new Error('from the getter')
  const fail = () => {
    throw cause
  }
  const unreadable = [
    Object.defineProperty({}, 'a', { enumerable: true, get: fail }),
    new Proxy({}, { ownKeys: fail }),
    new Proxy({}, { getPrototypeOf: fail }),
    new Proxy({ a: '1' }, { get: fail }),
  ]
  for (const metadata of unreadable) {
    assert.throws(() => metadataPairs(metadata), {
      code: 'ERR_HEALTH_ARGUMENT',
      message: 'metadata=an object: could not be read',
      cause,
    })
  }
})

test('options are an object that has none but known keys', () => {
  checkOptions({}, 'options', [])
  checkOptions({ a: 1 }, 'options', ['a', 'b'])
  refuses(() => checkOptions(null, 'options', ['a']), 'options=null: must be an object')
  refuses(() => checkOptions([], 'options', ['a']), 'options=an array: must be an object')
  refuses(() => checkOptions({ c: 1 }, 'options', ['a']), 'options="c": must be one of a')
  refuses(() => checkOptions({ c: 1 }, 'options', []), 'options="c": no option is known')
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  refuses(() => checkOptions(proxy, 'options', ['a']), 'options=an object: could not be read')
})

test('a duration is a finite number from 0 up', () => {
  for (const duration of [0, -0, 0.5, 1e300]) checkDurationMs(duration)
  refuses(() => checkDurationMs(-1), 'durationMs=-1: must be a finite number of ms, 0 or more')
  for (const duration of [Number.NaN, Infinity, '5', undefined]) {
    assert.throws(() => checkDurationMs(duration), { code: 'ERR_HEALTH_ARGUMENT' })
  }
})

test('a boolean is true or false', () => {
  checkBoolean(true, 'standby')
  checkBoolean(false, 'standby')
  refuses(() => checkBoolean(1, 'standby'), 'standby=1: must be a boolean')
})

test('an integer lies between its bounds, both included', () => {
  checkInteger(1, 'n', 1, 2)
  checkInteger(2, 'n', 1, 2)
  for (const value of [0, 3, 1.5, '1', Number.NaN]) {
    assert.throws(() => checkInteger(value, 'n', 1, 2), {
      code: 'ERR_HEALTH_ARGUMENT',
      message: /^n=.*: must be an integer from 1 to 2$/,
    })
  }
})

test('each option is read once, and one that throws is refused with what it threw', () => {
  let reads = 0
  const options = {
    get a() {
      return ++reads
    },
  }
  const copy = readOptions(options, 'options', ['a'])
  assert.deepEqual([copy.a, copy.a, reads], [1, 1, 1])
  const cause = new Error('mine')
  const broken = {
    get a(): number {
      throw cause
    },
  }
  assert.throws(() => readOptions(broken, 'options', ['a']), {
    code: 'ERR_HEALTH_ARGUMENT',
    message: 'options=an object: could not be read',
    cause,
  })
})
