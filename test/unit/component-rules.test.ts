import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BLOCK_CONTENT } from '../../src/memory/layout.js'
import { decodeRules, encodeRules } from '../../src/memory/rules-block.js'
import {
  type ComponentOptions,
  NO_RULES,
  rulesOf,
  Wording,
} from '../../src/model/component-rules.js'
import type { HealthError } from '../../src/model/errors.js'

test('a component without options, or with none that says anything, has no rules', () => {
  for (const options of [undefined, {}]) assert.equal(rulesOf(options), undefined)
})

test('silence makes a component unhealthy, or what it says', () => {
  assert.deepEqual(rulesOf({ deadlineMs: 10_000 }), { ...NO_RULES, unhealthyAfterMs: 10_000 })
  assert.deepEqual(rulesOf({ deadlineMs: 10, onDeadline: 'unhealthy' }), {
    ...NO_RULES,
    unhealthyAfterMs: 10,
  })
  assert.deepEqual(rulesOf({ deadlineMs: 2 ** 31 - 1.5, onDeadline: 'degraded' }), {
    ...NO_RULES,
    degradedAfterMs: 2 ** 31 - 1,
  })
})

test('progress is held to its stall', () => {
  const rules = rulesOf({ deadlineMs: 10_000, progress: { stallMs: 5_000 } })
  assert.deepEqual(rules, { ...NO_RULES, unhealthyAfterMs: 10_000, stallMs: 5_000 })
  assert.deepEqual(rulesOf({ progress: { stallMs: 10 } }), { ...NO_RULES, stallMs: 10 })
})

const MISFITS: [options: object, message: string][] = [
  [{ deadline: 1 }, 'options="deadline": must be one of deadlineMs, onDeadline, progress'],
  [{ deadlineMs: 9 }, 'options.deadlineMs=9: must be a number of ms from 10 to 2147483647'],
  [
    { deadlineMs: 2 ** 31 },
    'options.deadlineMs=2147483648: must be a number of ms from 10 to 2147483647',
  ],
  [
    { deadlineMs: Number.NaN },
    'options.deadlineMs=NaN: must be a number of ms from 10 to 2147483647',
  ],
  [{ deadlineMs: '10' }, 'options.deadlineMs="10": must be a number of ms from 10 to 2147483647'],
  [{ deadlineMs: null }, 'options.deadlineMs=null: must be a number of ms from 10 to 2147483647'],
  [
    { deadlineMs: 10, onDeadline: 'healthy' },
    "options.onDeadline=\"healthy\": must be 'degraded' or 'unhealthy'",
  ],
  [{ progress: 5 }, 'options.progress=5: must be an object'],
  [{ progress: { stall: 1 } }, 'options.progress="stall": must be one of stallMs'],
  [
    { progress: {} },
    'options.progress.stallMs=undefined: must be a number of ms from 10 to 2147483647',
  ],
  [{ onDeadline: 'degraded' }, 'options.onDeadline="degraded": needs a deadlineMs'],
]

for (const [options, message] of MISFITS) {
  test(`options that do not fit are named: ${message}`, () => {
    assert.throws(
      () => rulesOf(options as ComponentOptions),
      (error: HealthError) => error.code === 'ERR_HEALTH_ARGUMENT' && error.message === message,
    )
  })
}

test('rules come back from their block as they were', () => {
  for (const mailbox of [-1, 0, 1023]) {
    const rules = {
      degradedAfterMs: 500,
      unhealthyAfterMs: 2 ** 31 - 1,
      owner: 8,
      dueEveryMs: 100,
      wording: Wording.EventLoop,
      mailbox,
      stallMs: 30_000,
    }
    const { words: content } = encodeRules(rules)
    const words = new Int32Array(new SharedArrayBuffer(64))
    words.set(content, 4 + BLOCK_CONTENT)
    assert.deepEqual(decodeRules(words, 4), rules)
  }
  assert.deepEqual(decodeRules(new Int32Array(new SharedArrayBuffer(4)), 0), NO_RULES)
})
