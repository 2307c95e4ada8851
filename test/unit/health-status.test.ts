import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Component, RUNTIME_COMPONENT } from '../../src/model/component.js'
import { HealthStatus, healthStatusName } from '../../src/model/health-status.js'

test('the four statuses have the numbers and texts of the control plane', () => {
  assert.deepEqual(
    Object.entries(HealthStatus).map(([name, status]) => [name, status, healthStatusName(status)]),
    [
      ['Unspecified', 0, 'unspecified'],
      ['Healthy', 1, 'healthy'],
      ['Degraded', 2, 'degraded'],
      ['Unhealthy', 3, 'unhealthy'],
    ],
  )
})

test('any other number reads as unspecified', () => {
  for (const status of [99, 4, -1, 1.5, Number.NaN, Infinity]) {
    assert.equal(healthStatusName(status), 'unspecified')
  }
})

test('what is no number reads as unspecified, also where an array has something of that name', () => {
  for (const status of ['length', 'constructor', '1', [1], null, undefined]) {
    assert.equal(healthStatusName(status as unknown as number), 'unspecified')
  }
})

test('the shared component names are those that zxporter uses', () => {
  assert.deepEqual(Object.values(Component), [
    'collector_manager',
    'buffer_queue',
    'dakr_transport',
    'mpa_server',
    'prometheus',
    'monitor',
    'ebpf_tracer',
    'pod_cache',
    'karpenter_deployment',
    'gpu_runtime_resolver',
    'memory_pressure',
  ])
})

test('the component of the runtime itself is none of them', () => {
  assert.ok(!(Object.values(Component) as string[]).includes(RUNTIME_COMPONENT))
})
