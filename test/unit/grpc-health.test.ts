import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HealthError } from '../../src/model/errors.js'
import { GrpcHealth } from '../../src/probe/grpc-health.js'
import { HIDDEN, ServingStatus, targetOf } from '../../src/probe/grpc-service-names.js'
import { FakeReader, type Given } from '../fake-reader.js'

const { Serving, NotServing, ServiceUnknown } = ServingStatus

function healthOf(components: Record<string, Given>, isStopping = () => false) {
  const reader = FakeReader.of(components)
  return { reader, health: new GrpcHealth(reader, isStopping) }
}

function check(health: GrpcHealth, service: string) {
  return health.check(targetOf(service))
}

test('the verdicts are those of the policy', () => {
  const { reader, health } = healthOf({ collector_manager: [3], dakr_transport: [1] })
  assert.equal(check(health, ''), NotServing)
  assert.equal(check(health, 'liveness'), NotServing)
  assert.equal(check(health, 'readiness'), NotServing)
  reader.gate = { ...reader.gate, isLivenessSuppressed: true, isStandby: true }
  assert.equal(check(health, ''), Serving)
  assert.equal(check(health, 'readiness'), Serving)
})

test('components are found with and without the prefix', () => {
  const { health } = healthOf({ a: [1], b: [2], c: [0], d: [3] })
  for (const prefix of ['', 'component/']) {
    const found = ['a', 'b', 'c', 'd', 'e'].map((name) => check(health, prefix + name))
    assert.deepEqual(found, [Serving, Serving, NotServing, NotServing, ServiceUnknown])
  }
})

test('a verdict comes before a component of its name, which the prefix reaches', () => {
  const { health } = healthOf({ liveness: [3], readiness: [3] })
  assert.equal(check(health, 'liveness'), Serving)
  assert.equal(check(health, 'readiness'), Serving)
  assert.equal(check(health, 'component/liveness'), NotServing)
  assert.equal(check(health, 'component/readiness'), NotServing)
})

test('what is not served has a reason, and what is served or unknown none', () => {
  let isStopping = false
  const components: Record<string, Given> = {
    collector_manager: [3, 'gone'],
    a: [0],
    b: [2, 'slow'],
  }
  const { health } = healthOf(components, () => isStopping)
  const reasonOf = (service: string) => health.answer(targetOf(service)).reason
  assert.equal(reasonOf(''), 'collector_manager is unhealthy: gone')
  assert.equal(reasonOf('readiness'), 'collector_manager is not ready (status: unhealthy)')
  assert.equal(reasonOf('component/collector_manager'), 'collector_manager is unhealthy: gone')
  assert.equal(reasonOf('a'), 'a is unspecified')
  assert.deepEqual(['b', 'nobody'].map(reasonOf), ['', ''])
  isStopping = true
  assert.deepEqual(['', 'b', 'nobody'].map(reasonOf), ['the server stops', 'the server stops', ''])
})

test('nothing serves from the moment that the runtime stops, and what is not there stays unknown', () => {
  let isStopping = false
  const { health } = healthOf({ a: [1] }, () => isStopping)
  assert.equal(check(health, 'a'), Serving)
  isStopping = true
  for (const service of ['', 'liveness', 'readiness', 'a', 'component/a']) {
    assert.equal(check(health, service), NotServing)
  }
  assert.equal(check(health, 'b'), ServiceUnknown)
})

test('nothing serves after the close', () => {
  const { health } = healthOf({ a: [1] })
  health.close()
  assert.equal(check(health, ''), NotServing)
  assert.equal(check(health, 'a'), NotServing)
})

test('nothing serves of a runtime that has stopped', () => {
  const { reader, health } = healthOf({ a: [1] })
  reader.failure = new HealthError('ERR_HEALTH_STOPPED', 'the runtime is stopped')
  assert.equal(check(health, ''), NotServing)
  assert.equal(check(health, 'a'), NotServing)
  assert.deepEqual(
    [...health.list(true)!],
    [
      ['', NotServing],
      ['liveness', NotServing],
      ['readiness', NotServing],
    ],
  )
})

test('a runtime that cannot be read is no answer', () => {
  const { reader, health } = healthOf({})
  reader.failure = new HealthError('ERR_HEALTH_UNAVAILABLE', 'not now')
  assert.throws(() => check(health, ''), { code: 'ERR_HEALTH_UNAVAILABLE' })
  assert.throws(() => health.list(true), { code: 'ERR_HEALTH_UNAVAILABLE' })
})

test('a list holds the verdicts and every component once', () => {
  const { health } = healthOf({ b: [3], a: [1], liveness: [3] })
  assert.deepEqual(
    [...health.list(true)!],
    [
      ['', Serving],
      ['liveness', Serving],
      ['readiness', Serving],
      ['component/a', Serving],
      ['component/b', NotServing],
      ['component/liveness', NotServing],
    ],
  )
})

test('a list of a hundred services is given, one of more is not', () => {
  const components = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`c${i}`, [1] as Given]))
  assert.equal(healthOf(components(97)).health.list(true)?.size, 100)
  assert.equal(healthOf(components(98)).health.list(true), undefined)
})

test('where components are not shown a list holds the verdicts alone, however many there are', () => {
  const components = Array.from({ length: 98 }, (_, i) => [`c${i}`, [1] as Given])
  const { health } = healthOf({ ...Object.fromEntries(components), collector_manager: [3] })
  assert.deepEqual(
    [...health.list(false)!],
    [
      ['', NotServing],
      ['liveness', NotServing],
      ['readiness', NotServing],
    ],
  )
})

test('what is hidden is unknown, also of a runtime that has stopped', () => {
  const { reader, health } = healthOf({ a: [1] })
  assert.equal(health.check(HIDDEN), ServiceUnknown)
  reader.failure = new HealthError('ERR_HEALTH_STOPPED', 'the runtime is stopped')
  assert.equal(health.check(HIDDEN), ServiceUnknown)
})
