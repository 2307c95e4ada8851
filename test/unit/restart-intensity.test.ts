import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RestartIntensity } from '../../src/runtime/restart-intensity.js'

test('the first restart is granted at once', () => {
  const intensity = new RestartIntensity({ max: 5, withinMs: 10_000 })
  assert.equal(intensity.tryGrant(0), 0)
})

test('restarts in a row are delayed twice as long each time', () => {
  const intensity = new RestartIntensity({ max: 5, withinMs: 10_000 })
  const delays = [0, 1, 2, 3, 4].map((nowMs) => intensity.tryGrant(nowMs))
  assert.deepEqual(delays, [0, 50, 100, 200, 400])
})

test('one restart more than the limit is refused', () => {
  const intensity = new RestartIntensity({ max: 2, withinMs: 1_000 })
  intensity.tryGrant(0)
  intensity.tryGrant(500)
  assert.equal(intensity.tryGrant(999), undefined)
})

test('a restart counts for the window and no longer', () => {
  const intensity = new RestartIntensity({ max: 2, withinMs: 1_000 })
  intensity.tryGrant(0)
  intensity.tryGrant(500)
  assert.equal(intensity.tryGrant(1_000), 50)
})

test('after a quiet window a restart is immediate again', () => {
  const intensity = new RestartIntensity({ max: 3, withinMs: 1_000 })
  intensity.tryGrant(0)
  intensity.tryGrant(10)
  assert.equal(intensity.tryGrant(1_010), 0)
})

test('a refusal is not counted as a restart', () => {
  const intensity = new RestartIntensity({ max: 1, withinMs: 1_000 })
  intensity.tryGrant(0)
  intensity.tryGrant(900)
  assert.equal(intensity.tryGrant(1_000), 0)
})

test('a limit of none refuses the first restart', () => {
  const intensity = new RestartIntensity({ max: 0, withinMs: 1_000 })
  assert.equal(intensity.tryGrant(0), undefined)
})

const limits = fc.record({
  max: fc.integer({ min: 1, max: 20 }),
  withinMs: fc.integer({ min: 1, max: 60_000 }),
})

test('no window holds more restarts than the limit', () => {
  fc.assert(
    fc.property(limits, fc.array(fc.nat(5_000), { maxLength: 100 }), (given, pausesMs) => {
      const intensity = new RestartIntensity(given)
      const grantedAtMs: number[] = []
      let nowMs = 0
      for (const pauseMs of pausesMs) {
        nowMs += pauseMs
        if (intensity.tryGrant(nowMs) !== undefined) grantedAtMs.push(nowMs)
      }
      for (const fromMs of grantedAtMs) {
        const inWindow = grantedAtMs.filter((at) => at >= fromMs && at < fromMs + given.withinMs)
        assert.ok(inWindow.length <= given.max)
      }
    }),
  )
})

test('a restart is refused only where the window is full', () => {
  fc.assert(
    fc.property(limits, fc.array(fc.nat(5_000), { maxLength: 100 }), (given, pausesMs) => {
      const intensity = new RestartIntensity(given)
      const grantedAtMs: number[] = []
      let nowMs = 0
      for (const pauseMs of pausesMs) {
        nowMs += pauseMs
        if (intensity.tryGrant(nowMs) !== undefined) grantedAtMs.push(nowMs)
        else {
          const recent = grantedAtMs.filter((at) => nowMs - at < given.withinMs)
          assert.equal(recent.length, given.max)
        }
      }
    }),
  )
})

test('an actor that dies as soon as it runs is given up after exactly the limit', () => {
  fc.assert(
    fc.property(limits, (given) => {
      const intensity = new RestartIntensity(given)
      let nowMs = 0
      let restarts = 0
      for (;;) {
        const delayMs = intensity.tryGrant(nowMs)
        if (delayMs === undefined) break
        restarts++
        nowMs += delayMs
        assert.ok(restarts <= given.max)
      }
      assert.equal(restarts, given.max)
    }),
  )
})
