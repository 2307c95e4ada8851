// The reference's verdicts (§ 1.4, § 1.5), standby and suppression (§ 1.2), row by row, against the runtime.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HealthManager, HealthStatus } from '../../src/index.js'
import { plain, startRuntime } from './support/runtime.js'
import { type Case, everyCase, expectedLiveness, expectedReadiness } from './support/truth-table.js'

const HOUR_MS = 3_600_000

/** A manager that fails both checks until something suppresses them. */
async function startFailing(...args: Parameters<typeof startRuntime>): Promise<HealthManager> {
  const health = await startRuntime(...args)
  health.register('collector_manager').unhealthy('no collectors running')
  return health
}

const LIVENESS_ERROR = 'collector_manager is unhealthy: no collectors running'
const READINESS_ERROR = 'collector_manager is not ready (status: unhealthy)'

function bring(health: HealthManager, row: Case): void {
  const components = { collector_manager: row.manager, dakr_transport: row.transport }
  for (const [name, status] of Object.entries(components)) {
    if (status === undefined) health.deregister(name)
    else health.register(name).update(status, 'm')
  }
  health.setStandby(row.isStandby)
  if (row.isLivenessSuppressed) health.suppressLiveness(HOUR_MS)
  else health.clearLivenessSuppression()
  if (row.isReadinessSuppressed) health.suppressReadiness(HOUR_MS)
  else health.clearReadinessSuppression()
}

test('§ 1.4 and § 1.5: all four checks follow the table over all 200 cases', async (t) => {
  const health = await startRuntime(t)
  for (const row of everyCase()) {
    bring(health, row)
    const text = JSON.stringify(row)
    assert.equal(health.livenessCheck()?.message, expectedLiveness(row), text)
    assert.equal(health.checkLiveness().error?.message, expectedLiveness(row), text)
    assert.equal(health.readinessCheck()?.message, expectedReadiness(row), text)
    assert.equal(health.checkReadiness().error?.message, expectedReadiness(row), text)
  }
})

test('§ 1.4 liveness: an empty message leaves the trailing colon and space', async (t) => {
  const health = await startRuntime(t)
  health.register('collector_manager').update(HealthStatus.Unhealthy, '')
  assert.equal(health.livenessCheck()?.message, 'collector_manager is unhealthy: ')
})

test('§ 1.4 liveness: no other component is ever consulted', async (t) => {
  const health = await startRuntime(t)
  for (const name of ['dakr_transport', 'buffer_queue', 'anything'])
    health.register(name).unhealthy('broken')
  assert.equal(health.livenessCheck(), undefined)
})

test('§ 1.4 liveness: standby is irrelevant', async (t) => {
  const health = await startFailing(t)
  health.setStandby(true)
  assert.equal(health.livenessCheck()?.message, LIVENESS_ERROR)
})

test('§ 1.5 readiness: the first failure wins and is the only one reported', async (t) => {
  const health = await startRuntime(t)
  health.register('collector_manager').unhealthy('one')
  health.register('dakr_transport').unhealthy('two')
  assert.equal(health.readinessCheck()?.message, READINESS_ERROR)
  health.register('collector_manager').healthy()
  assert.equal(health.readinessCheck()?.message, 'dakr_transport is not ready (status: unhealthy)')
})

test('§ 1.5 readiness: all other components are ignored', async (t) => {
  const health = await startRuntime(t)
  health.register('collector_manager').healthy()
  health.register('dakr_transport').degraded()
  health.register('buffer_queue').unhealthy('full')
  assert.equal(health.readinessCheck(), undefined)
})

test('§ 1.2 CheckLiveness and CheckReadiness: a verdict is a HealthCheckError that is returned, not thrown', async (t) => {
  const health = await startFailing(t)
  for (const { error } of [health.checkLiveness(), health.checkReadiness()]) {
    assert.equal(error?.name, 'HealthCheckError')
    assert.equal(error?.code, 'ERR_HEALTH_CHECK')
    assert.equal(error?.component, 'collector_manager')
  }
})

test('§ 1.2 CheckLiveness and CheckReadiness: the report comes with the error and is that of BuildReport', async (t) => {
  const health = await startFailing(t)
  health.register('monitor').degraded('slow', { a: '1' })
  const expected = plain(health.buildReport())
  assert.equal(expected.length, 2)
  assert.deepEqual(plain(health.checkLiveness().report), expected)
  assert.deepEqual(plain(health.checkReadiness().report), expected)
})

test('§ 1.2 SetStandby: readiness passes while it is set', async (t) => {
  const health = await startFailing(t)
  assert.equal(health.readinessCheck()?.message, READINESS_ERROR)
  health.setStandby(true)
  assert.equal(health.readinessCheck(), undefined)
  health.setStandby(false)
  assert.equal(health.readinessCheck()?.message, READINESS_ERROR)
})

// The two windows have the same rules, so each rule is tested on both.
const windows = [
  {
    name: 'Liveness',
    error: LIVENESS_ERROR,
    check: (health: HealthManager) => health.livenessCheck()?.message,
    suppress: (health: HealthManager, ms: number) =>
      health.suppressLiveness(ms, { owner: 'test', reason: 'restart' }),
    clear: (health: HealthManager) => health.clearLivenessSuppression(),
    checkOther: (health: HealthManager) => health.readinessCheck()?.message,
    errorOfOther: READINESS_ERROR,
  },
  {
    name: 'Readiness',
    error: READINESS_ERROR,
    check: (health: HealthManager) => health.readinessCheck()?.message,
    suppress: (health: HealthManager, ms: number) => health.suppressReadiness(ms),
    clear: (health: HealthManager) => health.clearReadinessSuppression(),
    checkOther: (health: HealthManager) => health.livenessCheck()?.message,
    errorOfOther: LIVENESS_ERROR,
  },
]

for (const { name, error, check, suppress, clear, checkOther, errorOfOther } of windows) {
  test(`§ 1.2 Suppress${name}: the check passes before the deadline and fails from it on`, async (t) => {
    const health = await startFailing(t)
    const DURATION_NS = 150_000_000n
    const earliest = process.hrtime.bigint() + DURATION_NS
    suppress(health, 150)
    const latest = process.hrtime.bigint() + DURATION_NS
    const seen = { before: 0, after: 0 }
    while (seen.after < 100) {
      const from = process.hrtime.bigint()
      const message = check(health)
      const until = process.hrtime.bigint()
      if (until < earliest) {
        assert.equal(message, undefined, 'enforced before its deadline')
        seen.before++
      } else if (from >= latest) {
        assert.equal(message, error, 'still suppressed at its deadline')
        seen.after++
      }
    }
    assert.ok(seen.before > 0, 'no check was made before the deadline')
  })

  test(`§ 1.2 Suppress${name}: a later call overwrites the deadline and can shorten it`, async (t) => {
    const health = await startFailing(t)
    suppress(health, HOUR_MS)
    assert.equal(check(health), undefined)
    suppress(health, 0)
    assert.equal(check(health), error)
    suppress(health, HOUR_MS)
    assert.equal(check(health), undefined)
  })

  test(`§ 1.2 Suppress${name}: a duration of 0 is already expired`, async (t) => {
    const health = await startFailing(t)
    suppress(health, 0)
    assert.equal(check(health), error)
  })

  test(`§ 1.2 Clear${name}Suppression: drops the deadline`, async (t) => {
    const health = await startFailing(t)
    suppress(health, HOUR_MS)
    clear(health)
    assert.equal(check(health), error)
  })

  test(`§ 1.2 Clear${name}Suppression: is a no-op where there is none`, async (t) => {
    const health = await startFailing(t)
    clear(health)
    assert.equal(check(health), error)
    clear(health)
    suppress(health, HOUR_MS)
    assert.equal(check(health), undefined)
  })

  test(`§ 1.2 Suppress${name}: leaves the other window alone`, async (t) => {
    const health = await startFailing(t)
    suppress(health, HOUR_MS)
    assert.equal(checkOther(health), errorOfOther)
  })
}

test('§ 1.2 ClearLivenessSuppression: leaves the readiness window alone, and the other way round', async (t) => {
  const health = await startFailing(t)
  health.suppressLiveness(HOUR_MS)
  health.suppressReadiness(HOUR_MS)
  health.clearLivenessSuppression()
  assert.equal(health.readinessCheck(), undefined)
  health.suppressLiveness(HOUR_MS)
  health.clearReadinessSuppression()
  assert.equal(health.livenessCheck(), undefined)
})
