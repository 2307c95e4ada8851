import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TABLE_SEQUENCE } from '../../src/memory/layout.js'
import { Patience } from '../../src/memory/patience.js'
import { TableReader } from '../../src/memory/table-reader.js'
import { Bench } from './core-support.js'

const MAX_MS = 5

function rig() {
  const clock = { nowMs: 1_000 }
  const patience = new Patience(MAX_MS, () => clock.nowMs)
  const waitFor = (ms: number) =>
    patience.spend((timeoutMs) => {
      const taken = Math.min(ms, timeoutMs)
      clock.nowMs += taken
      return taken
    })
  return { clock, patience, waitFor }
}

test('the first wait may be as long as one may be', () => {
  assert.equal(rig().patience.leftMs, MAX_MS)
})

test('after a wait in full the next one has next to nothing left', () => {
  const { patience, waitFor } = rig()
  assert.equal(waitFor(10), MAX_MS)
  // A quarter of the time that the wait itself took.
  assert.equal(patience.leftMs, MAX_MS / 4)
})

test('patience comes back with time, and never to more than it was', () => {
  const { clock, patience, waitFor } = rig()
  waitFor(10)
  clock.nowMs += 4
  assert.equal(patience.leftMs, MAX_MS / 4 + 1)
  clock.nowMs += 1_000_000
  assert.equal(patience.leftMs, MAX_MS)
})

test('a short wait costs what it took, not what it might have taken', () => {
  const { patience, waitFor } = rig()
  waitFor(0.4)
  assert.ok(Math.abs(patience.leftMs - (MAX_MS - 0.3)) < 1e-9)
})

test('a wait that ends late is charged for all of that, but not one in which the thread was stopped', () => {
  const { clock, patience } = rig()
  patience.spend(() => {
    clock.nowMs += 100
  })
  assert.equal(patience.leftMs, 0)
  patience.spend(() => {
    clock.nowMs += 60_000
  })
  assert.equal(patience.leftMs, MAX_MS)
})

test('however often it is asked, waits are a quarter of the time and one wait in full', () => {
  const steps = fc.array(
    fc.record({
      restMs: fc.double({ min: 0, max: 20, noNaN: true }),
      waitMs: fc.double({ min: 0, max: 10, noNaN: true }),
    }),
    { minLength: 1, maxLength: 200 },
  )
  fc.assert(
    fc.property(steps, (all) => {
      const { clock, waitFor } = rig()
      const start = clock.nowMs
      let waited = 0
      for (const { restMs, waitMs } of all) {
        clock.nowMs += restMs
        waited += waitFor(waitMs)
        assert.ok(waited <= MAX_MS + (clock.nowMs - start) / 4 + 1e-6)
      }
    }),
  )
})

test('a reader that has lost its patience looks at what is applied', (t) => {
  const bench = new Bench()
  const reporter = bench.register(bench.attach(), 'x')
  bench.drain.run()
  const clock = { nowMs: 1_000 }
  // The first wait ends late, and a manager at work goes on meanwhile but never catches up.
  const { mock } = t.mock.method(Atomics, 'wait', (..._: unknown[]) => {
    clock.nowMs = 1_100
    return 'timed-out'
  })
  const patience = new Patience(MAX_MS, () => clock.nowMs)
  const reader = new TableReader(bench.region, MAX_MS, { patience })
  const before = Atomics.load(bench.region.words, TABLE_SEQUENCE)
  for (let i = 0; i < 50; i++) {
    reporter.update(i % 2 === 0 ? 2 : 1, `${i}`)
    reader.snapshot()
    bench.drain.run()
  }
  assert.ok(mock.callCount() > 0)
  const calls = mock.callCount()
  for (let i = 0; i < 50; i++) {
    reporter.update(i % 2 === 0 ? 2 : 1, `again ${i}`)
    reader.snapshot()
    bench.drain.run()
  }
  assert.equal(mock.callCount(), calls)
  assert.ok(Atomics.load(bench.region.words, TABLE_SEQUENCE) > before)
})
