import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timedSubject } from '../../bench/harness.js'
import { rowOf, skippedRow } from '../../bench/row.js'
import {
  judgeLatency,
  judgeRatio,
  noiseFloor,
  quantile,
  ratioBeyondNoise,
  seededRandom,
  shuffled,
  spread,
  summarize,
} from '../../bench/statistics.js'
import { formatNumber, formatOutcome, formatSummary, formatVerdict } from '../../bench/table.js'

/** Samples around a centre, within the given share of it. */
function around(centre: number, share: number, count: number, seed: number): number[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => centre * (1 + share * (2 * random() - 1)))
}

test('a quantile is interpolated between its neighbours', () => {
  assert.equal(quantile([10, 20, 30, 40], 0.5), 25)
  assert.equal(quantile([10, 20, 30, 40], 0), 10)
  assert.equal(quantile([10, 20, 30, 40], 1), 40)
  assert.equal(quantile([7], 0.99), 7)
})

test('a quantile of no samples is an error, not NaN', () => {
  assert.throws(() => quantile([], 0.5), RangeError)
})

test('a summary does not depend on the order of the samples, and leaves them as they are', () => {
  const samples = [5, 1, 100, 3, 2]
  assert.deepEqual(summarize(samples).p50, 3)
  assert.equal(summarize(samples).max, 100)
  assert.equal(summarize(samples).min, 1)
  assert.deepEqual(samples, [5, 1, 100, 3, 2])
})

test('a seed always shuffles the same way, and every subject stays in the round', () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const once = shuffled(names, seededRandom(42))
  assert.deepEqual(once, shuffled(names, seededRandom(42)))
  assert.deepEqual([...once].sort(), names)
  const orders = new Set(
    Array.from({ length: 50 }, (_, seed) => shuffled(names, seededRandom(seed)).join('')),
  )
  assert.ok(orders.size > 20, `orders=${orders.size}`)
})

test('the spread of a steady subject is small and that of a wild one is not', () => {
  const steady = spread(around(100, 0.01, 25, 1), 25, seededRandom(2))
  const wild = spread(around(100, 0.5, 25, 1), 25, seededRandom(2))
  assert.ok(steady > 0 && steady < 0.02, `steady=${steady}`)
  assert.ok(wild > 0.1, `wild=${wild}`)
})

test('the noise floor is at least what two identical subjects differed by', () => {
  const noise = noiseFloor([100, 100, 100], [120, 120, 120], undefined, seededRandom(1))
  assert.ok(noise >= 120 / 100 - 1 - 1e-9, `noise=${noise}`)
})

test("the noise floor rises with the peer's own noise", () => {
  const ours = around(100, 0.01, 25, 3)
  const again = around(100, 0.01, 25, 4)
  const calm = noiseFloor(ours, again, around(200, 0.01, 25, 5), seededRandom(6))
  const rough = noiseFloor(ours, again, around(200, 0.6, 25, 5), seededRandom(6))
  assert.ok(rough > 2 * calm, `rough=${rough} calm=${calm}`)
})

test('no ratio is given inside the noise', () => {
  assert.equal(ratioBeyondNoise(104, 100, 0.05), undefined)
  assert.equal(ratioBeyondNoise(96, 100, 0.05), undefined)
  assert.equal(ratioBeyondNoise(110, 100, 0.05), 1.1)
})

test('a ratio far below 1 is told even where the noise is more than 100 %', () => {
  assert.equal(ratioBeyondNoise(1, 1000, 1.5), 0.001)
  assert.equal(ratioBeyondNoise(50, 100, 1.5), undefined)
})

test('a ratio is judged by its relation, and near the factor the noise is named', () => {
  assert.deepEqual(judgeRatio(0.3, '<=', 0.5, 0.05), { isMet: true, isAtTheEdge: false })
  assert.deepEqual(judgeRatio(0.49, '<=', 0.5, 0.05), { isMet: true, isAtTheEdge: true })
  assert.deepEqual(judgeRatio(0.51, '<=', 0.5, 0.05), { isMet: false, isAtTheEdge: true })
  assert.deepEqual(judgeRatio(5, '>=', 4, 0.05), { isMet: true, isAtTheEdge: false })
  assert.deepEqual(judgeRatio(3, '>=', 4, 0.05), { isMet: false, isAtTheEdge: false })
})

test('a latency has to keep both of its limits', () => {
  const limits = { p50AtMost: 50, p99AtMost: 1000 }
  const summary = (p50: number, p99: number) => ({ count: 9, min: p50, p50, p99, max: p99 })
  assert.equal(judgeLatency(summary(20, 900), limits, 0.01).isMet, true)
  assert.equal(judgeLatency(summary(60, 900), limits, 0.01).isMet, false)
  assert.equal(judgeLatency(summary(20, 1100), limits, 0.01).isMet, false)
})

test('a row is judged only against the peer that its target names', () => {
  const bench = {
    name: 'n',
    title: 't',
    unit: 'ns/op',
    target: { peer: 'go', relation: '<=', factor: 0.5 },
  } as const
  const row = (peer: string) =>
    rowOf(bench, [10, 10], [10, 10], { name: peer, samples: [40, 40] }, seededRandom(1))
  assert.equal(row('go').ratio, 0.25)
  assert.equal(row('go').isMet, true)
  assert.equal(row('plain map').ratio, 0.25)
  assert.equal(row('plain map').isMet, null)
})

test('a timed subject grows its batch until a sample lasts long enough, and answers per operation', async () => {
  const counts: number[] = []
  const subject = timedSubject('steady', 1, (count) => {
    counts.push(count)
    return count * 100
  })
  await subject.warmUp()
  assert.equal(await subject.sample(), 100)
  const last = counts[counts.length - 1]!
  assert.ok(last * 100 >= 1e6, `the last sample lasted ${last * 100} ns`)
})

test('numbers are printed with three digits that mean something', () => {
  assert.equal(formatNumber(8.1234), '8.12')
  assert.equal(formatNumber(0.5), '0.500')
  assert.equal(formatNumber(123456.7), '123,457')
  assert.equal(formatNumber(Number.NaN), '-')
})

test('a verdict that noise could turn says so', () => {
  assert.equal(formatVerdict({ isMet: true, isAtTheEdge: false }), 'met')
  assert.match(formatVerdict({ isMet: false, isAtTheEdge: true }), /^SHORT .*noise/)
})

test('the summary names what fell short', () => {
  const bench = {
    name: 'slow-one',
    title: 't',
    unit: 'ns/op',
    target: { peer: 'go', relation: '<=', factor: 0.5 },
  } as const
  const row = rowOf(bench, [90, 90], [90, 90], { name: 'go', samples: [40, 40] }, seededRandom(1))
  assert.match(formatSummary([row]), /0 of 1 targets met; short: slow-one/)
})

test('a peer that is missing is reported as skipped, without a verdict', () => {
  const bench = {
    name: 'n',
    title: 't',
    unit: 'ns/op',
    target: { peer: 'go', relation: '<=', factor: 0.5 },
  } as const
  const row = skippedRow(rowOf(bench, [10, 10], [10, 10], undefined, seededRandom(1)), 'go')
  assert.equal(row.isMet, null)
  assert.match(formatOutcome({ rows: [row], remarks: [] }), /go +skipped/)
})
