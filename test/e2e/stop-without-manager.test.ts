// What stop() owes when there is no manager to drain.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runChild } from './support/child.js'

const program = '../fixtures/stop-without-manager.js'

test('a runtime whose manager was given up says so, reads at once, and is stopped for all', async () => {
  const { code, said } = await runChild(program, ['given-up'])
  assert.equal(code, 0)
  const { readMs, ...rest } = said[0]!
  assert.deepEqual(rest, { runtime: 2, refused: 'ERR_HEALTH_STOPPED' })
  // Far below readTimeoutMs: nobody waits for a manager that will never come.
  assert.ok((readMs as number) < 50, `a read took ${readMs} ms`)
})

test('listeners that throw stop neither a restart nor the stop', async () => {
  const { code, said, stderr } = await runChild(program, ['listener'])
  assert.deepEqual({ code, said }, { code: 0, said: [{ stopped: true }] })
  assert.match(stderr, /a listener of the user/)
})
