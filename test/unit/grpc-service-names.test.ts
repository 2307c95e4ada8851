import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ServingStatus,
  servingComponent,
  servingVerdict,
  type Target,
  targetOf,
} from '../../src/probe/grpc-service-names.js'

const liveness: Target = { kind: 'verdict', name: 'liveness' }
const readiness: Target = { kind: 'verdict', name: 'readiness' }
const component = (name: string): Target => ({ kind: 'component', name })

const names: readonly [service: string, target: Target][] = [
  ['', liveness],
  ['liveness', liveness],
  ['readiness', readiness],
  ['collector_manager', component('collector_manager')],
  ['component/collector_manager', component('collector_manager')],
  ['component/liveness', component('liveness')],
  ['component/readiness', component('readiness')],
  ['component/', component('')],
  ['component', component('component')],
  ['component/component/a', component('component/a')],
  ['Liveness', component('Liveness')],
  [' liveness', component(' liveness')],
]

for (const [service, target] of names) {
  test(`the service ${JSON.stringify(service)} is ${target.kind} ${target.name}`, () => {
    assert.deepEqual(targetOf(service), target)
  })
}

test('a component serves where it is healthy or degraded, and is unknown where it is not registered', () => {
  const statuses = [undefined, 0, 1, 2, 3] as const
  assert.deepEqual(statuses.map(servingComponent), [
    ServingStatus.ServiceUnknown,
    ServingStatus.NotServing,
    ServingStatus.Serving,
    ServingStatus.Serving,
    ServingStatus.NotServing,
  ])
})

test('a verdict serves where it passes', () => {
  assert.equal(servingVerdict(true), ServingStatus.Serving)
  assert.equal(servingVerdict(false), ServingStatus.NotServing)
})
