import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FaultTeller } from '../../src/observe/fault-teller.js'

function rig() {
  const told: string[] = []
  const clock = { nowMs: 0 }
  const teller = new FaultTeller(
    (message) => told.push(message),
    () => clock.nowMs,
  )
  return { told, clock, teller }
}

test('what goes wrong in the same way is told once, and again when it went well meanwhile', () => {
  const { told, clock, teller } = rig()
  for (let number = 1; number <= 3; number++) teller.failed('refused', `number=${number}`)
  clock.nowMs = 5_000
  teller.failed('refused', 'number=4')
  teller.succeeded()
  teller.failed('refused', 'number=6')
  assert.deepEqual(told, ['refused: number=1', 'refused: number=6'])
})

test('another fault is told, too', () => {
  const { told, clock, teller } = rig()
  teller.failed('refused', 'number=1')
  clock.nowMs = 1_000
  teller.failed('reset', 'number=2')
  assert.deepEqual(told, ['refused: number=1', 'reset: number=2'])
})

test('however often it changes, it is told once a second, with how many were not', () => {
  const { told, clock, teller } = rig()
  for (let number = 1; number <= 2_001; number++) {
    teller.failed(number % 2 === 0 ? 'refused' : 'reset', `number=${number}`)
    clock.nowMs += 1
  }
  assert.deepEqual(told, [
    'reset: number=1',
    'reset: number=1001, untold=999',
    'reset: number=2001, untold=999',
  ])
})

test('a fault that began too soon after another one to be told is told once that is over, if it goes on', () => {
  const { told, clock, teller } = rig()
  teller.failed('refused', 'number=1')
  teller.succeeded()
  for (let number = 3; number <= 1_002; number++) {
    clock.nowMs += 10
    teller.failed('refused', `number=${number}`)
  }
  teller.failed('reset', 'number=1003')
  assert.deepEqual(told, ['refused: number=1', 'refused: number=102', 'reset: number=1003'])
})

test('a fault that is over when it could be told is counted with the next one', () => {
  const { told, clock, teller } = rig()
  teller.failed('refused', 'number=1')
  teller.failed('reset', 'number=2')
  teller.succeeded()
  clock.nowMs = 5_000
  teller.failed('refused', 'number=4')
  assert.deepEqual(told, ['refused: number=1', 'refused: number=4, untold=1'])
})
