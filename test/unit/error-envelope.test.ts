import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HealthError } from '../../src/model/errors.js'
import { fromEnvelope, toEnvelope } from '../../src/runtime/error-envelope.js'

test('an error of ours crosses with its code, its stack and its cause', () => {
  const cause = Object.assign(new TypeError('below'), { code: 'EADDRINUSE', errno: -98 })
  const error = new HealthError('ERR_HEALTH_LISTEN', 'port=1', { cause })
  const back = fromEnvelope(structuredClone(toEnvelope(error)))
  assert.ok(back instanceof HealthError)
  assert.deepEqual([back.code, back.message, back.stack], [error.code, error.message, error.stack])
  const { name, message, code, errno } = back.cause as NodeJS.ErrnoException
  assert.deepEqual([name, message, code, errno], ['TypeError', 'below', 'EADDRINUSE', -98])
})

test('whatever is thrown has an envelope', () => {
  const bare: unknown = Object.create(null)
  const throwing = { get: () => assert.fail('its own code') }
  const revoked = Proxy.revocable(new Error('gone'), {})
  revoked.revoke()
  const odd: unknown[] = [
    undefined,
    Symbol('s'),
    bare,
    Object.assign(new Error('named'), { name: bare }),
    Object.assign(new Error(''), { message: bare }),
    Object.defineProperty(new Error(''), 'message', throwing),
    Object.defineProperty(new Error(''), 'code', throwing),
    Object.assign(new Error('outer'), { cause: revoked.proxy }),
    revoked.proxy,
  ]
  for (const reason of odd) {
    const envelope = structuredClone(toEnvelope(reason))
    assert.equal(typeof envelope.name, 'string')
    assert.equal(typeof envelope.message, 'string')
    assert.ok(fromEnvelope(envelope) instanceof Error)
  }
  assert.equal(toEnvelope(odd[3]).message, 'named')
  assert.equal(toEnvelope(odd[7]).message, 'outer')
})
