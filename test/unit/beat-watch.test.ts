// A manager that falls silent: what readers may say of it, and what is no evidence.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { BeatWatch } from '../../src/memory/beat-watch.js'
import {
  MANAGER_BEAT,
  MANAGER_FAILED,
  MANAGER_RESTARTING,
  MANAGER_STATE,
  PHASE,
  PHASE_STOPPING,
} from '../../src/memory/layout.js'
import { HealthStatus } from '../../src/model/health-status.js'
import { HealthReader } from '../../src/runtime/health-reader.js'
import { Bench } from './core-support.js'

const EPOCH_MS = Date.UTC(2026, 0, 1)
const policy = { liveness: ['c'], readiness: [], unregistered: 'fail' } as const

/** A region whose manager has beaten once, and a clock that stands still. */
function rig(t: TestContext) {
  const bench = new Bench()
  const { words } = bench.region
  let ms = 1_000
  t.mock.method(performance, 'now', () => ms)
  t.mock.method(Date, 'now', () => EPOCH_MS + ms)
  words[MANAGER_BEAT] = 1
  return {
    bench,
    words,
    watch: new BeatWatch(words),
    pass: (passedMs: number) => {
      ms += passedMs
    },
  }
}

test('a manager that beats is not silent, however seldom it is looked at', (t) => {
  const { watch, words, pass } = rig(t)
  for (let i = 0; i < 20; i++) {
    assert.equal(watch.look(), undefined)
    words[MANAGER_BEAT]!++
    pass(60_000)
  }
})

test('a manager that misses its beats for five seconds is silent since the first look that missed one', (t) => {
  const { watch, pass } = rig(t)
  watch.look()
  pass(500)
  for (let i = 0; i < 10; i++) {
    assert.equal(watch.look(), undefined, `look ${i}`)
    pass(500)
  }
  assert.equal(watch.look(), EPOCH_MS + 1_500)
})

test('a manager that beats again is silent no more', (t) => {
  const { watch, words, pass } = rig(t)
  for (let i = 0; i < 20; i++) {
    watch.look()
    pass(500)
  }
  assert.ok(watch.look() !== undefined)
  words[MANAGER_BEAT]!++
  assert.equal(watch.look(), undefined)
  assert.equal(watch.look(), undefined)
})

test('time in which the reader did not look either is hardly evidence', (t) => {
  const { watch, pass } = rig(t)
  watch.look()
  watch.look()
  for (let i = 0; i < 4; i++) {
    // As after a stop of the whole process: the reader runs again before the manager.
    pass(3_600_000)
    assert.equal(watch.look(), undefined, `gap ${i}`)
  }
  pass(3_600_000)
  assert.ok(watch.look() !== undefined, 'five looks in five hours have met the same beat')
})

test('nothing is said of a manager that has not run, was given up or is being stopped', (t) => {
  const { watch, words, pass } = rig(t)
  const isSilent = () => {
    for (let i = 0; i < 20; i++) {
      watch.look()
      pass(500)
    }
    return watch.look() !== undefined
  }
  words[MANAGER_BEAT] = 0
  assert.equal(isSilent(), false)
  words[MANAGER_BEAT] = 1
  words[MANAGER_STATE] = MANAGER_FAILED
  assert.equal(isSilent(), false)
  words[MANAGER_STATE] = MANAGER_RESTARTING
  assert.equal(isSilent(), true)
  words[PHASE] = PHASE_STOPPING
  assert.equal(isSilent(), false)
})

test('a report says since when the manager is silent, and is the same until something changes', (t) => {
  const { bench, words, pass } = rig(t)
  bench.register(bench.attach(0), 'c').healthy('fine')
  bench.drain.run()
  const reader = new HealthReader(bench.region, policy, 0)
  for (let i = 0; i < 20; i++) {
    reader.buildReport()
    pass(500)
  }
  const { report, error } = reader.checkLiveness()
  assert.equal(error, undefined)
  assert.deepEqual([...report.keys()], ['c', 'health_runtime'])
  const said = report.get('health_runtime')!
  assert.equal(said.status, HealthStatus.Degraded)
  assert.equal(
    said.message,
    'the manager actor has given no sign of life since 2026-01-01T00:00:01.500Z; statuses are the last that were applied',
  )
  assert.equal(said.since, EPOCH_MS + 1_500)
  assert.equal(reader.buildReport(), report)
  assert.equal(reader.getStatus('health_runtime'), said)
  words[MANAGER_BEAT]!++
  assert.deepEqual([...reader.buildReport().keys()], ['c'])
})
