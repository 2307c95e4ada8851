import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  argumentError,
  assertNever,
  HealthCheckError,
  HealthError,
  show,
} from '../../src/model/errors.js'

test('a health error carries a code and keeps its cause', () => {
  const cause = new Error('cause')
  const error = new HealthError('ERR_HEALTH_LISTEN', 'port=1: taken', { cause })
  assert.ok(error instanceof Error)
  assert.deepEqual(
    [error.name, error.code, error.message, error.cause],
    ['HealthError', 'ERR_HEALTH_LISTEN', 'port=1: taken', cause],
  )
})

test('a check error names its component', () => {
  const error = new HealthCheckError('a', 'a is not registered')
  assert.ok(error instanceof HealthError)
  assert.deepEqual(
    [error.name, error.code, error.component, error.message],
    ['HealthCheckError', 'ERR_HEALTH_CHECK', 'a', 'a is not registered'],
  )
})

const shown: [value: unknown, text: string][] = [
  ['a "quoted"\nline', '"a \\"quoted\\"\\nline"'],
  [1.5, '1.5'],
  [Number.NaN, 'NaN'],
  [true, 'true'],
  [undefined, 'undefined'],
  [null, 'null'],
  [7n, '7n'],
  [Symbol('secret'), 'a symbol'],
  [() => 'code', 'a function'],
  [[1, 2], 'an array'],
  [{ secret: 1 }, 'an object'],
  ['x'.repeat(500), `"${'x'.repeat(119)}…`],
]
for (const [value, text] of shown) {
  test(`${typeof value} values are shown as ${text.slice(0, 30)}`, () => {
    assert.equal(show(value), text)
  })
}

test('showing a value never runs its code', () => {
  const trap = {
    toString: () => assert.fail('toString ran'),
    get [Symbol.toPrimitive](): never {
      return assert.fail('toPrimitive was read')
    },
  }
  assert.equal(show(trap), 'an object')
})

test('a proxy that was revoked is shown as an object', () => {
  for (const target of [{}, []]) {
    const { proxy, revoke } = Proxy.revocable(target, {})
    revoke()
    assert.equal(show(proxy), 'an object')
  }
})

test('an argument error says name, value and rule', () => {
  assert.equal(
    argumentError('size', 'big', 'must be a number').message,
    'size="big": must be a number',
  )
})

test('a tag that nobody handled is reported with its value', () => {
  assert.throws(() => assertNever('surprise' as never), /unexpected value "surprise"/)
})

test('a verdict collects no stack, and leaves the limit for other errors as it was', () => {
  const { stackTraceLimit } = Error
  const verdict = new HealthCheckError('dakr_transport', 'dakr_transport is not registered')
  assert.doesNotMatch(verdict.stack ?? '', /\n/)
  assert.equal(Error.stackTraceLimit, stackTraceLimit)
  assert.match(new HealthError('ERR_HEALTH_STOPPED', 'stopped').stack ?? '', /\n +at /)
})
