// What a program is told while the manager is down: for a moment, or for good. The supervisor is in this thread, so as long
// as a call blocks it, nothing is restarted; what is waited for is an event, never a time.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HealthManager, type HealthManagerOptions } from '../../src/index.js'
import { terminateManagerForFault } from '../../src/runtime/faults.js'

const UNAVAILABLE = 'ERR_HEALTH_UNAVAILABLE'
/** Longer than this test may take: what is given up must not be waited for. */
const NEVER_MS = 2 ** 31 - 1

async function startRuntime(t: TestContext, options: HealthManagerOptions) {
  const health = await HealthManager.start(options)
  t.after(() => health.stop())
  return health
}

async function startGivenUp(t: TestContext, options: HealthManagerOptions = {}) {
  const health = await startRuntime(t, {
    restarts: { max: 0 },
    publishTimeoutMs: NEVER_MS,
    readTimeoutMs: NEVER_MS,
    ...options,
  })
  const gaveUp = new Promise((resolve) => health.on('error', resolve))
  health.register('before').healthy('fine')
  await health.flush()
  await terminateManagerForFault(health)
  await gaveUp
  return health
}

/** A runtime whose manager has just died for the second time: its restart waits for a timer of this thread. */
async function startDown(t: TestContext, publishTimeoutMs: number) {
  const health = await startRuntime(t, { publishTimeoutMs })
  const nextRestart = () => new Promise<void>((resolve) => health.on('restart', () => resolve()))
  const first = nextRestart()
  await terminateManagerForFault(health)
  await first
  const restarted = nextRestart()
  await terminateManagerForFault(health)
  return { health, restarted }
}

test('a registration that a manager did not get to in time is told so, and entered all the same', async (t) => {
  const { health, restarted } = await startDown(t, 50)
  assert.throws(() => health.register('late'), {
    code: UNAVAILABLE,
    message: 'publishTimeoutMs=50: the manager has not entered the component yet, name="late"',
  })
  await restarted
  await health.flush()
  assert.equal(health.getStatus('late')?.status, 0)
})

test('after a registration in vain the thread is told so of each report, and the next one waits as long', async (t) => {
  const { health, restarted } = await startDown(t, 50)
  assert.throws(() => health.register('late'), { code: UNAVAILABLE })
  assert.throws(() => health.updateStatus('late', 1, 'fine'), { code: UNAVAILABLE })
  const { mock } = t.mock.method(Atomics, 'wait')
  assert.throws(() => health.register('later'), { code: UNAVAILABLE })
  assert.notEqual(mock.callCount(), 0)
  mock.restore()
  await restarted
  await health.flush()
  health.updateStatus('late', 1, 'fine')
  assert.equal(health.getStatus('late')?.message, 'fine')
  assert.equal((await health.stats()).ignored, 0)
})

test('a flush outlasts a manager that is restarted', async (t) => {
  const { health, restarted } = await startDown(t, NEVER_MS)
  health.suppressLiveness(1)
  await health.flush()
  await restarted
})

test('a registration with a manager that was given up says so at once', async (t) => {
  const health = await startGivenUp(t)
  for (const name of ['late', 'before']) {
    assert.throws(() => health.register(name), {
      code: UNAVAILABLE,
      message: `the manager actor was given up: only the stop enters what is registered now, name="${name}"`,
    })
  }
  assert.equal(health.getStatus('late'), undefined)
})

test('a flush with a manager that was given up says so at once', async (t) => {
  const health = await startGivenUp(t)
  await health.flush()
  health.setStandby(true)
  await assert.rejects(health.flush(), {
    code: UNAVAILABLE,
    message: 'the manager actor was given up: only the stop applies what is left, depthBytes=32',
  })
})

test('a registration for which the mailbox has no room is refused as any other report', async (t) => {
  const health = await startGivenUp(t, { maxPayloadBytes: 64 })
  assert.throws(
    () => {
      for (;;) health.setStandby(true)
    },
    { code: 'ERR_HEALTH_BACKPRESSURE' },
  )
  assert.throws(() => health.register('late'), { code: 'ERR_HEALTH_BACKPRESSURE' })
})
