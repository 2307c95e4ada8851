import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveServerOptions } from '../../src/probe/server-options.js'

const MIB = 2 ** 20

test('what clients do not take is bounded by 64 MiB, or by what the server is told', () => {
  assert.equal(resolveServerOptions({}).limits.maxUnsentBytes, 64 * MIB)
  const { limits } = resolveServerOptions({ limits: { maxUnsentBytes: MIB } })
  assert.deepEqual(limits, {
    maxConnections: 1_024,
    headersTimeoutMs: 5_000,
    idleTimeoutMs: 10_000,
    maxUnsentBytes: MIB,
  })
})

for (const maxUnsentBytes of [MIB - 1, 2 ** 40 + 1, 1.5 * MIB + 0.5]) {
  test(`it cannot be ${maxUnsentBytes}`, () => {
    assert.throws(() => resolveServerOptions({ limits: { maxUnsentBytes } }), {
      code: 'ERR_HEALTH_ARGUMENT',
      message: /limits\.maxUnsentBytes=/,
    })
  })
}
