// How long suppressions hold, and what is told of them.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { monotonicMs, readControl, readCutCount, toFloatWords } from '../../src/memory/control.js'
import { KIND_SUPPRESS_LIVENESS, KIND_SUPPRESS_READINESS } from '../../src/memory/layout.js'
import { readSuppressions } from '../../src/memory/suppressions.js'
import { encodeText } from '../../src/memory/text.js'
import { nextTick } from '../../src/memory/ticks.js'
import { noteOf, readNote } from '../../src/model/suppression.js'
import { Bench, StoppedClock } from './core-support.js'

const MAX_MS = 600_000

function scene(t: TestContext, maxSuppressionMs = MAX_MS) {
  const clock = new StoppedClock(t)
  const bench = new Bench({ maxSuppressionMs })
  const attachment = bench.attach()
  const say = (kind: number, durationMs: number, owner = '', reason = '') => {
    const [low, high] = toFloatWords(monotonicMs() + durationMs)
    attachment.control(kind, low, high, encodeText(noteOf(owner, reason), 512), nextTick())
    bench.drain.run()
  }
  return {
    clock,
    bench,
    suppress: (durationMs: number, owner?: string, reason?: string) =>
      say(KIND_SUPPRESS_LIVENESS, durationMs, owner, reason),
    suppressReadiness: (durationMs: number, owner?: string, reason?: string) =>
      say(KIND_SUPPRESS_READINESS, durationMs, owner, reason),
    clear: () => {
      attachment.control(KIND_SUPPRESS_LIVENESS, 0, 0)
      bench.drain.run()
    },
    /** How long liveness is still suppressed, in ms, to the tick. */
    left: () => {
      const { livenessDeadline } = readControl(bench.region.words)!
      return livenessDeadline === 0 ? 0 : Math.max(0, livenessDeadline - monotonicMs())
    },
    cuts: () => readCutCount(bench.region.words),
  }
}

function assertAbout(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 20, `${actual} is not about ${expected}`)
}

test('a suppression holds for as long as it asks for, up to the maximum', (t) => {
  const { suppress, left, cuts } = scene(t)
  suppress(120_000)
  assert.equal(left(), 120_000)
  suppress(MAX_MS)
  assert.equal(left(), MAX_MS)
  assert.equal(cuts(), 0)
})

test('a suppression that asks for more is cut to the maximum, and counted', (t) => {
  const { suppress, left, cuts } = scene(t)
  suppress(2 * MAX_MS)
  assertAbout(left(), MAX_MS)
  assert.equal(cuts(), 1)
})

test('repeated calls do not extend a suppression beyond the maximum', (t) => {
  const { clock, suppress, left, cuts } = scene(t)
  for (let minute = 0; minute < 30; minute++) {
    suppress(90_000)
    assertAbout(left(), Math.max(0, Math.min(90_000, MAX_MS - minute * 60_000)))
    clock.pass(60_000)
    assertAbout(left(), Math.max(0, Math.min(30_000, MAX_MS - (minute + 1) * 60_000)))
  }
  assert.ok(cuts() > 0)
})

test('a suppression begins anew once it was cleared', (t) => {
  const { clock, suppress, clear, left } = scene(t)
  suppress(MAX_MS)
  clock.pass(MAX_MS - 1_000)
  clear()
  assert.equal(left(), 0)
  suppress(MAX_MS)
  assert.equal(left(), MAX_MS)
})

test('a suppression begins anew once the former has run out', (t) => {
  const { clock, suppress, left } = scene(t)
  suppress(MAX_MS)
  clock.pass(MAX_MS)
  assert.equal(left(), 0)
  suppress(MAX_MS)
  assert.equal(left(), MAX_MS)
})

test('an hour that got ten minutes is over after ten minutes', (t) => {
  const { clock, suppress, left } = scene(t)
  suppress(3_600_000)
  clock.pass(MAX_MS + 20)
  assert.equal(left(), 0)
  suppress(60_000)
  assert.equal(left(), 60_000)
})

test('one who keeps asking beyond the maximum gets more after he has paused', (t) => {
  const { clock, suppress, left } = scene(t)
  for (let second = 0; second < 700; second += 10) {
    suppress(15_000)
    clock.pass(10_000)
  }
  suppress(15_000)
  assert.equal(left(), 0)
  clock.pass(15_000)
  suppress(15_000)
  assert.equal(left(), 15_000)
})

test('a shorter call shortens, and what it leaves of the maximum can be asked for again', (t) => {
  const { clock, suppress, left } = scene(t)
  suppress(MAX_MS)
  clock.pass(60_000)
  suppress(5_000)
  assert.equal(left(), 5_000)
  clock.pass(1_000)
  suppress(MAX_MS)
  assertAbout(left(), MAX_MS - 61_000)
})

test('without a maximum nothing is cut', (t) => {
  const { clock, suppress, left, cuts } = scene(t, Number.POSITIVE_INFINITY)
  for (let i = 0; i < 100; i++) {
    suppress(10 * MAX_MS)
    clock.pass(MAX_MS)
  }
  assert.equal(left(), 9 * MAX_MS)
  assert.equal(cuts(), 0)
})

test('liveness and readiness are suppressed each for itself', (t) => {
  const { clock, suppress, suppressReadiness, bench } = scene(t)
  suppress(MAX_MS)
  clock.pass(300_000)
  suppressReadiness(MAX_MS)
  clock.pass(300_000)
  const { livenessDeadline, readinessDeadline } = readControl(bench.region.words)!
  assert.equal(livenessDeadline - monotonicMs(), 0)
  assert.equal(readinessDeadline - monotonicMs(), 300_000)
})

test('the chain goes on under a manager that takes over', (t) => {
  const { clock, suppress, left, bench } = scene(t)
  suppress(400_000)
  clock.pass(399_000)
  bench.restart()
  suppress(400_000)
  assertAbout(left(), MAX_MS - 399_000)
})

test('who suppresses, why and how long is told while it holds', (t) => {
  const { clock, suppress, suppressReadiness, bench } = scene(t)
  assert.deepEqual(readSuppressions(bench.region), {})
  suppress(5_000, 'collector', 'restart\n of é')
  suppressReadiness(9_000)
  clock.pass(1_000)
  assert.deepEqual(readSuppressions(bench.region), {
    liveness: {
      owner: 'collector',
      reason: 'restart\n of é',
      until: clock.now + 4_000,
      remainingMs: 4_000,
    },
    readiness: { owner: '', reason: '', until: clock.now + 8_000, remainingMs: 8_000 },
  })
  clock.pass(4_000)
  assert.deepEqual(Object.keys(readSuppressions(bench.region)), ['readiness'])
})

test('the last call says who suppresses', (t) => {
  const { suppress, bench } = scene(t)
  suppress(5_000, 'first', 'a')
  suppress(5_000, 'second')
  const { owner, reason } = readSuppressions(bench.region).liveness!
  assert.deepEqual({ owner, reason }, { owner: 'second', reason: '' })
})

for (const [owner, reason] of [
  ['', ''],
  ['a', ''],
  ['', 'b'],
  ['a b', 'c\0d'],
] as const) {
  test(`owner ${JSON.stringify(owner)} and reason ${JSON.stringify(reason)} go into one note and come back`, () => {
    assert.deepEqual(readNote(noteOf(owner, reason)), { owner, reason })
  })
}

test('an owner cannot pretend to be the reason', () => {
  assert.deepEqual(readNote(noteOf('a\0b', 'c')), { owner: 'a\ufffdb', reason: 'c' })
})

test('a reason that is too long loses its end', (t) => {
  const { suppress, bench } = scene(t)
  suppress(5_000, 'owner', 'x'.repeat(2_000))
  const { owner, reason } = readSuppressions(bench.region).liveness!
  assert.equal(owner, 'owner')
  assert.match(reason, /^x+… \[truncated \d+ bytes\]$/)
})
