// A million transitions and an observer that takes 50 ms for each: what it is not told of is told as gaps, to the last one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { HealthManager } from '../../src/index.js'

const TRANSITIONS = 1_000_000
const BURST = 10_000

test('with a 50 ms observer, told and missed add up to a million, in rising numbers', async (t) => {
  // The last 64 transitions are kept, so that the end does not take long.
  const health = await HealthManager.start({ journalBytes: 4096, observerDrainMs: 60_000 })
  t.after(() => health.stop())
  let told = 0
  let missed = 0
  let last = 0
  await health.setTransitionObserver(
    async ({ number }) => {
      assert.ok(number > last, `number=${number} last=${last}`)
      // Every number between two calls was told as missed.
      assert.equal(number, told + missed + 1)
      last = number
      told++
      await delay(50)
    },
    {
      onGap: (gap) => {
        missed += gap.missed
      },
    },
  )
  const errors: Error[] = []
  health.on('error', (error) => errors.push(error))
  const reporter = health.register('a')
  for (let count = 0; count < TRANSITIONS; ) {
    for (let i = 0; i < BURST; i++) reporter.update(count++ % 2 === 0 ? 1 : 2, '')
    // The observer's loop is this one.
    await delay(0)
  }
  await health.flush()
  const { transitions, waits, refusals } = await health.stats()
  assert.deepEqual([transitions, refusals], [TRANSITIONS, 0])
  await health.stop()
  t.diagnostic(`told=${told} missed=${missed} waits=${waits}`)
  assert.equal(told + missed, TRANSITIONS)
  assert.ok(told > 64, `told=${told}`)
  assert.deepEqual(errors, [])
})
