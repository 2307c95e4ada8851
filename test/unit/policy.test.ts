import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Gate,
  type Judged,
  judgeLiveness,
  judgeReadiness,
  type Policy,
} from '../../src/model/policy.js'

const POLICY: Policy = {
  liveness: ['collector_manager'],
  readiness: ['collector_manager', 'dakr_transport'],
  unregistered: 'fail',
}
const OPEN: Gate = { isStandby: false, isLivenessSuppressed: false, isReadinessSuppressed: false }

type Components = Record<string, Judged>
const is = (status: number, message = '') => ({ status, message }) as Judged

function liveness(components: Components, gate: Partial<Gate> = {}, policy = POLICY) {
  return judgeLiveness(policy, { ...OPEN, ...gate }, (name) => components[name])?.message
}

function readiness(components: Components, gate: Partial<Gate> = {}, policy = POLICY) {
  return judgeReadiness(policy, { ...OPEN, ...gate }, (name) => components[name])?.message
}

test('liveness fails only while the collector manager is unhealthy', () => {
  const verdicts = [0, 1, 2, 3].map((status) => liveness({ collector_manager: is(status, 'why') }))
  assert.deepEqual(verdicts, [
    undefined,
    undefined,
    undefined,
    'collector_manager is unhealthy: why',
  ])
})

test('an empty message leaves colon and space in the liveness error', () => {
  assert.equal(liveness({ collector_manager: is(3) }), 'collector_manager is unhealthy: ')
})

test('liveness passes if nothing is registered, and asks no other component', () => {
  assert.equal(liveness({}), undefined)
  assert.equal(liveness({ dakr_transport: is(3), buffer_queue: is(3) }), undefined)
})

test('liveness does not care for standby or the readiness suppression, only for its own', () => {
  const components = { collector_manager: is(3, 'x') }
  assert.notEqual(liveness(components, { isStandby: true, isReadinessSuppressed: true }), undefined)
  assert.equal(liveness(components, { isLivenessSuppressed: true }), undefined)
})

test('readiness asks for both components in order and reports the first that fails', () => {
  const verdicts = [
    {},
    { dakr_transport: is(1) },
    { collector_manager: is(1) },
    { collector_manager: is(0), dakr_transport: is(0) },
    { collector_manager: is(3), dakr_transport: is(1) },
    { collector_manager: is(1), dakr_transport: is(0) },
    { collector_manager: is(2), dakr_transport: is(3) },
    { collector_manager: is(2), dakr_transport: is(2) },
    { collector_manager: is(1), dakr_transport: is(1), buffer_queue: is(3) },
  ].map((components) => readiness(components as Components))
  assert.deepEqual(verdicts, [
    'collector_manager is not registered',
    'collector_manager is not registered',
    'dakr_transport is not registered',
    'collector_manager is not ready (status: unspecified)',
    'collector_manager is not ready (status: unhealthy)',
    'dakr_transport is not ready (status: unspecified)',
    'dakr_transport is not ready (status: unhealthy)',
    undefined,
    undefined,
  ])
})

test('readiness passes in standby and while it is suppressed, whatever the components say', () => {
  assert.equal(readiness({}, { isStandby: true }), undefined)
  assert.equal(readiness({}, { isReadinessSuppressed: true }), undefined)
  assert.notEqual(readiness({}, { isLivenessSuppressed: true }), undefined)
})

test('a status out of range is not ready, and reads as unspecified', () => {
  assert.equal(
    readiness({ collector_manager: is(99) }),
    'collector_manager is not ready (status: unspecified)',
  )
  assert.equal(liveness({ collector_manager: is(99) }), undefined)
})

test('an error names the component that it rests on', () => {
  const error = judgeReadiness(POLICY, OPEN, () => undefined)
  assert.deepEqual([error?.code, error?.component], ['ERR_HEALTH_CHECK', 'collector_manager'])
})

test('a policy of your own is judged in the order of its list', () => {
  const policy: Policy = { liveness: ['b', 'a'], readiness: ['b', 'a'], unregistered: 'fail' }
  const components = { a: is(3, 'A'), b: is(3, 'B') }
  assert.equal(liveness(components, {}, policy), 'b is unhealthy: B')
  assert.equal(readiness(components, {}, policy), 'b is not ready (status: unhealthy)')
})

test('components that are not registered can be skipped', () => {
  const policy: Policy = { ...POLICY, unregistered: 'skip' }
  assert.equal(readiness({}, {}, policy), undefined)
  assert.equal(
    readiness({ dakr_transport: is(0) }, {}, policy),
    'dakr_transport is not ready (status: unspecified)',
  )
})

test('an empty policy always passes', () => {
  const policy: Policy = { liveness: [], readiness: [], unregistered: 'fail' }
  assert.equal(liveness({ collector_manager: is(3) }, {}, policy), undefined)
  assert.equal(readiness({}, {}, policy), undefined)
})
