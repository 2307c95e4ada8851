// The pool of threads that a process has for its file systems, zlib and the like: one dead mount takes all of it, with every loop in
// good health. Heartbeats are not to wait for it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { FleetReceiver } from '../../src/heartbeat/index.js'
import { temporaryFolder } from '../contract/support/certificates.js'
import { runChild } from './support/child.js'

test('a heartbeat that is worth compressing goes out while the pool is stuck', {
  timeout: 60_000,
}, async (t) => {
  const fifo = join(
    temporaryFolder((remove) => t.after(remove)),
    'nobody-writes',
  )
  if (spawnSync('mkfifo', [fifo]).status !== 0) {
    t.skip('mkfifo is not there')
    return
  }
  const receiver = new FleetReceiver({ httpPort: null })
  const { url } = await receiver.start()
  t.after(() => receiver.stop())
  const options = { url, token: '', intervalMs: 200, attemptTimeoutMs: 5_000 }
  const args = [JSON.stringify(options), fifo]
  const { code, said, stderr } = await runChild('../fixtures/stuck-pool-host.js', args)
  assert.deepEqual([code, stderr], [0, ''])
  assert.deepEqual(said, [{ outcome: 'received', isStuck: true }])
})
