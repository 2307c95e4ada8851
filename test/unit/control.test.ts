import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ControlWriter,
  controlBlocks,
  fromFloatWords,
  monotonicMs,
  readControl,
  toFloatWords,
} from '../../src/memory/control.js'
import {
  CONTROL_LIVENESS,
  CONTROL_READINESS,
  CONTROL_SEQUENCE,
  CONTROL_STANDBY_TICKET,
} from '../../src/memory/layout.js'
import { smallRegion } from './core-support.js'

function rig(firstTicket = 1) {
  const { words } = smallRegion({}, firstTicket)
  return { words, control: new ControlWriter(words) }
}

test('a fresh region is neither in standby nor suppressed', () => {
  const { words } = rig()
  assert.deepEqual(readControl(words), {
    isStandby: false,
    livenessDeadline: 0,
    readinessDeadline: 0,
    livenessLatest: 0,
    sequence: 0,
  })
})

test('standby and the two suppressions are independent of each other', () => {
  const { words, control } = rig()
  assert.ok(control.suppress(CONTROL_LIVENESS, ...toFloatWords(1234.5), 11, 1))
  assert.ok(control.suppress(CONTROL_READINESS, ...toFloatWords(-0.25), 22, 2))
  assert.ok(control.setStandby(true, 3))
  assert.ok(control.suppress(CONTROL_LIVENESS, 0, 0, 0, 4))
  assert.deepEqual(readControl(words), {
    isStandby: true,
    livenessDeadline: 0,
    readinessDeadline: -0.25,
    livenessLatest: 0,
    sequence: 4,
  })
  assert.deepEqual(controlBlocks(words), [0, 22])
})

for (const first of [1, 2 ** 31 - 2, 2 ** 32 - 2]) {
  test(`of each control word the latest ticket wins, whenever it arrives (tickets from ${first})`, () => {
    const { words, control } = rig(first)
    const late = (first + 1) | 0
    const early = first | 0
    assert.ok(control.setStandby(true, late))
    assert.equal(control.setStandby(false, early), false)
    assert.ok(control.suppress(CONTROL_LIVENESS, ...toFloatWords(7), 0, late))
    assert.equal(control.suppress(CONTROL_LIVENESS, 0, 0, 0, early), false)
    // Another word has tickets of its own.
    assert.ok(control.suppress(CONTROL_READINESS, ...toFloatWords(8), 0, early))
    const state = readControl(words)
    assert.deepEqual(
      [state?.isStandby, state?.livenessDeadline, state?.readinessDeadline],
      [true, 7, 8],
    )
  })
}

test('the same ticket twice counts once', () => {
  const { control } = rig()
  assert.ok(control.setStandby(true, 1))
  assert.equal(control.setStandby(false, 1), false)
})

test('a sweep lifts the tickets of idle control words and keeps what they say', () => {
  const { words, control } = rig()
  control.setStandby(true, 500)
  control.suppress(CONTROL_READINESS, ...toFloatWords(9), 3, 5)
  control.sweep(100)
  assert.equal(control.get(CONTROL_STANDBY_TICKET), 500)
  assert.equal(control.suppress(CONTROL_READINESS, 0, 0, 0, 99), false)
  assert.ok(control.suppress(CONTROL_LIVENESS, ...toFloatWords(4), 0, 101))
  const state = readControl(words)
  assert.deepEqual([state?.isStandby, state?.readinessDeadline], [true, 9])
})

test('a change shows as a whole only when its sequence moves', () => {
  const { words, control } = rig()
  control.setStandby(true, 1)
  const before = words[CONTROL_SEQUENCE]!
  control.setStandby(false, 2)
  // The copy before the change is still whole.
  words[CONTROL_SEQUENCE] = before
  assert.equal(readControl(words)?.isStandby, true)
})

for (const value of [0, -0, 0.1, 2 ** 53, Number.MAX_VALUE, Number.MIN_VALUE, Infinity]) {
  test(`the deadline ${value} goes into two words and comes back`, () => {
    const [low, high] = toFloatWords(value)
    assert.deepEqual([low | 0, high | 0], [low, high])
    assert.ok(Object.is(fromFloatWords(low, high), value))
  })
}

test('the monotonic clock goes forward, in ms', () => {
  const before = monotonicMs()
  const [seconds] = process.hrtime()
  assert.ok(monotonicMs() >= before)
  assert.ok(Math.abs(before / 1000 - seconds) < 60)
})
