import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  checkBoolean,
  checkDurationMs,
  checkInteger,
  checkMessage,
  checkMetadata,
  checkName,
  checkStatus,
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

test('metadata is an object of strings', () => {
  for (const metadata of [{}, { a: '' }, Object.create(null), JSON.parse('{"__proto__":"x"}')]) {
    checkMetadata(metadata)
  }
  for (const metadata of [null, undefined, 'text', 5, [], ['a'], () => {}]) {
    assert.throws(() => checkMetadata(metadata), {
      code: 'ERR_HEALTH_ARGUMENT',
      message: /^typeof metadata="\w+": must be an object of strings/,
    })
  }
})

test('a metadata value that is no string is named by its key and never shown', () => {
  refuses(
    () => checkMetadata({ token: { secret: 'hunter2' } }),
    'typeof metadata["token"]="object": must be a string',
  )
  refuses(() => checkMetadata({ a: 1 }), 'typeof metadata["a"]="number": must be a string')
  refuses(
    () => checkMetadata(JSON.parse('{"__proto__":null}')),
    'typeof metadata["__proto__"]="object": must be a string',
  )
})

test('what metadata inherits is not looked at', () => {
  checkMetadata(Object.create({ inherited: 5 }))
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
