import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_RULES, Wording } from '../../src/model/component-rules.js'
import type { HealthError } from '../../src/model/errors.js'
import { eventLoopRules, eventLoopSettings } from '../../src/watch/event-loop-options.js'

const IDENTITY = { mailbox: 2, owner: 7 }

test('by default a loop is late after 0.5 s and wedged after 10 s, each behind a beat of 0.1 s', () => {
  for (const options of [undefined, {}]) {
    const settings = eventLoopSettings(options)
    assert.deepEqual(settings, {
      component: 'event_loop',
      lateMs: 500,
      wedgedMs: 10_000,
      beatMs: 100,
      reportMs: 5_000,
    })
    assert.deepEqual(eventLoopRules(settings, IDENTITY), {
      ...NO_RULES,
      degradedAfterMs: 600,
      unhealthyAfterMs: 10_100,
      wording: Wording.EventLoop,
      dueEveryMs: 100,
      ...IDENTITY,
    })
  }
})

test('times that add up to more than a word holds are held to what it does', () => {
  const rules = eventLoopRules(eventLoopSettings({ wedgedMs: 2 ** 31 - 1 }), IDENTITY)
  assert.equal(rules.unhealthyAfterMs, 2 ** 31 - 1)
})

const MISFITS: [options: object, message: string][] = [
  [{ late: 1 }, 'options="late": must be one of component, lateMs, wedgedMs, beatMs, reportMs'],
  [{ component: '' }, 'options.component="": must not be empty'],
  [{ lateMs: 9 }, 'options.lateMs=9: must be a number of ms from 10 to 2147483647'],
  [{ beatMs: Number.NaN }, 'options.beatMs=NaN: must be a number of ms from 10 to 2147483647'],
  [{ lateMs: 500, wedgedMs: 500 }, 'options.wedgedMs=500: must be above lateMs=500'],
  [{ beatMs: 200, reportMs: 100 }, 'options.reportMs=100: must not be below beatMs=200'],
]

for (const [options, message] of MISFITS) {
  test(`refuses ${message}`, () => {
    assert.throws(
      () => eventLoopSettings(options),
      (error: HealthError) => error.code === 'ERR_HEALTH_ARGUMENT' && error.message === message,
    )
  })
}
