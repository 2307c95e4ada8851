// The verdicts over every status of both components, registered or not, standby and both suppressions: the
// reference's § 1.4 and § 1.5 as tables, against the pure policy.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Gate, type Judged, judgeLiveness, judgeReadiness } from '../../src/model/policy.js'
import { type Case, everyCase, expectedLiveness, expectedReadiness } from './support/truth-table.js'

const policy = {
  liveness: ['collector_manager'],
  readiness: ['collector_manager', 'dakr_transport'],
  unregistered: 'fail',
} as const

const gateOf = ({ isStandby, isLivenessSuppressed, isReadinessSuppressed }: Case): Gate => ({
  isStandby,
  isLivenessSuppressed,
  isReadinessSuppressed,
})

function finderOf({ manager, transport }: Case) {
  const components = new Map<string, Judged>()
  if (manager !== undefined) components.set('collector_manager', { status: manager, message: 'm' })
  if (transport !== undefined) components.set('dakr_transport', { status: transport, message: 't' })
  return (name: string) => components.get(name)
}

test('liveness follows the table over all 200 cases', () => {
  const cases = everyCase()
  assert.equal(cases.length, 200)
  for (const row of cases) {
    const error = judgeLiveness(policy, gateOf(row), finderOf(row))
    assert.equal(error?.message, expectedLiveness(row), JSON.stringify(row))
    assert.equal(error?.component, error && 'collector_manager')
  }
})

test('readiness follows the table over all 200 cases', () => {
  for (const row of everyCase()) {
    const error = judgeReadiness(policy, gateOf(row), finderOf(row))
    assert.equal(error?.message, expectedReadiness(row), JSON.stringify(row))
    assert.equal(error?.component, error?.message.split(' ')[0])
  }
})

const open: Gate = { isStandby: false, isLivenessSuppressed: false, isReadinessSuppressed: false }

test('an unhealthy component with an empty message leaves the colon and the space', () => {
  const error = judgeLiveness(policy, open, () => ({ status: 3, message: '' }))
  assert.equal(error?.message, 'collector_manager is unhealthy: ')
})

test('a verdict is an error with a code of its own', () => {
  const error = judgeReadiness(policy, open, () => undefined)
  assert.equal(error?.code, 'ERR_HEALTH_CHECK')
  assert.equal(error?.name, 'HealthCheckError')
})

test('a policy without components passes always', () => {
  const none = { liveness: [], readiness: [], unregistered: 'fail' } as const
  assert.equal(
    judgeLiveness(none, open, () => ({ status: 3, message: '' })),
    undefined,
  )
  assert.equal(
    judgeReadiness(none, open, () => undefined),
    undefined,
  )
})

test('components that are not registered are skipped where the policy says so', () => {
  const skipping = { ...policy, unregistered: 'skip' } as const
  assert.equal(
    judgeReadiness(skipping, open, () => undefined),
    undefined,
  )
  const second = judgeReadiness(skipping, open, (name) =>
    name === 'dakr_transport' ? { status: 3, message: '' } : undefined,
  )
  assert.equal(second?.message, 'dakr_transport is not ready (status: unhealthy)')
})

test('the first component of the list that fails is the only one reported', () => {
  const reversed = { ...policy, readiness: ['dakr_transport', 'collector_manager'] } as const
  assert.equal(judgeReadiness(reversed, open, () => undefined)?.component, 'dakr_transport')
  const two = { ...policy, liveness: ['a', 'b'] } as const
  assert.equal(judgeLiveness(two, open, () => ({ status: 3, message: 'm' }))?.component, 'a')
})
